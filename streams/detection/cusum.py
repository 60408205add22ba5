"""Ten sequential tests on one count: negative-binomial CUSUMs.

Two clocks (the season m0, and mf that follows the last hour) and five effects: surges to 1.7, 3 and 8 times, drops to
0.55 and 0.15 of the expectation m, moved by the margin of what the expectation usually gets wrong. With dispersion r,

    l = x ln(rho) - (x + r) ln((r + rho m) / (r + m)),   C = clip(C + min(l, CAP h), 0, 6 h)

C is the log-likelihood ratio of "since `start` the mean has been rho m" over all starts at once, in one number (Page
1954, Biometrika 41; Lorden 1971; for counts Hoehle & Paul 2008, Comput. Stat. Data Anal. 52). The bucket after the last
C = 0 is the most likely start.
"""

from __future__ import annotations

import threading

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats, Singles

SURGES = (1.7, 3.0, 8.0)  # with 2 only: J .873 and doublings at low volume are missed
DROPS = (0.55, 0.15)  # with 0.55 only: J .868 and short zeros are found later
CAP = 0.4  # of h: no two buckets alone can open, the defence against spikes and late batches (without: J .851)
DATING_SHARE = 0.7  # of the largest C: overlap with true windows is the same with and without, see `begin`
CEILING = 6.0  # of h: how much calm it takes to forget a long outage
QUIET_MEAN = 0.02  # one event in 50 minutes: where never anything came, a lone event is not yet a surge

EFFECTS = np.array([*SURGES, *SURGES, *DROPS, *DROPS], np.float32)
SURGE_ROWS, DROP_ROWS = slice(0, 6), slice(6, 10)
IS_SLOW = np.array([True] * 3 + [False] * 3 + [True] * 2 + [False] * 2)
_ROWS_OF_MEAN = (slice(0, 3), slice(3, 6), slice(6, 8), slice(8, 10))  # slow up, fast up, slow down, fast down
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

    def step(self, bucket: int, counts: Floats, means: tuple[Floats, ...], sizes: Floats, judged: Bools,
             ratio: Floats, thresholds: tuple[Singles, Singles]) -> None:  # fmt: skip
        """Take in one bucket where `judged`.

        `means`: slow up, fast up, slow down, fast down; `sizes`: r; `thresholds`: of surges and of drops.
        """
        count, size = counts.astype(np.float32), sizes.astype(np.float32)
        gain, log = _scratch(len(count))
        for clock, rows in zip(means, _ROWS_OF_MEAN, strict=True):
            mean = clock.astype(np.float32)
            if rows.stop <= SURGE_ROWS.stop:
                np.maximum(mean, np.float32(QUIET_MEAN), out=mean)
            np.multiply(mean, _EFFECTS[rows], out=log[rows])
            log[rows] += size
            mean += size
            log[rows] /= mean
        np.log(log, out=log)
        count_and_size = count + size
        log *= count_and_size
        for slow, fast in ((slice(0, 3), slice(3, 6)), (slice(6, 8), slice(8, 10))):
            np.multiply(count, _LN_EFFECTS[slow], out=gain[slow])
            np.subtract(gain[slow], log[fast], out=gain[fast])
            gain[slow] -= log[slow]
        for rows, threshold in zip((SURGE_ROWS, DROP_ROWS), thresholds, strict=True):
            np.minimum(gain[rows], np.float32(CAP) * threshold, out=gain[rows])
        if not judged.all():
            gain *= judged
        value = self.value
        value += gain
        np.maximum(value, 0, out=value)
        for rows, threshold in zip((SURGE_ROWS, DROP_ROWS), thresholds, strict=True):
            np.minimum(value[rows], np.float32(CEILING) * threshold, out=value[rows])
        self._begin_anew(bucket, ratio.astype(np.float32), gain.view(np.int32), log.view(np.int32))

    def _begin_anew(self, bucket: int, ratio: Singles, mask: Array, spare: Array) -> None:
        """Where C is 0 the next bucket is the start. By bits, at a fifth of the time of copying under a mask."""
        zero = np.less_equal(self.value, 0).view(np.int8)
        np.copyto(mask, np.negative(zero, out=zero))  # all bits of a number, or none
        np.bitwise_and(mask, bucket + 1, out=spare)
        np.maximum(self.start, spare, out=self.start)  # no start lies later
        bits = self.ratio.view(np.int32)
        np.bitwise_xor(bits, ratio.view(np.int32), out=spare)
        spare &= mask
        bits ^= spare

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
        rows = np.empty(len(at), np.intp)
        for where, among in ((is_surge, SURGE_ROWS), (~is_surge, DROP_ROWS)):
            rows[where] = np.take(self.value[among], at[where], axis=1).argmax(axis=0) + among.start
        return rows

    def begin(self, at: Array, winner: Array) -> Array:
        """The first bucket of what the tests `winner` of the series `at` have found: the most likely one.

        Because a bucket adds CAP at most, a sudden departure raises all tests alike, and the one that wins is the one
        that had already gathered a little of nothing. The latest start of those that say nearly as much is then nearer
        to the truth; where only the winner says much, as in a slow rise, it is the winner's.
        """
        is_surge = winner < SURGE_ROWS.stop
        begin = np.empty(len(at), np.int64)
        for where, among in ((is_surge, SURGE_ROWS), (~is_surge, DROP_ROWS)):
            series = at[where]
            value, start = np.take(self.value[among], series, axis=1), np.take(self.start[among], series, axis=1)
            begin[where] = np.where(value >= DATING_SHARE * value.max(axis=0), start, -1).max(axis=0, initial=-1)
        return begin

    def reset(self, at: Array, rows: slice, bucket: int) -> None:
        """Start the tests `rows` of the series `at` afresh after `bucket`."""
        self.value[rows, at] = 0
        self.start[rows, at] = bucket + 1


_own = threading.local()


def _scratch(n: int) -> tuple[Singles, Singles]:
    """Two arrays of the shape of C. All blocks use the same, which therefore stay in the cache."""
    if getattr(_own, "size", -1) < n:
        _own.size, _own.flat = n, np.empty((2, 10 * n), np.float32)
    gain, log = (flat[: 10 * n].reshape(10, n) for flat in _own.flat)
    return gain, log


def log_likelihood_ratio(count: Floats, mean: Floats, size: Floats, effect: Floats) -> Floats:
    """l of one bucket: how much better `effect * mean` explains `count` than `mean`, in nats.

    >>> log_likelihood_ratio(np.array([30.0]), np.array([10.0]), np.array([50.0]), np.array([3.0])).round(2)
    array([9.94])
    """
    ratio: Floats = count * np.log(effect) - (count + size) * np.log((size + effect * mean) / (size + mean))
    return ratio
