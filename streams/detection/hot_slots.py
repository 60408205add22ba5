"""Ten-minute slots with buckets of windows in them: what was learnt of each, and what it held truly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streams.detection.columns import Array, Bools, Floats, Ints, Singles
from streams.detection.history import LAGS, SLOT_MIN, SLOTS_PER_DAY

NEIGHBOURS = 2  # slots on either side; with one, drops open before and after a job that the season has smeared


@dataclass(frozen=True, slots=True)
class HotSlots:
    """Arrays of one length. `learnt`, `true`: sums of a slot; `rate`, `usual`: mean count and m0 of its hot buckets."""

    slots: Ints
    series: Ints
    learnt: Singles
    true: Singles
    rate: Singles
    usual: Singles

    @staticmethod
    def none() -> HotSlots:
        return HotSlots(*np.zeros((2, 0), np.int64), *np.zeros((4, 0), np.float32))

    @staticmethod
    def joined(parts: Sequence[HotSlots]) -> HotSlots:
        """All of them, in this order."""
        parts = (*parts, HotSlots.none())

        def column(name: str) -> Array:
            return np.concatenate([getattr(part, name) for part in parts])

        return HotSlots(*map(column, ("slots", "series", "learnt", "true", "rate", "usual")))

    def moved(self, places: Array) -> HotSlots:
        """The same with the series' indices in another order."""
        return HotSlots(self.slots, places[self.series], self.learnt, self.true, self.rate, self.usual)

    def only(self, which: Bools | slice) -> HotSlots:
        """Some of them."""
        columns: tuple[Array, ...] = (self.slots, self.series, self.learnt, self.true, self.rate, self.usual)
        return HotSlots(*(column[which] for column in columns))


@dataclass(frozen=True, slots=True)
class Correction:
    """`sums` to be put into `slots` of `series`: three arrays of one length."""

    slots: Ints
    series: Array
    sums: Singles


class Excused:
    """What operators have called normal lately, for the series of a block: the same time of day is no outage again.

    All between `least` and `most` a bucket is as normal as the expected count (infinity and 0 where nothing is
    excused): what came then, and what had been expected then, since a job may stay away or end sooner. A slot counts
    with two neighbours on either side: so far the season smears a job's edges. Derived: a function of the excused slots
    and of the slot at hand. Clock changes are left aside.
    """

    def __init__(self, phase: Array) -> None:
        self._phase = phase
        self._slots = HotSlots.none()
        self.most: Floats = np.zeros(len(phase))
        self.least: Floats = np.full(len(phase), np.inf)

    def __bool__(self) -> bool:
        return bool(len(self._slots.slots))

    def replace(self, slots: HotSlots, bucket: int) -> None:
        """From `bucket` on these are excused, and no others."""
        self._slots = slots
        self._look_up((bucket - self._phase) // SLOT_MIN, slice(0, len(self._phase)))

    def begin_slot(self, slot: int, at: slice) -> None:
        """Go on to `slot` with the series `at`."""
        self._look_up(np.full(len(self._phase), slot), at)

    def _look_up(self, now: Array, at: slice) -> None:
        self.most[at], self.least[at] = 0.0, np.inf
        here = (self._slots.series >= at.start) & (self._slots.series < at.stop)
        days, off = np.divmod(now[self._slots.series] - self._slots.slots + NEIGHBOURS, SLOTS_PER_DAY)
        here &= (off <= 2 * NEIGHBOURS) & (days >= 1) & (days <= LAGS)
        found = self._slots.only(here)
        np.maximum.at(self.most, found.series, np.maximum(found.rate, found.usual).astype(np.float64))
        np.minimum.at(self.least, found.series, np.minimum(found.rate, found.usual).astype(np.float64))
