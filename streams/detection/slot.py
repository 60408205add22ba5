"""What has left the delay line of the ten-minute slot that is being filled."""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.lasting import Shift


class SlotSums(Columns):
    """Sums and numbers of all learnt buckets, and of the hot ones among them."""

    PART = "slot"
    STATE = ("sums", "numbers", "hot_sums", "hot_numbers")

    def __init__(self, n: int) -> None:
        self.sums, self.numbers, self.hot_sums, self.hot_numbers = (np.zeros(n) for _ in range(4))

    def add(self, value: Floats, use: Bools, hot: Bools) -> None:
        """Take in one learnt bucket where `use`, among them the `hot` ones."""
        self.sums += np.where(use, value, 0.0)
        self.numbers += use
        if hot.any():
            hot = hot & use
            self.hot_sums += np.where(hot, value, 0.0)
            self.hot_numbers += hot

    def take(self, at: slice) -> tuple[Floats, Floats, Floats, Floats]:
        """Hand out sums and numbers of all and of those that were not hot, and begin anew."""
        sums, numbers = self.sums[at].copy(), self.numbers[at].copy()
        cool_sums, cool_numbers = sums - self.hot_sums[at], numbers - self.hot_numbers[at]
        for part in (self.sums, self.numbers, self.hot_sums, self.hot_numbers):
            part[at] = 0.0
        return sums, numbers, np.maximum(cool_sums, 0.0), cool_numbers

    def shift(self, shift: Shift) -> None:
        """Move what has been gathered to a new level."""
        at = shift.at
        offset, hot_offset = self.numbers[at] * shift.offset, self.hot_numbers[at] * shift.offset
        hot = self.hot_sums[at] * shift.hot_past + hot_offset
        self.sums[at] = (self.sums[at] - self.hot_sums[at]) * shift.past + offset - hot_offset + hot
        self.hot_sums[at] = hot

    def forget(self, at: Array) -> None:
        """Nothing is known any more of what has been gathered of the series `at`."""
        for part in (self.sums, self.numbers, self.hot_sums, self.hot_numbers):
            part[at] = 0.0
