"""How far counts usually stray: a bucket from its mean, and the expectation from the truth.

`excess`  variance of a bucket beyond Poisson's, relative to its squared mean, from neighbouring buckets: differences,
          so that a wrong level does not count as noise. 1 / excess is the dispersion r of the negative binomial.
`slow`    relative variance of half-hour sums around m0, and `fast` around mf, sampling variance taken off.

All are weighted exponential means with a prior, go on learning while a window is open (a frozen spread was the worst
single mistake tried), and are winsorised: no value counts for more than nine times the variance it is compared with,
else surges of one day hide those of the next (J .607 against .877). The excess is the method of moments of a negative
binomial (Bliss & Fisher 1953, Biometrics 9) on differences of neighbours (von Neumann et al. 1941, Ann. Math.
Stat. 12).

>>> spread, counts = Spread(1), np.random.default_rng(1).negative_binomial(25, 25 / 225, 3000).astype(float)
>>> for count in counts:  # of mean 200 and dispersion 25
...     spread.learn(np.array([count]), np.full(1, 200.0), np.full(1, 200.0), spread.bounded_excess(), np.array([True]))
>>> 20 < 1 / float(spread.excess[0]) < 30
True
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats

EXCESS_PRIOR, EXCESS_PRIOR_WEIGHT = 0.02, 60.0  # a seventh of the mean, said with the weight of an hour
EXCESS_MEMORY = 5000.0  # buckets, three and a half days
EXCESS_KNOWN_WEIGHT = 1440.0
EXCESS_LOWEST, EXCESS_HIGHEST = 0.001, 0.5
EXCESS_EVENTS = 20.0  # a bucket of so many events weighs a quarter: below it Poisson hides the excess
SLOW_PRIOR, FAST_PRIOR, PRIOR_HALF_HOURS = 0.25**2, 0.15**2, 12.0
MEMORY_HALF_HOURS = 336.0  # a week
SLOW_NOISE, FAST_NOISE = 0.06, 0.03  # sampling variance at which a half hour weighs a quarter
WINSOR = 9.0  # three standard deviations
MOST_VARIANCE = 1.0  # nothing is known of the level: a margin of twenty times; else events out of nothing have none
LEAST_SEEN = 15  # minutes of a half hour, to be learnt from
YOUNG_DAYS = 7  # with fewer days to compare with, the expectation is known to be worse than it looks
YOUNG_SLOW, YOUNG_FAST = 0.7, 0.25
# A holiday is unlike every day known, as a young series is. Of 400 generated ones (0.7 of a day, two hours late; once a
# week) .08 of errors and .21 of drops open falsely, not .19 and .45; of outages on them .02 and .04 less are found.
# A fast one of .2 loses another .08, a slow one of .2 opens half as often again.
HOLIDAY_SLOW, HOLIDAY_FAST = 0.3, 0.15
MARGIN_SLOW, MARGIN_FAST = 3.0, 2.0  # sigmas: the null is "within what this baseline usually gets wrong"
_LEAST_MEAN = 1e-6


class Spread(Columns):
    """Three learnt variances and the margins made of them."""

    PART = "spread"
    STATE = (
        "excess", "excess_weight", "last", "last_seen", "slow", "slow_weight", "fast", "fast_weight",
        "sum_count", "sum_slow", "sum_fast", "sum_seen", "up_slow", "up_fast", "variance",
    )  # fmt: skip

    def __init__(self, n: int) -> None:
        self.excess, self.excess_weight = np.full(n, EXCESS_PRIOR), np.full(n, EXCESS_PRIOR_WEIGHT)
        self.last, self.last_seen = np.zeros(n), np.zeros(n, np.bool_)  # the count of the bucket before
        self.slow, self.slow_weight = np.full(n, SLOW_PRIOR), np.full(n, PRIOR_HALF_HOURS)
        self.fast, self.fast_weight = np.full(n, FAST_PRIOR), np.full(n, PRIOR_HALF_HOURS)
        self.sum_count, self.sum_slow, self.sum_fast, self.sum_seen = (np.zeros(n) for _ in range(4))
        self.up_slow, self.up_fast = np.ones(n), np.ones(n)  # e^g of both clocks
        self.variance = np.zeros(n)  # of mf, relative
        self.refresh(slice(None), np.zeros(n, np.int16), 1.0, None)

    def bounded_excess(self) -> Floats:
        """`excess` within its limits, 1/r."""
        excess: Floats = np.minimum(np.maximum(self.excess, EXCESS_LOWEST), EXCESS_HIGHEST)
        return excess

    def learn(self, count: Floats, slow_mean: Floats, fast_mean: Floats, excess: Floats, seen: Bools) -> None:
        """Take in a bucket at once, hot or not. `excess`: what `bounded_excess` gave; `count` is 0 where not `seen`."""
        mean = np.maximum(fast_mean, _LEAST_MEAN)
        difference = count - self.last
        value = (difference * difference - (count + self.last)) / (2.0 * mean * mean)
        np.minimum(value, WINSOR * (1.0 / mean + excess), out=value)
        weight = mean / (mean + EXCESS_EVENTS)  # squared: (1 + EXCESS_EVENTS / mean)^-2
        weight *= weight
        weight *= seen & self.last_seen  # neighbours that were both seen
        np.minimum(self.excess_weight + weight, EXCESS_MEMORY, out=self.excess_weight)
        value -= self.excess
        value *= weight
        value /= self.excess_weight
        self.excess += value
        self.last, self.last_seen = count, seen
        self.sum_count += count
        self.sum_slow += slow_mean * seen
        self.sum_fast += fast_mean * seen
        self.sum_seen += seen

    def half_hour(self, at: slice) -> None:
        """A half hour is over: learn how far its sum lay from both expectations."""
        excess = np.clip(self.excess[at], EXCESS_LOWEST, EXCESS_HIGHEST)
        seen = self.sum_seen[at]
        for variance, weight, expected, noise in (
            (self.slow[at], self.slow_weight[at], self.sum_slow[at], SLOW_NOISE),
            (self.fast[at], self.fast_weight[at], self.sum_fast[at], FAST_NOISE),
        ):
            total = np.maximum(expected, _LEAST_MEAN)
            sampling = 1.0 / total + excess / np.maximum(seen, 1.0)
            value = (self.sum_count[at] / total - 1.0) ** 2 - sampling
            value = np.minimum(value, WINSOR * (np.maximum(variance, 0.0) + sampling))
            gain = np.where(seen >= LEAST_SEEN, (1.0 + sampling / noise) ** -2.0, 0.0)
            np.minimum(weight + gain, MEMORY_HALF_HOURS, out=weight)
            variance += gain / weight * (value - variance)
            np.minimum(variance, MOST_VARIANCE, out=variance)
        for total in (self.sum_count, self.sum_slow, self.sum_fast, self.sum_seen):
            total[at] = 0.0

    def restart(self, at: Array) -> None:
        """The level has been moved: begin the half hour anew."""
        for total in (self.sum_count, self.sum_slow, self.sum_fast, self.sum_seen):
            total[at] = 0.0

    def know_excess(self, excess: Floats) -> None:
        """Take `excess` (NaN: unknown) as if learnt from a day of buckets."""
        known = ~np.isnan(excess)
        self.excess = np.where(known, excess, self.excess)
        self.excess_weight = np.where(known, EXCESS_KNOWN_WEIGHT, self.excess_weight)

    def refresh(
        self, at: slice, days: Array, inertia: Floats | float, holiday: Bools | None, unknown: Floats | float = 0.0
    ) -> None:
        """Make margins and variance of what has been learnt, with `days` to compare with.

        `inertia` (0..1): how much the fast level's prior holds it at m0; so far is mf on a first day no better than m0.
        `unknown` (0..1): the share of the last minutes that nobody saw; so far it never is.
        """
        young = (days < YOUNG_DAYS) / (1.0 + 2.0 * days) ** 2
        slow = np.maximum(self.slow[at], 0.0) + YOUNG_SLOW**2 * young
        young_fast = YOUNG_FAST**2 + (YOUNG_SLOW**2 - YOUNG_FAST**2) * inertia * (days == 0)
        fast = np.maximum(self.fast[at], 0.0) + young_fast * young
        fast += np.maximum(slow - fast, 0.0) * unknown * unknown
        if holiday is not None:
            slow += HOLIDAY_SLOW**2 * holiday
            fast += HOLIDAY_FAST**2 * holiday
        self.up_slow[at] = np.exp(MARGIN_SLOW * np.sqrt(slow))
        self.up_fast[at] = np.exp(MARGIN_FAST * np.sqrt(fast))
        self.variance[at] = fast
