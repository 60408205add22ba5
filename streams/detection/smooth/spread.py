"""How far a bucket usually strays from the forecast, relative to it.

The larger of two exponential deviations, of a day and of two hours: the quick one sees a rough hour coming. Both are
winsorised: unclipped, as in the plain rule, one outage leaves the series deaf for the rest of the day.
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Bools, Columns, Floats
from streams.detection.smooth.pace import Pace

PRIOR, PRIOR_BUCKETS = 0.05, 5.0  # wide, and soon outweighed: nothing is judged in the first hour
DAY_MIN, DAY_LEAST = 1440.0, 200.0
NOW_MIN, NOW_LEAST = 120.0, 40.0
# No bucket counts for more than so many deviations; of an open window, for two: it goes on learning, but an hour of an
# outage widens the spread by a tenth only.
WINSOR, WINSOR_OPEN = 5.0, 2.0
FLOOR = 0.005  # with a threshold of about four: nothing under two hundredths is an outage


class Spread(Columns):
    """Two learnt variances."""

    PART = "smooth_spread"
    STATE = ("day", "now", "weight")

    def __init__(self, n: int, pace: Pace) -> None:
        self.day, self.now = np.full(n, PRIOR**2), np.full(n, PRIOR**2)
        self.weight = np.full(n, PRIOR_BUCKETS)
        self._day = pace.buckets(DAY_MIN, DAY_LEAST)
        self._now = pace.buckets(NOW_MIN, NOW_LEAST)

    def sigma(self) -> Floats:
        """Relative standard deviation of the coming bucket."""
        sigma: Floats = np.sqrt(np.maximum(np.maximum(self.day, self.now), FLOOR**2))
        return sigma

    def learn(self, error: Floats, sigma: Floats, use: Bools, frozen: Bools) -> None:
        """Take in a relative error, where `use`; `frozen`: a window is open."""
        limit = np.where(frozen, WINSOR_OPEN, WINSOR) * sigma
        value = np.minimum(error * error, limit * limit)
        np.minimum(self.weight + use, self._day, out=self.weight)
        self.day += np.where(use, (value - self.day) / self.weight, 0.0)
        self.now += np.where(use & ~frozen, (value - self.now) / np.minimum(self._now, self.weight), 0.0)
