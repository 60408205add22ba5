"""Four forecasts of the next bucket, and the record of each.

`hour`    exponential mean of an hour: best on noise around a level
`quick`   of twenty minutes: best where the level wanders
`trend`   Holt's, level and slope: best where the day is steep
`shape`   exponential mean of count over the shape of the day: best on coarse buckets and steady days

A series goes by the one whose squared errors of the last day are least, so no recipe of noise has to be known. All of
them learn robustly, from residuals that are cut (Gelper, Fried & Croux 2010, J. Forecasting 29): an outage that is not
yet found moves none of them far.
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.smooth.pace import Pace

HOUR, QUICK, TREND, SHAPE = range(4)
TIMES_MIN = (30.0, 10.0, 10.0, 30.0)  # time constants: a span of an hour is one of thirty minutes
LEAST_BUCKETS = (4.0, 2.0, 3.0, 4.0)
SLOPE_MIN, SLOPE_LEAST = 30.0, 6.0  # time constant of the slope
SLOPE_MOST = 0.02  # of the level a bucket: no healthy day is steeper
RECORD_MIN, RECORD_LEAST = 1440.0, 200.0  # how long errors are remembered
TRIED_LEAST = 100.0  # buckets before a record counts
SHAPE_GOOD = 3.0  # times the least squared error
SETTLE_BUCKETS = 10  # of a new series, or after a gap, levels are plain means
RECENT_BUCKETS = 4.0
LEAST_SHARE = 0.02  # of the usual mean: below it a relative error says nothing
TINY = 1e-9
ERROR_MOST = 1.0  # of a relative error squared


class Forecasts(Columns):
    """Levels of the four, the slope, squared relative errors, and the plain mean of the last few buckets."""

    PART = "smooth_forecast"
    STATE = ("level", "slope", "error", "tried", "recent", "usual", "seen", "age")

    def __init__(self, n: int, pace: Pace) -> None:
        shape = (len(TIMES_MIN), n)
        self.level, self.error, self.tried = np.zeros(shape), np.full(shape, ERROR_MOST), np.zeros(shape)
        self.slope, self.recent, self.usual = np.zeros(n), np.zeros(n), np.zeros(n)
        self.seen = np.zeros(n)
        self.age = np.zeros(n)  # buckets since the beginning or the last long gap
        times = [pace.buckets(t, least) for t, least in zip(TIMES_MIN, LEAST_BUCKETS, strict=True)]
        self._gain = 1.0 / np.array(times)[:, None]
        self._slope_gain = 1.0 / (times[TREND] * pace.buckets(SLOPE_MIN, SLOPE_LEAST))
        self._record_gain = 1.0 / pace.buckets(RECORD_MIN, RECORD_LEAST)
        self._columns = np.arange(n)

    def ahead(self, shape: Floats) -> Floats:
        """(4, n): what each expects of the next bucket. `shape`: usual count there, 0 where not known."""
        ahead = self.level.copy()
        ahead[TREND] *= 1.0 + self.slope
        ahead[SHAPE] = np.where((shape > 0) & (ahead[SHAPE] > 0), ahead[SHAPE] * shape, ahead[HOUR])
        return ahead

    def best(self, ahead: Floats, frozen: Bools) -> Floats:
        """The forecast with the best record, of each series.

        Where levels are `frozen` it is the shape's, if that is any good: a slope that goes on by itself soon errs.
        """
        record = np.where(self.tried >= TRIED_LEAST, self.error, ERROR_MOST)
        good = frozen & (record[SHAPE] < SHAPE_GOOD * record.min(axis=0))
        record[SHAPE] = np.where(good, 0.0, record[SHAPE])
        best: Floats = ahead[record.argmin(axis=0), self._columns]
        return best

    def base(self, expected: Floats) -> Floats:
        """What errors are relative to: the expectation, unless that is next to nothing."""
        base: Floats = np.maximum(expected, LEAST_SHARE * self.usual + TINY)
        return base

    def learn(self, count: Floats, ahead: Floats, shape: Floats, reach: Floats, use: Bools, frozen: Bools) -> None:
        """Take in a bucket where `use`; where `frozen` levels go on by slope and shape alone.

        `reach`: how far from a forecast a bucket may pull it, in counts.
        """
        young = self.age < SETTLE_BUCKETS
        early = np.where(young, 1.0 / (self.age + 1.0), 0.0)
        residual = count - ahead
        reach = np.where(young, np.inf, reach)
        pull = np.minimum(np.maximum(residual, -reach), reach)
        move = use & ~frozen
        moved = ahead + np.where(move, np.maximum(self._gain, early) * pull, 0.0)
        known = shape > 0
        moved[SHAPE] = np.where(known, moved[SHAPE] / np.maximum(shape, TINY), 0.0)
        self.level = np.where(use, np.maximum(moved, 0.0), self.level)
        base = self.base(ahead)
        self.slope += np.where(move & ~young, self._slope_gain * pull[TREND] / base[TREND], 0.0)
        np.minimum(np.maximum(self.slope, -SLOPE_MOST, out=self.slope), SLOPE_MOST, out=self.slope)
        bounded = np.minimum(residual * residual, 2.0 * reach * reach) / (base * base)
        tries = np.where(move & ~young, 1.0, np.zeros((len(TIMES_MIN), 1)))
        tries[SHAPE] *= known
        self.tried += tries
        rate = tries * np.maximum(self._record_gain, 1.0 / np.maximum(self.tried, 1.0))
        self.error += rate * (np.minimum(bounded, ERROR_MOST) - self.error)
        self.recent += np.where(use, np.maximum(1.0 / RECENT_BUCKETS, early), 0.0) * (count - self.recent)
        self.usual += np.where(use, np.maximum(self._record_gain, 1.0 / (self.seen + 1.0)), 0.0) * (count - self.usual)
        self.seen += use
        self.age += use

    def settle(self, at: Array, level: Floats, shape: Floats) -> None:
        """Take `level` for the level of the series `at` (indices) from now on; slopes go on."""
        self.level[:, at] = level
        self.level[SHAPE, at] = np.where(shape[at] > 0, level / np.maximum(shape[at], TINY), 0.0)

    def begin_anew(self, at: Array | Bools) -> None:
        """Forget the levels of the series `at`: for ten buckets they are plain means again."""
        self.age[at] = 0.0
        self.slope[at] = 0.0
