"""The threshold: from the tolerated number of false opens, and the series' own tail.

A window opens by two buckets in a row on the same side beyond T. With p the chance that one bucket lies beyond it on
one side, the chance of the pair is p^(1/eta): eta is 1/2 where buckets are independent, more where extremes come
together (Ledford & Tawn 1996, Biometrika 83). Both are learnt:

    eta   from how often pairs come at the height that 3 % of buckets reach
    T     the quantile at 1 - p, p = (tolerated opens per bucket and side)^eta, by stochastic approximation
          (Robbins & Monro 1951): each bucket beyond it moves it up, each other a little down

For one open in a quarter p is 0.2 %, three buckets a day: two weeks tell it to a tenth, where a pair that rare could
not be learnt in years. Beyond 0.1 % the height is read off a Weibull tail through both heights. So the promise does not
hang on the noise being Gaussian, or on anything else but that it goes on as it was.

What the tail cannot tell are bumps: departures that are no noise and that nobody calls an outage. A series that opens
every other day or more often for two weeks is that restless by nature: T rises by the root of the excess.
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Bools, Columns, Floats
from streams.detection.smooth.pace import Pace

LOW = 0.03  # one-sided share of buckets beyond the lower height
MEMORY_MIN, MEMORY_LEAST = 14 * 1440.0, 1000.0
START_MIN, START_LEAST = 720.0, 100.0  # the weight of what is assumed at first
SLOPE = 5.0  # of ln p over ln T: 8 in a Gaussian tail, 3 to 5 in heavy ones; only the pace of learning hangs on it
FIRST_HIGH, FIRST_LOW, FIRST_ETA = 4.5, 1.9, 0.6  # heavier than most, so that a young series is rather too quiet
ETA_LEAST, ETA_MOST = 0.4, 0.95
# Measured on nine recipes of noise: up to one a month as many open as are aimed at (0.7 to 1.7), of 52 a year 0.6, as a
# window swallows the pairs that follow its own. So more is aimed at there.
AIM_FROM, AIM_POWER = 12.0, 0.36
P_MOST, P_LEAST = 0.05, 0.001  # what is learnt directly
RESTLESS_MIN = 2 * 1440.0  # between opens
RESTLESS_POWER = 0.5  # sizes of bumps fall off about as their square
T_LEAST, T_MOST = 2.0, 40.0
LEAST_APART, LEAST_SHAPE = 0.05, 0.3  # guards of the Weibull tail: a Gaussian's is about 1.4
JUMP_MOST = 0.2  # of ln T in one bucket


class Tail(Columns):
    """Logarithms of the two heights, and the share of buckets that end a pair at the lower one."""

    PART = "smooth_tail"
    STATE = ("high", "low", "pairs", "weight", "opens")

    def __init__(self, tolerated_per_year: Floats, pace: Pace) -> None:
        n = len(tolerated_per_year)
        self.high, self.low = np.full(n, np.log(FIRST_HIGH)), np.full(n, np.log(FIRST_LOW))
        self.pairs = np.full(n, LOW ** (1.0 / FIRST_ETA))  # of one side
        self.weight = np.full(n, pace.buckets(START_MIN, START_LEAST))
        self.opens = np.zeros(n)  # per bucket
        self._memory = pace.buckets(MEMORY_MIN, MEMORY_LEAST)
        self._restless = pace.buckets(RESTLESS_MIN, 1.0)
        aim = tolerated_per_year * np.maximum(tolerated_per_year / AIM_FROM, 1.0) ** AIM_POWER
        self._ln_opens = np.log(aim / pace.per_year / 2.0)  # per bucket and side

    def threshold(self) -> Floats:
        """T, in deviations."""
        wanted = -np.log(self.share())
        learnt = np.minimum(wanted, -np.log(P_LEAST))
        shape = np.log(learnt / -np.log(LOW)) / np.maximum(self.high - self.low, LEAST_APART)
        beyond = np.log(wanted / learnt) / np.maximum(shape, LEAST_SHAPE)
        restless = RESTLESS_POWER * np.log(np.maximum(self.opens * self._restless, 1.0))
        threshold: Floats = np.exp(np.minimum(self.high + beyond + restless, np.log(T_MOST)))
        return threshold

    def share(self) -> Floats:
        """p: of buckets that should lie beyond T on one side."""
        eta = np.log(LOW) / np.log(np.minimum(np.maximum(self.pairs, 1e-9), 0.5))
        eta = np.minimum(np.maximum(eta, ETA_LEAST), ETA_MOST)
        share: Floats = np.minimum(np.exp(self._ln_opens * eta), P_MOST)
        return share

    def learn(self, size: Floats, pair: Floats, use: Bools, opened: Bools) -> None:
        """Take in a bucket's deviation without sign, and the pair it ends (0: none), where `use`."""
        both = 2.0 * np.maximum(self.share(), P_LEAST)
        np.minimum(self.weight + use, self._memory, out=self.weight)
        step = np.where(use, 1.0 / (SLOPE * self.weight), 0.0)
        low = np.exp(self.low)
        beyond = size >= np.exp(self.high)
        self.high += np.minimum(step / both, JUMP_MOST) * (beyond - both)
        np.minimum(np.maximum(self.high, np.log(T_LEAST), out=self.high), np.log(T_MOST), out=self.high)
        self.low += step / (2.0 * LOW) * ((size >= low) - 2.0 * LOW)
        self.pairs += np.where(use, (0.5 * (pair >= low) - self.pairs) / self.weight, 0.0)
        self.opens += (opened - self.opens) / self._memory
