"""The rule to be measured against: what a team would write in an afternoon, and what does well on real traffic.

    z = (x - level) / deviation,    level: EWMA of an hour,    deviation: from an unclipped EW variance of a day

Opens after two buckets in a row beyond the threshold, closes after five within four tenths of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.bench.detection.smooth.events import Found

THRESHOLDS = (3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0)
LEVEL_MIN, VARIANCE_MIN = 60.0, 1440.0
LEAST_LEVEL_BUCKETS = 3.0  # of coarse buckets an hour holds too few to average
FOR_BUCKETS, CALM_BUCKETS, STAY = 2, 5, 0.4


def z_scores(counts: NDArray[np.float64], bucket_min: int) -> NDArray[np.float64]:
    """(buckets, series); 0 in the first hour."""
    level_gain = 2.0 / (max(LEVEL_MIN / bucket_min, LEAST_LEVEL_BUCKETS) + 1.0)
    variance_gain = 2.0 / (VARIANCE_MIN / bucket_min + 1.0)
    silent = max(LEVEL_MIN / bucket_min, 2 * LEAST_LEVEL_BUCKETS)
    z = np.zeros(counts.shape)
    level, variance = np.nan_to_num(counts[0]), np.zeros(counts.shape[1])
    for t, count in enumerate(counts):
        residual = np.where(np.isnan(count), 0.0, count - level)
        if t >= silent:
            z[t] = residual / (np.sqrt(variance) + 1e-9)
        gain = max(variance_gain, 1.0 / (t + 1)) * ~np.isnan(count)
        variance = (1.0 - gain) * (variance + gain * residual**2)
        level += max(level_gain, 1.0 / (t + 1)) * residual
    return z


def windows(z: NDArray[np.float64], threshold: float) -> list[Found]:
    """Every window of every series at this threshold."""
    found = []
    for series in range(z.shape[1]):
        found += _of_one(z[:, series], threshold, series)
    return found


def _of_one(z: NDArray[np.float64], threshold: float, series: int) -> list[Found]:
    found: list[Found] = []
    beyond = np.abs(z) >= threshold
    stays = np.abs(z) >= STAY * threshold
    pair = beyond[1:] & beyond[:-1] & (np.sign(z[1:]) == np.sign(z[:-1]))
    free = 0  # first bucket that may open
    for detected in (np.flatnonzero(pair) + 1).tolist():
        if detected - 1 < free:
            continue
        last, t = detected, detected + 1
        while t < len(z) and t - last <= CALM_BUCKETS:
            if stays[t]:
                last = t
            t += 1
        found.append(Found(series, detected - 1, detected, last))
        free = t
    return found
