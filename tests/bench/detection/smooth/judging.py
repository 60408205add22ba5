"""The profile `smooth` over many drawn series at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from streams.detection.bank import SeriesBank, SeriesRow
from tests.bench.detection.smooth.events import Found, Score, score
from tests.bench.detection.smooth.recipes import Draw

FIRST_MIN = 27_609_120  # epoch minutes of a midnight


def windows(draw: Draw, false_opens_per_year: float) -> list[Found]:
    """Every window, as the bank tells it."""
    return _judged(draw, [false_opens_per_year])[0]


def scores(draw: Draw, tolerances: Sequence[float]) -> list[Score]:
    """What each number of tolerated false opens a year comes to."""
    return [score(draw, found) for found in _judged(draw, tolerances)]


def _judged(draw: Draw, tolerances: Iterable[float]) -> list[list[Found]]:
    tolerances = list(tolerances)
    bucket_min, series = draw.recipe.bucket_min, draw.counts.shape[1]
    rows = [
        SeriesRow(f"s{one}", None, tolerance, 1, profile="smooth") for tolerance in tolerances for one in range(series)
    ]
    first = FIRST_MIN // bucket_min
    bank = SeriesBank(rows, first, bucket_min=bucket_min)
    found: list[list[Found]] = [[] for _ in tolerances]
    for counts in draw.counts:
        step = bank.step(np.tile(counts, len(tolerances)))
        for i in step.closed.nonzero()[0].tolist():
            window = Found(
                i % series, int(step.started[i]) - first, int(step.detected[i]) - first, int(step.ended[i]) - first
            )
            found[i // series].append(window)
    for i in step.open.nonzero()[0].tolist():
        last = len(draw.counts) - 1
        found[i // series].append(Found(i % series, int(step.started[i]) - first, int(step.detected[i]) - first, last))
    return found
