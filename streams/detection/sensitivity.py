"""From the one number a user sets, tolerated false opens a year, to the thresholds of a series, in nats.

Both directions share what a series may use up: each opens falsely half as often where both may open. The threshold of a
direction then depends on the events a minute expected at the time, m0, as measured on service-weeks without events
(`python -m tests.bench.detection.promise` measures again):

    h = H(m0) + S(m0) ln(26 / false opens a year in this direction)

with H and S on straight lines in ln m0 between five means. S is 1 in theory (the time between false alarms of a CUSUM
grows as e^h, Lorden 1971, Ann. Math. Stat. 42) and a little more here, since some of what opens is no noise but a day
that goes otherwise than any day known. Noise opens most often at one to fifteen events a minute (with the true mean in
place of the expected one too): with fewer a minute says too little, with more noise no longer looks like half or
nearly twice as much. Above fifty hardly anything opens falsely, so a large number of tolerated false opens is not used
up: that would take thresholds at which passing ripples open, and ramps are announced before anybody would call them so.

>>> thresholds(np.array([0.2, 2.0, 2000.0]), np.log(26 / 2.0), is_surge=True).round(1).tolist()
[8.1, 9.5, 9.0]
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats

# At these means (events a minute), measured; beyond both ends as at the ends.
_LN_MEANS = np.log([0.3, 1.5, 4.0, 15.0, 60.0])
# 26 false opens a year in one direction, 52 in both, one a week: as much as anybody would bear. Drops need more between
# one and fifteen a minute, with the true mean known too: there some nearly empty minutes in a row come by themselves.
REFERENCE_PER_YEAR = 26.0
SURGE_HEIGHTS = np.array([5.2, 5.7, 5.5, 5.0, 5.5])
DROP_HEIGHTS = np.array([5.1, 7.1, 7.1, 6.6, 5.5])
# Nats to one e-th of the false opens; theory's 1, and the more the more of them are days that go otherwise.
SURGE_SLOPES = np.array([1.15, 1.45, 1.6, 1.9, 1.35])
DROP_SLOPES = np.array([1.1, 1.15, 1.2, 1.4, 1.35])
H_LOWEST, H_HIGHEST = 3.0, 20.0  # below 3 everything opens; above 20 only catastrophes do and nothing is gained
_LEAST_MEAN = 1e-3


def thresholds(mean: Floats, folds: Floats | float, is_surge: bool) -> Floats:
    """The threshold in nats of one direction where `mean` events a minute are expected, within 3..20.

    `folds`: ln(REFERENCE_PER_YEAR / false opens a year that this direction may use up).
    """
    heights, slopes = (SURGE_HEIGHTS, SURGE_SLOPES) if is_surge else (DROP_HEIGHTS, DROP_SLOPES)
    at = np.log(np.maximum(mean, _LEAST_MEAN))
    wanted = np.interp(at, _LN_MEANS, heights) + np.interp(at, _LN_MEANS, slopes) * folds
    bounded: Floats = np.minimum(np.maximum(wanted, H_LOWEST), H_HIGHEST)
    return bounded


def share_of_tolerance(whole: bool, siblings: int) -> float:
    """The part of a service's tolerance that one of its judged series may use up.

    The service as a whole is what people ask about, so its (at most two) series share one half and all regions the
    other half: `siblings` counts them all, and the parts never sum to more than one.

    >>> share_of_tolerance(True, 1), share_of_tolerance(True, 2), share_of_tolerance(True, 11)
    (1.0, 0.5, 0.25)
    >>> share_of_tolerance(False, 11)
    0.05
    """
    if siblings <= 2:
        return 1.0 / max(siblings, 1)
    return 0.25 if whole else 0.5 / (siblings - 1)


class Thresholds(Columns):
    """The thresholds of each series at this time of day, in nats; a direction that may not open has one too."""

    PART = "threshold"
    STATE = ("surge", "drop")

    def __init__(self, tolerance_per_year: Floats, surges: Bools, drops: Bools) -> None:
        directions = np.where(surges & drops, 2.0, 1.0)
        self._folds: Floats = np.log(REFERENCE_PER_YEAR * directions / tolerance_per_year)
        self.surge, self.drop = (np.full(len(surges), H_HIGHEST, np.float32) for _ in range(2))

    def refresh(self, at: slice, mean: Floats) -> None:
        """A slot begins in which `mean` events a minute are expected of the series `at`."""
        self.surge[at] = thresholds(mean, self._folds[at], is_surge=True)
        self.drop[at] = thresholds(mean, self._folds[at], is_surge=False)

    def larger(self, at: Array) -> Floats:
        """The larger of the two thresholds of the series `at` (indices)."""
        larger: Floats = np.maximum(self.surge[at], self.drop[at]).astype(np.float64)
        return larger
