"""The profile `smooth` over many drawn series at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.detection.bank import SeriesBank, SeriesRow
from tests.bench.detection.smooth.events import Found, Score, score
from tests.bench.detection.smooth.recipes import Draw

FIRST_MIN = 27_609_120  # epoch minutes of a midnight


def scores(draw: Draw, tolerances: Sequence[float]) -> list[Score]:
    """What each number of tolerated false opens a year comes to."""
    return scores_of([draw], tolerances)[0]


def scores_of(draws: Sequence[Draw], tolerances: Sequence[float]) -> list[list[Score]]:
    """By draw and tolerance. Draws alike in buckets share a bank: a step costs little more for a thousand series."""
    result: list[list[Score]] = [[] for _ in draws]
    for shape in dict.fromkeys((draw.recipe.bucket_min, len(draw.counts)) for draw in draws):
        alike = [i for i, draw in enumerate(draws) if (draw.recipe.bucket_min, len(draw.counts)) == shape]
        counts = np.concatenate([draws[i].counts for i in alike], axis=1)
        for tolerance in tolerances:
            found = _windows(counts, tolerance, shape[0])
            first = 0
            for i in alike:
                last = first + draws[i].counts.shape[1]
                own = [Found(w.series - first, *w[1:]) for w in found if first <= w.series < last]
                result[i].append(score(draws[i], own))
                first = last
    return result


def _windows(
    counts: np.ndarray[tuple[int, int], np.dtype[np.float64]], tolerance: float, bucket_min: int
) -> list[Found]:
    first = FIRST_MIN // bucket_min
    rows = [SeriesRow(f"s{i}", None, tolerance, 1, profile="smooth") for i in range(counts.shape[1])]
    bank = SeriesBank(rows, first, bucket_min=bucket_min)
    found = []
    for row in counts:
        step = bank.step(row)
        for i in step.closed.nonzero()[0].tolist():
            found.append(Found(i, *(int(x[i]) - first for x in (step.started, step.detected, step.ended))))
    for i in step.open.nonzero()[0].tolist():
        found.append(Found(i, int(step.started[i]) - first, int(step.detected[i]) - first, len(counts) - 1))
    return found
