"""How much more or less than expected there is today, and the plain mean for as long as there is no other day.

The plain mean of what has left the delay line (gain 1/n, at least a day's) is all a first day can know.
The fast level is a Gamma-Poisson ratio over the last twenty minutes that have left the line: with exponential sums of
counts F and of expectations M,

    mf = m0 (F + 20) / (M + 20)

The prior of 20 events keeps it at 1 where little comes (Gelman et al., Bayesian Data Analysis, ch. 2). A time constant
of 60 minutes is slower and no better.

>>> level = FastLevel(1)
>>> for _ in range(60):
...     level.learn(np.array([300.0]), np.array([200.0]), np.array([True]), np.array([False]))
>>> level.ratio().round(2)
array([1.5])
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.lasting import Shift

KEEP = float(np.exp(-1 / 20))  # a time constant of 20 minutes
KEEP_SLOT = KEEP**10
SLOT_WEIGHT = (1 - KEEP_SLOT) / (1 - KEEP)  # of ten buckets that come at once
PRIOR_EVENTS = 20.0
RESET_BUCKETS = 4.0  # finds as much as 0 does, where what was expected jumped by half some minutes after an outage
RATIO_LIMIT = 5.0  # either way: more in the last hour than that is for a window to say
MEAN_BUCKETS = 1440.0  # a day, so that the plain mean holds every hour alike
# Before so many have left the line nothing is judged: a collector that starts some minutes late is no outage.
ESTABLISHED_BUCKETS = 10
_ALL = slice(None)


class PlainMean(Columns):
    """Mean count of a bucket, without regard to the time of day."""

    PART = "mean"
    STATE = ("mean", "buckets")

    def __init__(self, n: int) -> None:
        self.mean, self.buckets = np.zeros(n), np.zeros(n)

    def established(self, at: slice = _ALL) -> Bools:
        """Whether the mean is one of enough buckets to judge by."""
        established: Bools = self.buckets[at] >= ESTABLISHED_BUCKETS
        return established

    def learn(self, count: Floats, use: Bools) -> None:
        """Take in a bucket that has left the line, where `use`."""
        np.minimum(self.buckets + use, MEAN_BUCKETS, out=self.buckets)
        self.mean += np.where(use, count - self.mean, 0.0) / np.maximum(self.buckets, 1.0)

    def shift(self, shift: Shift) -> None:
        """Move the mean to a new level."""
        self.mean[shift.at] = self.mean[shift.at] * shift.factor + shift.offset

    def rest_on(self, at: Array, buckets: Array) -> None:
        """The mean of the series `at` is one of the last `buckets` buckets, unless it is a day's."""
        young = self.buckets[at] < MEAN_BUCKETS
        self.buckets[at] = np.where(young, np.minimum(self.buckets[at], buckets), self.buckets[at])


class FastLevel(Columns):
    """The ratio of the last minutes' counts to what the season expected of them."""

    PART = "level"
    STATE = ("counts", "expected", "buckets")

    def __init__(self, n: int) -> None:
        self.counts, self.expected, self.buckets = np.zeros(n), np.zeros(n), np.zeros(n)

    def ratio(self, at: slice = _ALL) -> Floats:
        """mf / m0, within 1/RATIO_LIMIT .. RATIO_LIMIT."""
        ratio = (self.counts[at] + PRIOR_EVENTS) / (self.expected[at] + PRIOR_EVENTS)
        return np.minimum(np.maximum(ratio, 1 / RATIO_LIMIT), RATIO_LIMIT)

    def inertia(self, at: slice) -> Floats:
        """The prior's share: 1 where nothing comes, 0 where much does."""
        share: Floats = PRIOR_EVENTS / (self.expected[at] + PRIOR_EVENTS)
        return share

    def learn(self, count: Floats, expected: Floats, use: Bools, blind: Bools) -> None:
        """Take in a bucket that has left the line, where `use`. What is old is forgotten in `blind` ones too."""
        if use.all():  # as usual, and much quicker
            for part, value in ((self.counts, count), (self.expected, expected), (self.buckets, 1.0)):
                part *= KEEP
                part += value
            return
        keep = np.where(use | blind, KEEP, 1.0)
        self.counts *= keep
        self.counts += np.where(use, count, 0.0)
        self.expected *= keep
        self.expected += np.where(use, expected, 0.0)
        self.buckets *= keep
        self.buckets += use

    def unknown(self, at: slice) -> Floats:
        """Which share of its memory the level has not seen: after a gap, and after an outage has ended."""
        share: Floats = 1.0 - self.buckets[at] * (1.0 - KEEP)
        return share

    def rescale(self, at: Array | slice, factor: Floats) -> None:
        """The season has changed its mind by `factor`: that is no change of the traffic."""
        self.expected[at] *= factor

    def reset(self, at: Array, mean: Floats | float = 0.0) -> None:
        """Forget the last minutes, of an outage that has just ended; `mean`: what a bucket of the series `at` expects.

        A few buckets are taken to have been as expected: where much comes, the first one alone would else be the level.
        """
        self.counts[at] = self.expected[at] = RESET_BUCKETS * mean
        self.buckets[at] = 0.0
