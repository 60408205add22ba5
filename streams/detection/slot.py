"""What has left the delay line of the ten-minute slot that is being filled."""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.delay import NO_EXPECTATION, Leaving
from streams.detection.hot_slots import HotSlots
from streams.detection.lasting import Shift


class SlotSums(Columns):
    """Sums and numbers of all learnt buckets, and of the hot ones among them."""

    PART = "slot"
    STATE = ("sums", "numbers", "hot_sums", "hot_numbers", "hot_counts", "hot_usual")

    def __init__(self, n: int) -> None:
        self.sums, self.numbers, self.hot_sums, self.hot_numbers = (np.zeros(n) for _ in range(4))
        self.hot_counts, self.hot_usual = np.zeros(n), np.zeros(n)  # what the hot ones truly counted, and should have

    def add(self, value: Floats, use: Bools, leaving: Leaving) -> None:
        """Take in what was learnt of a bucket where `use`."""
        self.sums += np.where(use, value, 0.0)
        self.numbers += use
        if leaving.hot.any():
            hot = leaving.hot & use
            self.hot_sums += np.where(hot, value, 0.0)
            self.hot_numbers += hot
            self.hot_counts += np.where(hot, leaving.count, 0.0)
            usual = np.where(leaving.expected < NO_EXPECTATION, leaving.expected, leaving.count)
            self.hot_usual += np.where(hot, usual, 0.0)

    def hot(self, slot: int, at: slice) -> HotSlots | None:
        """What the slot that is over held of those with hot buckets in it; None: nobody had any."""
        series = self.hot_numbers[at].nonzero()[0] + at.start
        if not series.size:
            return None
        learnt, counts, numbers = self.sums[series], self.hot_counts[series], self.hot_numbers[series]
        rate, usual = counts / numbers, self.hot_usual[series] / numbers
        columns = (learnt, learnt - self.hot_sums[series] + counts, rate, usual)
        return HotSlots(np.full(series.size, slot), series, *(column.astype(np.float32) for column in columns))

    def take(self, at: slice) -> tuple[Floats, Floats, Floats, Floats]:
        """Hand out sums and numbers of all and of those that were not hot, and begin anew."""
        sums, numbers = self.sums[at].copy(), self.numbers[at].copy()
        cool_sums, cool_numbers = sums - self.hot_sums[at], numbers - self.hot_numbers[at]
        for part in (self.sums, self.numbers, self.hot_sums, self.hot_numbers):
            part[at] = 0.0
        self.hot_counts[at] = self.hot_usual[at] = 0.0
        return sums, numbers, np.maximum(cool_sums, 0.0), cool_numbers

    def shift(self, shift: Shift) -> None:
        """Move what has been gathered to a new level."""
        at = shift.at
        offset, hot_offset = self.numbers[at] * shift.offset, self.hot_numbers[at] * shift.offset
        hot = self.hot_sums[at] * shift.hot_past + hot_offset
        self.sums[at] = (self.sums[at] - self.hot_sums[at]) * shift.past + offset - hot_offset + hot
        self.hot_sums[at] = hot
        self.hot_usual[at] = self.hot_usual[at] * shift.factor + hot_offset

    def forget(self, at: Array) -> None:
        """Nothing is known any more of what has been gathered of the series `at`."""
        for part in (self.sums, self.numbers, self.hot_sums, self.hot_numbers, self.hot_counts, self.hot_usual):
            part[at] = 0.0
