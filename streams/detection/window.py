"""The window of each series: opened by a CUSUM, dated back to its start, closed by a CUSUM that runs the other way.

Closing: R is the running mean of x/m since opening, the effect looked for on the way back its root. `c` sums the
log-likelihood ratio against that effect (`-l`); its last 0 is the most likely last bucket of the outage. Start and end
are thus maximum-likelihood change points (Hinkley 1970, Biometrika 57), at no further state.

A direction that is not asked for has windows as well, of which nobody is told: else twenty empty minutes before a late
batch, or hours of silence, would pull the level down, and the return to normal would open (75 of 160 late batches
instead of 2; silence of three hours: nearly every time).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.cusum import QUIET_MEAN, log_likelihood_ratio

CLOSE_AT = 5.0  # nats of calm: the data is 150 times likelier without the outage
CLOSE_MOST = 3.0  # nats a bucket may add, so that at least two say so
CLOSE_CEILING = 15.0  # what a relapse has to undo
CLOSE_BUCKETS = 8  # seen since the last that was elevated; 5 to 8 make no difference
RATIO_GAIN = 1 / 8
SURGE_EFFECTS = (1.5, 3.0)  # limits of the effect: below 1.5 noise keeps it open, above 3 a decaying tail is cut off
DROP_EFFECTS = (0.35, 0.67)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens the windows of the series `at` (indices): one value each."""

    at: Array
    sign: Array  # +1 surge, -1 drop
    start: Array
    effect: Floats
    slow: Bools  # the slow clock won
    ratio: Floats  # mf/m0 before the start
    evidence: Floats  # nats


class Windows(Columns):
    """At most one window a series; `started`, `detected`, `ended` keep the last one's until the next."""

    PART = "window"
    STATE = (
        "direction", "sign", "started", "detected", "ended", "slow", "frozen", "ratio", "calm", "calm_buckets",
        "last_elevated", "evidence",
    )  # fmt: skip

    def __init__(self, n: int) -> None:
        self.direction = np.zeros(n, np.int8)  # of the open window, else 0
        self.sign = np.zeros(n, np.int8)  # of the last window
        self.started, self.detected, self.ended = (np.full(n, -1, np.int64) for _ in range(3))
        self.slow = np.zeros(n, np.bool_)
        self.frozen = np.ones(n)  # mf/m0 before it
        self.ratio, self.calm, self.evidence = np.ones(n), np.zeros(n), np.zeros(n)
        self.calm_buckets = np.zeros(n, np.int32)
        self.last_elevated = np.full(n, -1, np.int64)

    def open_series(self) -> Array:
        """Indices of the series with an open window."""
        return self.direction.nonzero()[0]

    def open(self, bucket: int, opening: Opening) -> None:
        """Open in `bucket`, dated back; never before the end of the window before."""
        at = opening.at
        self.direction[at] = self.sign[at] = opening.sign
        self.started[at] = np.maximum(opening.start, self.ended[at] + 1)
        self.detected[at] = self.last_elevated[at] = bucket
        self.slow[at] = opening.slow
        self.frozen[at] = np.where(opening.slow, 1.0, opening.ratio)
        self.ratio[at] = opening.effect
        self.evidence[at] = opening.evidence
        self.calm[at] = self.calm_buckets[at] = 0

    def follow(self, bucket: int, at: Array, count: Floats, mean: Floats, margin: Floats, size: Floats) -> Bools:
        """Take in a bucket of the open and seen series `at`; returns which of them have come to their end.

        `margin`: e^g of the clock that opened. Half of it is enough on the way back.
        """
        surge = self.direction[at] > 0
        base = np.maximum(mean, QUIET_MEAN)
        gain = RATIO_GAIN * np.minimum(1.0, 2.0 * mean + 0.1)  # few events: many buckets before R moves
        ratio = self.ratio[at]
        ratio += gain * (count / base - ratio)
        self.ratio[at] = ratio
        root = np.sqrt(np.maximum(ratio, 0.0))
        effect = np.where(surge, np.clip(root, *SURGE_EFFECTS), np.clip(root, *DROP_EFFECTS))
        half = np.sqrt(margin)
        against = np.where(surge, np.maximum(mean * half, QUIET_MEAN), mean / half)
        calm = self.calm[at] - log_likelihood_ratio(count, against, size, effect)
        calm = np.clip(np.minimum(calm, self.calm[at] + CLOSE_MOST), 0.0, CLOSE_CEILING)
        elevated = calm <= 0.0
        self.calm[at] = calm
        self.calm_buckets[at] = np.where(elevated, 0, self.calm_buckets[at] + 1)
        self.last_elevated[at] = np.where(elevated, bucket, self.last_elevated[at])
        over: Bools = (calm >= CLOSE_AT) & (self.calm_buckets[at] >= CLOSE_BUCKETS)
        return over

    def close(self, at: Array, ended: Array) -> None:
        """Close the windows of `at`, dated back to `ended`, yet not before their start."""
        self.ended[at] = np.maximum(ended, self.started[at])
        self.direction[at] = 0
