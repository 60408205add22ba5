"""Windows against departures, event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from tests.bench.detection.smooth.recipes import DAY_MIN, QUIET_DAYS, Departure, Draw

SLACK_MIN = 5  # a window counts if it is announced from so long before a departure to so long after it


class Found(NamedTuple):
    """A window a rule announced: buckets, both ends included."""

    series: int
    first: int
    detected: int
    last: int


@dataclass(frozen=True, slots=True)
class Score:
    """Of one rule on one draw. Times in buckets, medians over what was found; `iou`: a miss counts 0."""

    departures: int
    found: int
    windows: int  # judged ones, repeats within one departure counted once
    false: int
    weeks: float
    delay: float
    start_error: float
    end_error: float
    iou: float
    windows_per_found: float

    @property
    def recall(self) -> float:
        return self.found / max(self.departures, 1)

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.false, 1)

    @property
    def f1(self) -> float:
        return 2 * self.found / max(self.found + self.false + self.departures, 1)

    @property
    def false_a_week(self) -> float:
        return self.false / self.weeks


def score(draw: Draw, windows: Sequence[Found]) -> Score:
    """Judges what was announced after the quiet days."""
    recipe = draw.recipe
    slack = max(SLACK_MIN // recipe.bucket_min, 1)
    begin = QUIET_DAYS * DAY_MIN // recipe.bucket_min
    truth: dict[int, list[Departure]] = {}
    for one in draw.departures:
        truth.setdefault(one.series, []).append(one)
    hits: dict[Departure, list[Found]] = {}
    false = 0
    for window in windows:
        if window.detected < begin:
            continue
        near = [
            d for d in truth.get(window.series, []) if d.first - slack <= window.detected <= d.last + slack
        ]  # departures stand hours apart: at most one
        if near:
            hits.setdefault(near[0], []).append(window)
        else:
            false += 1
    delays = [min(w.detected for w in ws) - d.first for d, ws in hits.items()]
    best = [(d, max(ws, key=partial(_overlap, d))) for d, ws in hits.items()]
    weeks = (recipe.days - QUIET_DAYS) / 7 * draw.counts.shape[1]
    return Score(
        departures=len(draw.departures),
        found=len(hits),
        windows=len(hits) + false,
        false=false,
        weeks=weeks,
        delay=_median(delays),
        start_error=_median([abs(w.first - d.first) for d, w in best]),
        end_error=_median([abs(w.last - d.last) for d, w in best]),
        iou=sum(_overlap(d, w) for d, w in best) / max(len(draw.departures), 1),
        windows_per_found=sum(map(len, hits.values())) / max(len(hits), 1),
    )


def total(scores: Sequence[Score]) -> Score:
    """Several draws as one; medians are means weighted by what was found."""
    found = sum(s.found for s in scores)
    departures = sum(s.departures for s in scores)

    def mean(of: str) -> float:
        return float(sum(getattr(s, of) * s.found for s in scores if s.found) / max(found, 1))

    return Score(
        departures, found, sum(s.windows for s in scores), sum(s.false for s in scores), sum(s.weeks for s in scores),
        mean("delay"), mean("start_error"), mean("end_error"),
        sum(s.iou * s.departures for s in scores) / max(departures, 1), mean("windows_per_found"),
    )  # fmt: skip


def _overlap(departure: Departure, window: Found) -> float:
    both = min(departure.last, window.last) - max(departure.first, window.first) + 1
    either = max(departure.last, window.last) - min(departure.first, window.first) + 1
    return max(both, 0) / either


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else float("nan")
