"""What happens at this time every day: a job at 03:05, an hour that is always rough.

Of each five minutes of the day, the exponential mean over days of the largest pair (two buckets in a row) squared, in
deviations. Where that is more than noise gives, deviations there are larger by its root. A job is thus known after one
day and an outage costs its own time of day some sensitivity for a week: it seldom comes back to the minute.
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Columns, Floats
from streams.detection.smooth.pace import WAITING_SLOTS, Pace

DAYS = 7.0
FIRST_DAYS = 2.0  # the first day a slot is seen weighs a half
PAIR_MOST = 60.0
USUAL = 4.0  # the largest pair of five minutes squared is 1.5 on average in Gaussian noise, 2.5 in heavy tails


class Habit(Columns):
    """`square` by slot of the day."""

    PART = "smooth_habit"
    STATE = ("square", "largest", "waiting")

    def __init__(self, n: int, pace: Pace) -> None:
        self.square = np.zeros((pace.slots, n), np.float32)
        self.largest = np.zeros(n)  # pair of the slot at hand
        self.waiting = np.zeros((WAITING_SLOTS, n), np.float32)
        self._pace = pace

    def factor(self, bucket: int) -> Floats:
        """At least 1: by how much deviations are larger at this time of day. Slots beside it count: jobs start late."""
        slot, slots = self._pace.slot(bucket), self._pace.slots
        square = np.maximum(np.maximum(self.square[slot], self.square[slot - 1]), self.square[(slot + 1) % slots])
        factor: Floats = np.sqrt(1.0 + np.maximum(square.astype(np.float64) - USUAL, 0.0))
        return factor

    def learn(self, bucket: int, pair: Floats, seen: Floats) -> None:
        """Take in the pair that a bucket ends (0: none), in deviations without `factor`. `seen`: buckets so far."""
        np.maximum(self.largest, np.minimum(pair, PAIR_MOST), out=self.largest)
        pace = self._pace
        if pace.ends_slot(bucket):
            ring = bucket // pace.per_slot % WAITING_SLOTS
            square = self.square[(pace.slot(bucket) - WAITING_SLOTS) % pace.slots]
            gain = np.maximum(1.0 / DAYS, 1.0 / (FIRST_DAYS + seen // pace.per_day))
            square += gain * (self.waiting[ring] - square)
            self.waiting[ring] = self.largest * self.largest
            self.largest[:] = 0.0
