"""The window of each series: opened by a pair beyond the threshold, soon closed, an hour long at most.

A bucket belongs to the outage as long as it departs at least half as far as the outage does on average, so the end is
found also where the return is not complete. What lasts an hour is how things are: the level is accepted,
and the way back from it within a day opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.smooth.pace import Pace

CALM_BUCKETS = 3
HALF = 0.5
SIZE_GAIN = 1 / 4
ACCEPT_MIN, ACCEPT_LEAST = 60.0, 12.0
RETURN_SHARE = 0.3  # how far the way back may differ from the way there, in logarithms
LEAST_RATIO = 0.01
BACK_BUCKETS = 30  # no window is dated back further


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens the windows of the series `at` (indices): one value each."""

    at: Array
    sign: Array  # +1 surge, -1 drop
    size: Floats  # of the departure, relative
    least: Floats  # departures under it belong to no outage
    evidence: Floats  # nats


class Windows(Columns):
    """At most one window a series; `started`, `detected`, `ended` keep the last one's until the next."""

    PART = "smooth_window"
    STATE = (
        "direction", "sign", "started", "detected", "ended", "last", "size", "least", "calm", "calm_sum", "held",
        "evidence", "up", "down", "accepted", "accepted_at",
    )  # fmt: skip

    def __init__(self, n: int, pace: Pace) -> None:
        self.direction, self.sign = np.zeros(n, np.int8), np.zeros(n, np.int8)  # of the open window; of the last one
        self.started, self.detected, self.ended, self.last = (np.full(n, -1, np.int64) for _ in range(4))
        self.size, self.least, self.calm_sum, self.evidence = (np.zeros(n) for _ in range(4))
        self.calm, self.held = np.zeros(n, np.int32), np.zeros(n, np.int32)  # buckets: calm ones; seen in all
        self.up, self.down = np.full(n, -1, np.int64), np.full(n, -1, np.int64)  # first bucket of the run at hand
        self.accepted = np.zeros(n)  # relative size of the last level that was accepted, and when; -1: none
        self.accepted_at = np.full(n, -1, np.int64)
        self._return = pace.per_day
        self._accept = pace.buckets(ACCEPT_MIN, ACCEPT_LEAST)

    def run(self, bucket: int, deviation: Floats, half: Floats, seen: Bools) -> None:
        """Follow runs of buckets beyond `half`, by which a start is dated back."""
        for start, beyond in ((self.up, deviation >= half), (self.down, deviation <= -half)):
            now = np.where(beyond, np.where(start >= 0, start, bucket), -1)
            start[...] = np.where(seen, now, start)

    def run_start(self, sign: Floats) -> Array:
        """First bucket of the run at hand on the side of `sign`, -1 where there is none."""
        start: Array = np.where(sign > 0, self.up, self.down)
        return start

    def open(self, bucket: int, opening: Opening) -> None:
        """Open in `bucket`, dated back; never before the end of the window before."""
        at = opening.at
        self.direction[at] = self.sign[at] = opening.sign
        start = np.maximum(np.where(opening.sign > 0, self.up[at], self.down[at]), bucket - BACK_BUCKETS)
        self.started[at] = np.maximum(start, self.ended[at] + 1)
        self.detected[at] = self.last[at] = bucket
        self.size[at], self.least[at], self.evidence[at] = opening.size, opening.least, opening.evidence
        self.calm[at], self.held[at] = 0, 1
        self.calm_sum[at] = 0.0

    def follow(self, bucket: int, at: Array, error: Floats) -> tuple[Bools, Bools]:
        """Take in a bucket's relative error of the open and seen series `at`: (which are over, which are accepted)."""
        departure = error * self.direction[at]
        elevated = departure >= np.maximum(HALF * self.size[at], self.least[at])
        self.size[at] += np.where(elevated, SIZE_GAIN * (departure - self.size[at]), 0.0)
        self.last[at] = np.where(elevated, bucket, self.last[at])
        self.calm[at] = np.where(elevated, 0, self.calm[at] + 1)
        self.calm_sum[at] = np.where(elevated, 0.0, self.calm_sum[at] + error)
        self.held[at] += 1
        over: Bools = self.calm[at] >= CALM_BUCKETS
        accepted: Bools = ~over & (self.held[at] >= self._accept)
        return over, accepted

    def calm_level(self, at: Array) -> Floats:
        """Mean relative error of the calm buckets at the end of the windows of `at`."""
        level: Floats = self.calm_sum[at] / np.maximum(self.calm[at], 1)
        return level

    def accept(self, bucket: int, at: Array) -> None:
        """The departure of the windows of `at` has become the level."""
        self.accepted[at] = self.size[at] * self.direction[at]
        self.accepted_at[at] = bucket

    def returns(self, bucket: int, at: Array, error: Floats) -> Bools:
        """Whether a departure by `error` is the way back from a level accepted within the last day: no outage."""
        recent = (self.accepted_at[at] >= 0) & (bucket - self.accepted_at[at] <= self._return)
        there = np.log(np.maximum(1.0 + self.accepted[at], LEAST_RATIO))
        back = np.log(np.maximum(1.0 + error, LEAST_RATIO))
        returns: Bools = recent & (np.abs(there + back) <= RETURN_SHARE * np.abs(there))
        return returns

    def close(self, at: Array) -> None:
        """Close the windows of `at`, dated back to their last elevated bucket."""
        self.ended[at] = self.last[at]
        self.direction[at] = 0
