"""The ceiling: the detector's own tests against the mean that made the counts, which no detector can know.

What it misses is not in the data; what a detector misses beyond that is the error of its baseline. Where the mean
itself wobbles, the margin is two standard deviations of that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.detection.cusum import EFFECTS, CusumBank
from streams.detection.window import Opening, Windows
from tests.bench.detection import runs
from tests.bench.detection.backgrounds import Floats
from tests.bench.detection.runs import FIRST_BUCKET, Collector, Found
from tests.bench.detection.series import Bench

MARGIN = 2.0
_ALL = slice(0, len(EFFECTS))
THRESHOLDS = (4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0)  # nats


class Oracle:
    """The bank's CUSUMs and windows on known means: `thresholds` times the series of `bench`, flat."""

    def __init__(self, bench: Bench, thresholds: Sequence[float]) -> None:
        n, self._settings = len(bench.truths), len(thresholds)
        self._h = np.repeat(np.asarray(thresholds, np.float64), n)
        self._margin = np.tile(np.exp(MARGIN * bench.wobbles), self._settings)
        self._size = np.tile(bench.dispersions, self._settings)
        self._is_surge = np.tile(bench.signs > 0, self._settings)
        self._cusums, self._windows = CusumBank(len(self._h), FIRST_BUCKET), Windows(len(self._h))
        self._ones = np.ones(len(self._h))
        self._thresholds = (self._h.astype(np.float32),) * 2  # of surges and of drops

    def step(self, bucket: int, count: Floats, mean: Floats) -> list[tuple[int, Found]]:
        """Windows that have closed with this bucket; `count` and `mean` flat, NaN where blind."""
        seen = ~np.isnan(count)
        count = np.where(seen, count, 0.0)
        up, down = mean * self._margin, mean / self._margin
        means = (up, up, down, down)
        self._cusums.step(bucket, count, means, self._size, seen, self._ones, self._thresholds)
        windows = self._windows
        at = windows.open_series()
        at = at[seen[at]]
        over = at[windows.follow(bucket, at, count[at], mean[at], self._margin[at], self._size[at])] if at.size else at
        closed = [(int(i), self._found(i, int(windows.last_elevated[i]))) for i in over]
        windows.close(over, windows.last_elevated[over])
        self._cusums.reset(over, _ALL, bucket)
        value = np.where(self._is_surge, self._cusums.surge(), self._cusums.drop())
        self._open(bucket, ((value >= self._h) & seen & (windows.direction == 0)).nonzero()[0])
        return closed

    def still_open(self, bucket: int) -> list[tuple[int, Found]]:
        return [(int(i), self._found(i, bucket)) for i in self._windows.open_series()]

    def _open(self, bucket: int, at: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> None:
        if not at.size:
            return
        winner = self._cusums.winner(at, self._is_surge[at])
        start = self._cusums.start[winner, at].astype(np.int64)
        opening = Opening(at, np.where(self._is_surge[at], 1, -1), start, EFFECTS[winner].astype(np.float64),
                          np.zeros(at.size, np.bool_), np.ones(at.size), np.ones(at.size))  # fmt: skip
        self._windows.open(bucket, opening)

    def _found(self, at: int, ended: int) -> Found:
        windows = self._windows
        started, detected = int(windows.started[at]) - FIRST_BUCKET, int(windows.detected[at]) - FIRST_BUCKET
        return Found(int(windows.sign[at]), started, detected, max(ended - FIRST_BUCKET, started))


def run_oracle(bench: Bench, thresholds: Sequence[float] = THRESHOLDS) -> dict[float, runs.Windows]:
    """Windows at each threshold."""
    oracle, settings, n = Oracle(bench, thresholds), len(thresholds), len(bench.truths)
    collector = Collector(settings, n)
    for minute, (count, mean) in enumerate(zip(bench.counts, bench.means, strict=True)):
        closed = oracle.step(FIRST_BUCKET + minute, np.tile(count, settings).astype(np.float64),
                             np.tile(mean, settings).astype(np.float64))  # fmt: skip
        for at, found in closed:
            collector.add(at, found)
    for at, found in oracle.still_open(FIRST_BUCKET + len(bench.counts) - 1):
        collector.add(at, found)
    return dict(zip(thresholds, collector.windows, strict=True))
