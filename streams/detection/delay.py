"""The delay line: what is to be learnt waits for twenty minutes.

An outage that is found within that time has taught nothing to level and season, because opening its window marks the
waiting buckets back to its start as hot. Everything that learns a level or a season learns only what leaves the line.

>>> hot, none = np.array([False, True, True]), np.zeros(3, np.bool_)
>>> leaving = Leaving(np.array([500.0, 500.0, 25.0]), np.full(3, 20.0), hot, none)
>>> leaving.learnt().round(1).tolist()
[68.5, 40.0, 25.0]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.lasting import HOT_FACTOR, Shift

# Median delay of detection is 2, of slow surges at low volume 15. 5 and 10 lose a little of those, 45 makes the level
# too old (J .874, .876, .862 against .877 on generated series).
LINE_MIN = 20
SPIKE_SIGMAS, SPIKE_EXCESS, SPIKE_EVENTS = 6.0, 0.1, 2.0
NO_EXPECTATION = np.inf  # nothing is above it, so nothing is cut


@dataclass(frozen=True, slots=True)
class Leaving:
    """The bucket that waited long enough: count (NaN: blind), expectation (NO_EXPECTATION: none yet), hot? excused?"""

    count: Floats
    expected: Floats
    hot: Bools
    excused: Bools

    def learnt(self) -> Floats:
        """The count as it is to be learnt; NaN where blind.

        Usual buckets: cut at a height that a spike reaches and noise does not, since a spike is not tomorrow's
        expectation. Hot ones: held within a factor of two of the expectation, never replaced by it: a time of day that
        opened falsely would else keep its wrong expectation and open again every day (J .854 against .877). A real
        outage thus costs one day of fourteen a factor of two at most.
        """
        expected = self.expected
        height = expected + SPIKE_SIGMAS * np.sqrt(expected + SPIKE_EXCESS * expected * expected) + SPIKE_EVENTS
        learnt: Floats = np.minimum(self.count, height)
        if self.excused.any():  # an operator said that such counts are usual then
            np.copyto(learnt, self.count, where=self.excused)
        if self.hot.any():
            held = np.minimum(np.maximum(self.count, expected / HOT_FACTOR), expected * HOT_FACTOR)
            np.copyto(learnt, held, where=self.hot)
        return learnt


class DelayLine(Columns):
    """A ring of LINE_MIN buckets; row `bucket % LINE_MIN`."""

    PART = "delay"
    STATE = ("count", "expected", "hot")

    def __init__(self, n: int) -> None:
        self.count = np.full((LINE_MIN, n), np.nan, np.float32)
        self.expected = np.full((LINE_MIN, n), NO_EXPECTATION, np.float32)  # negative where excused
        self.hot = np.zeros((LINE_MIN, n), np.bool_)

    def exchange(self, bucket: int, count: Floats, expected: Floats, hot: Bools) -> Leaving:
        """Put this bucket in (`expected` negative: excused), take out the one LINE_MIN before it."""
        row = bucket % LINE_MIN
        held = self.expected[row].astype(np.float64)
        leaving = Leaving(
            self.count[row].astype(np.float64),
            np.abs(held),
            self.hot[row].copy(),
            held < 0,
        )
        self.count[row], self.expected[row], self.hot[row] = count, expected, hot
        return leaving

    def mark_hot(self, bucket: int, at: Array, since: Array) -> None:
        """Mark the waiting buckets of the series `at` (indices) hot, from `since` (buckets) to before `bucket`."""
        self.hot[:, at] |= self._bucket_of_row(bucket)[:, None] >= since

    def rescale(self, at: Array | slice, factor: Floats) -> None:
        """The expectation has changed its mind by `factor`: what waits is to be learnt against the new one."""
        self.expected[:, at] *= factor.astype(np.float32)

    def shift(self, shift: Shift) -> None:
        """Move the expectations that wait to a new level."""
        expected = self.expected[:, shift.at]
        moved = np.where(expected < NO_EXPECTATION, np.abs(expected), 0) * shift.factor + shift.offset
        self.expected[:, shift.at] = np.where(expected < NO_EXPECTATION, np.copysign(moved, expected), expected)

    def forget(self, bucket: int, at: Array, before: Array) -> None:
        """The buckets of `at` that lie before `before` are not to be learnt."""
        old = self._bucket_of_row(bucket)[:, None] < before
        self.count[:, at] = np.where(old, np.float32(np.nan), self.count[:, at])

    @staticmethod
    def _bucket_of_row(bucket: int) -> Array:
        """The bucket in each row, just before `bucket` is put in."""
        rows = np.arange(LINE_MIN)
        return bucket - 1 - (bucket - 1 - rows) % LINE_MIN
