"""From the one number a user sets, tolerated false opens a year, to the threshold of a CUSUM in nats.

Measured on generated series with holidays, clock changes, deployments and growth in them: a threshold of 5.5 opens
falsely about once a service-week, 8 about once in four weeks. An exponential tail through both,

    h = 5.5 + SLOPE * ln(52 / false opens a year),    SLOPE = 2.5 / ln 4

is used for every number. Theory has a slope of 1 (the time between false alarms of a CUSUM grows as e^h, Lorden 1971,
Ann. Math. Stat. 42); the rest is error of the baseline, which is why the steeper measured one is taken. What opens
beyond h = 8 is nearly all holidays and permanent changes, which no threshold removes: small numbers are a wish there,
not a promise.

>>> [round(threshold(per_year), 2) for per_year in (52, 13, 4)]
[5.5, 8.0, 10.13]
"""

from __future__ import annotations

import math

H_WEEKLY = 5.5  # opens falsely once a week; lower finds little more and costs much (4: 0.7 to 2.5 a week)
H_PER_FOLD = 2.5 / math.log(4)  # to a quarter of the false opens takes 2.5 more
WEEKS_PER_YEAR = 52
H_LOWEST, H_HIGHEST = 3.0, 20.0  # below 3 everything opens; above 20 only catastrophes do and nothing is gained


def threshold(false_opens_per_year: float) -> float:
    """The threshold in nats of one series that may open falsely so often. Any number above 0; bounded to 3..20."""
    if not false_opens_per_year > 0:
        raise ValueError(f"false opens a year must be above 0, not {false_opens_per_year:g}")
    wanted = H_WEEKLY + H_PER_FOLD * math.log(WEEKS_PER_YEAR / min(false_opens_per_year, 1e6))
    return min(max(wanted, H_LOWEST), H_HIGHEST)


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
