"""The shape of the day: what each five minutes usually hold, as an exponential mean over the days.

Only its ratio from one slot to the next is used (`forecast`), so a weekend's level, or growth, does it no harm.
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Bools, Columns, Floats
from streams.detection.smooth.pace import WAITING_SLOTS, Pace

DAYS = 7.0  # a week, so that workdays and weekends weigh as they come


class DayShape(Columns):
    """`shape` by slot of the day, 0 where not yet known."""

    PART = "smooth_season"
    STATE = ("shape", "sums", "numbers", "waiting")

    def __init__(self, n: int, pace: Pace) -> None:
        self.shape = np.zeros((pace.slots, n), np.float32)
        self.sums, self.numbers = np.zeros(n), np.zeros(n)  # of the slot at hand
        self.waiting = np.zeros((WAITING_SLOTS, n))  # means of the last slots, 0 where nothing was seen
        self._pace = pace

    def at(self, bucket: int) -> Floats:
        """Usual count of a bucket, linear between the middles of slots; 0 where not known."""
        pace = self._pace
        slot = pace.slot(bucket)
        place = (bucket % pace.per_day - slot * pace.per_slot + 0.5) / pace.per_slot - 0.5
        beside = self.shape[(slot + (1 if place >= 0 else -1)) % pace.slots].astype(np.float64)
        here = self.shape[slot].astype(np.float64)
        usual: Floats = np.where((here > 0) & (beside > 0), here + abs(place) * (beside - here), 0.0)
        return usual

    def learn(self, bucket: int, count: Floats, use: Bools) -> None:
        """Take in a bucket, where `use`."""
        self.sums += np.where(use, count, 0.0)
        self.numbers += use
        pace = self._pace
        if not pace.ends_slot(bucket):
            return
        slot = pace.slot(bucket)
        ring = bucket // pace.per_slot % WAITING_SLOTS
        gone = self.shape[(slot - WAITING_SLOTS) % pace.slots]
        value = self.waiting[ring]
        learnt = np.where(gone > 0, gone + (value - gone) / DAYS, value)
        gone[...] = np.where(value > 0, learnt, gone)
        self.waiting[ring] = np.where(self.numbers > 0, self.sums / np.maximum(self.numbers, 1.0), 0.0)
        self.sums[:] = 0.0
        self.numbers[:] = 0.0
