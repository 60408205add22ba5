"""Two weeks in a second: replay history slot by slot through the parts of a bank that learn.

History comes as sums of ten minutes, so whatever works bucket by bucket (CUSUMs, windows, the excess variance) is left
out; season, history, level and the spread of half hours learn as they do live, except that nothing is ever hot: a slot
may teach no more than the height at which a spike is cut.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from streams.detection.columns import Array, Floats
from streams.detection.delay import LINE_MIN, NO_EXPECTATION, DelayLine, Leaving
from streams.detection.history import AHEAD, RING, SLOT_MIN, SLOTS_PER_DAY, History
from streams.detection.level import KEEP_SLOT, MEAN_BUCKETS, SLOT_WEIGHT, FastLevel, PlainMean
from streams.detection.season import SLOTS_WAITING, Season
from streams.detection.slot import SlotSums
from streams.detection.spread import Spread

# Some series at a time through all slots, so that what they keep stays in the cache: 410 to 512 are the quickest.
SERIES_AT_ONCE = 1024
BORDERS_AT_ONCE = 24


class Learner(Protocol):
    """What of a block learns from history."""

    bucket: int
    groups: list[slice]
    history: History
    season: Season
    slots: SlotSums
    mean: PlainMean
    level: FastLevel
    spread: Spread
    line: DelayLine

    def begin_slot(self, slot: int, at: slice) -> None:
        """The work at the begin of a slot."""


def replay(bank: Learner, first_slot: int, sums: Floats, phase: Array) -> None:
    """Run `sums` (slots, series; NaN where there is none) through `bank`, up to the bucket it is to judge next.

    Slots of a series begin `phase` minutes after those of `sums`: each is mixed of the two that it overlaps.
    """
    earliest = bank.bucket // SLOT_MIN - RING - SLOTS_PER_DAY  # what lies before is forgotten anyhow
    if first_slot < earliest:
        first_slot, sums = earliest, sums[earliest - first_slot :]
    if not len(sums):
        return
    last, minute = divmod(bank.bucket - 1, SLOT_MIN)
    bank.history.look_ahead(BORDERS_AT_ONCE)
    for begin in range(0, sums.shape[1], SERIES_AT_ONCE):
        at = slice(begin, min(begin + SERIES_AT_ONCE, sums.shape[1]))
        past = _Past(first_slot, np.ascontiguousarray(sums[:, at]), phase[at] / SLOT_MIN)
        for slot in range(first_slot + 1, last):
            _begin_slot(bank, slot, at, past)
        begun = slice(begin, min(at.stop, bank.groups[minute].stop))
        if begun.start < begun.stop:
            _begin_slot(bank, last, begun, past)
    bank.history.look_ahead(AHEAD)
    _fill_line(bank, _Past(first_slot, sums, phase / SLOT_MIN), phase)


class _Past:
    """Sums of the series' own slots, and what was expected of the last few."""

    def __init__(self, first_slot: int, sums: Floats, share: Floats) -> None:
        self.first_slot, self.sums = first_slot, sums
        self.share, self.rest, self.shared = share, 1.0 - share, share > 0
        self.expected = np.full((SLOTS_WAITING + 1, sums.shape[1]), NO_EXPECTATION)  # a bucket's, ring by slot

    def raw(self, slot: int) -> Floats:
        index = slot - self.first_slot
        return self.sums[index] if 0 <= index < len(self.sums) else np.full(self.sums.shape[1], np.nan)

    def slot(self, slot: int) -> Floats:
        """The sum from `share` of a slot after the begin of `slot` on; NaN where a part is missing."""
        late = np.where(self.shared, self.share * self.raw(slot + 1), 0.0)
        late += self.rest * self.raw(slot)
        return late


def _begin_slot(bank: Learner, slot: int, at: slice, past: _Past) -> None:
    """`at`: in the bank; `past` is of these series, and perhaps of some more behind them."""
    own = slice(0, at.stop - at.start)
    _learn_spread(bank, slot - 1, at, own, past)
    gone = slot - SLOTS_WAITING
    if gone >= past.first_slot:
        expected = past.expected[gone % len(past.expected), own]
        count = past.slot(gone)[own] / SLOT_MIN
        never = np.zeros(len(count), np.bool_)
        value = Leaving(count, expected, never, never).learnt()
        use = ~np.isnan(value)
        total = np.where(use, value, 0.0) * SLOT_MIN
        bank.slots.sums[at], bank.slots.numbers[at] = total, SLOT_MIN * use
        mean = bank.mean.mean[at]
        buckets = np.minimum(bank.mean.buckets[at] + SLOT_MIN * use, MEAN_BUCKETS)
        bank.mean.buckets[at] = buckets
        mean += np.where(use, value - mean, 0.0) * SLOT_MIN / np.maximum(buckets, 1.0)
        both = use & (expected < NO_EXPECTATION)
        keep = np.where(both, KEEP_SLOT, 1.0)
        bank.level.counts[at] = bank.level.counts[at] * keep + np.where(both, total, 0.0)
        bank.level.expected[at] = bank.level.expected[at] * keep + np.where(both, expected * SLOT_MIN, 0.0)
        bank.level.buckets[at] = bank.level.buckets[at] * keep + np.where(both, SLOT_WEIGHT, 0.0)
    bank.begin_slot(slot, at)


def _learn_spread(bank: Learner, slot: int, at: slice, own: slice, past: _Past) -> None:
    """The slot just over against what was expected of it, at once as live."""
    season, spread = bank.season, bank.spread
    has_days = season.days[at] > 0
    known = has_days | bank.mean.established(at)
    usual = np.where(has_days, (season.left[at] + season.right[at]) / 2, bank.mean.mean[at])
    past.expected[slot % len(past.expected), own] = np.where(known, usual, NO_EXPECTATION)
    count = past.raw(slot)[own]  # unmixed, some minutes off: a mixture scatters less than counts do
    use = known & ~np.isnan(count)
    expected = np.where(use, usual, 0.0) * SLOT_MIN
    spread.sum_count[at] += np.where(use, count, 0.0)
    spread.sum_slow[at] += expected
    spread.sum_fast[at] += expected * bank.level.ratio(at)
    spread.sum_seen[at] += SLOT_MIN * use


def _fill_line(bank: Learner, past: _Past, phase: Array) -> None:
    """Leave the last buckets waiting, and the slot at hand half filled, as if each had been stepped."""
    season = bank.season
    usual = np.where(season.days > 0, season.left, bank.mean.mean)
    for bucket in range(bank.bucket - LINE_MIN, bank.bucket):
        count = past.raw(bucket // SLOT_MIN) / SLOT_MIN
        bank.line.count[bucket % LINE_MIN] = count
        bank.line.expected[bucket % LINE_MIN] = np.where(np.isnan(count), NO_EXPECTATION, usual)
    for back in range(LINE_MIN + SLOT_MIN, LINE_MIN, -1):
        bucket = bank.bucket - back
        count = past.raw(bucket // SLOT_MIN) / SLOT_MIN
        filling = (bank.bucket - 1 - LINE_MIN - phase) // SLOT_MIN  # the slot that is being gathered
        use = ~np.isnan(count) & ((bucket - phase) // SLOT_MIN == filling)
        bank.slots.add(count, use, Leaving(count, count, ~use, ~use))
