"""Ten sequential tests on one count: negative-binomial CUSUMs.

Two clocks (the season m0, and mf that follows the last hour) and five effects: surges to 1.7, 3 and 8 times, drops to
0.55 and 0.15 of the expectation m, moved by the margin of what the expectation usually gets wrong. With dispersion r,

    l = x ln(rho) - (x + r) ln((r + rho m) / (r + m)),   C = clip(C + min(l, CAP h), 0, 6 h)

C is the log-likelihood ratio of "since `start` the mean has been rho m" over all starts at once, in one number (Page
1954, Biometrika 41; Lorden 1971; for counts Hoehle & Paul 2008, Comput. Stat. Data Anal. 52). The bucket after the last
C = 0 is the most likely start.
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats, Singles

SURGES = (1.7, 3.0, 8.0)  # with 2 only: J .873 and doublings at low volume are missed
DROPS = (0.55, 0.15)  # with 0.55 only: J .868 and short zeros are found later
CAP = 0.4  # of h: no two buckets alone can open, the defence against spikes and late batches (without: J .851)
CEILING = 6.0  # of h: how much calm it takes to forget a long outage
QUIET_MEAN = 0.02  # one event in 50 minutes: where never anything came, a lone event is not yet a surge

EFFECTS = np.array([*SURGES, *SURGES, *DROPS, *DROPS], np.float32)
SURGE_ROWS, DROP_ROWS = slice(0, 6), slice(6, 10)
IS_SLOW = np.array([True] * 3 + [False] * 3 + [True] * 2 + [False] * 2)
_MEAN_OF_ROW = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3])  # slow up, fast up, slow down, fast down
_LN_EFFECTS = np.log(EFFECTS.astype(np.float64)).astype(np.float32)[:, None]
_EFFECTS = EFFECTS[:, None]


class CusumBank(Columns):
    """C of each test, the bucket it started in, and mf/m0 before that."""

    PART = "cusum"
    STATE = ("value", "start", "ratio")

    def __init__(self, n: int, bucket: int) -> None:
        self.value = np.zeros((10, n), np.float32)
        self.start = np.full((10, n), bucket, np.int32)
        self.ratio = np.ones((10, n), np.float32)
        self._mean, self._log, self._base = (np.empty((10, n), np.float32) for _ in range(3))
        self._means = np.empty((4, n), np.float32)

    def step(self, bucket: int, counts: Floats, means: tuple[Floats, ...], sizes: Floats, judged: Bools,
             ratio: Floats, thresholds: tuple[Singles, Singles]) -> None:  # fmt: skip
        """Take in one bucket where `judged`.

        `means`: slow up, fast up, slow down, fast down; `sizes`: r; `thresholds`: of surges and of drops.
        """
        count, size = counts.astype(np.float32), sizes.astype(np.float32)
        for row, clock in zip(self._means, means, strict=True):
            row[:] = clock
        np.maximum(self._means[:2], np.float32(QUIET_MEAN), out=self._means[:2])
        mean, log, base = self._mean, self._log, self._base
        np.take(self._means, _MEAN_OF_ROW, axis=0, out=mean, mode="clip")
        np.add(mean, size, out=base)
        np.multiply(mean, _EFFECTS, out=log)
        log += size
        log /= base
        np.log(log, out=log)
        log *= count + size
        np.multiply(count, _LN_EFFECTS, out=mean)
        mean -= log
        for rows, threshold in zip((SURGE_ROWS, DROP_ROWS), thresholds, strict=True):
            np.minimum(mean[rows], np.float32(CAP) * threshold, out=mean[rows])
        if not judged.all():
            mean *= judged
        value = self.value
        value += mean
        np.maximum(value, 0, out=value)
        for rows, threshold in zip((SURGE_ROWS, DROP_ROWS), thresholds, strict=True):
            np.minimum(value[rows], np.float32(CEILING) * threshold, out=value[rows])
        at_zero = np.less_equal(value, 0)
        np.copyto(self.start, bucket + 1, where=at_zero)
        np.copyto(self.ratio, ratio.astype(np.float32), where=at_zero)

    def surge(self) -> Singles:
        """The largest C of the surges, per series."""
        largest: Singles = np.maximum.reduce(self.value[SURGE_ROWS], axis=0)
        return largest

    def drop(self) -> Singles:
        """The largest C of the drops, per series."""
        largest: Singles = np.maximum.reduce(self.value[DROP_ROWS], axis=0)
        return largest

    def winner(self, at: Array, is_surge: Bools) -> Array:
        """The row of the largest C in the direction asked for, for the series `at` (indices)."""
        values = self.value[:, at]
        surge, drop = values[SURGE_ROWS].argmax(axis=0), values[DROP_ROWS].argmax(axis=0)
        rows: Array = np.where(is_surge, surge, drop + DROP_ROWS.start)
        return rows

    def reset(self, at: Array, rows: slice, bucket: int) -> None:
        """Start the tests `rows` of the series `at` afresh after `bucket`."""
        self.value[rows, at] = 0
        self.start[rows, at] = bucket + 1


def log_likelihood_ratio(count: Floats, mean: Floats, size: Floats, effect: Floats) -> Floats:
    """l of one bucket: how much better `effect * mean` explains `count` than `mean`, in nats.

    >>> log_likelihood_ratio(np.array([30.0]), np.array([10.0]), np.array([50.0]), np.array([3.0])).round(2)
    array([9.94])
    """
    ratio: Floats = count * np.log(effect) - (count + size) * np.log((size + effect * mean) / (size + mean))
    return ratio
