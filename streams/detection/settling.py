"""Carries out what `lasting` decides: closes the window of a lasting change and moves all that a block has learnt."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from streams.detection.columns import Array, Bools
from streams.detection.cusum import EFFECTS, CusumBank
from streams.detection.delay import DelayLine
from streams.detection.history import RING, SLOT_MIN, History
from streams.detection.judged import Limits
from streams.detection.lasting import LastingChange, Shift
from streams.detection.level import FastLevel, PlainMean
from streams.detection.season import SLOTS_WAITING, Season
from streams.detection.sensitivity import Thresholds
from streams.detection.slot import SlotSums
from streams.detection.spread import Spread
from streams.detection.window import Windows

_ALL_TESTS = slice(0, len(EFFECTS))


class Settler(Protocol):
    """The parts of a block that hold a level."""

    bucket: int
    limits: Limits
    history: History
    season: Season
    slots: SlotSums
    mean: PlainMean
    level: FastLevel
    spread: Spread
    line: DelayLine
    cusums: CusumBank
    thresholds: Thresholds
    windows: Windows
    lasting: LastingChange


def accept(block: Settler, seen: Bools) -> Array:
    """Close the windows that have lasted long enough, dated to the bucket before; returns their series (indices).

    Only where this bucket is `seen` and the last seen one was still elevated: else the window may be about to end.
    """
    windows, lasting = block.windows, block.lasting
    at = windows.open_series()
    at = at[(lasting.lasted[at] >= lasting.patience[at]) & (windows.calm[at] <= 0.0) & seen[at]]
    if at.size:
        block.season.keep_level(at[lasting.until[at] <= block.bucket])
        shift = lasting.accept(block.bucket, at)
        _move(block, shift)
        moved = shift.of_history()
        first, last = _slots(block, moved.at, windows.started[moved.at])
        block.history.shift(moved, first, last)
        for i in lasting.hasty(moved.at).nonzero()[0].tolist():  # perhaps the series began within an outage
            block.history.forget(int(moved.at[i]), int(first[i]) - RING + 1, int(first[i]) - 1)
        block.mean.rest_on(at, lasting.lasted[at])
        windows.close(at, np.full(at.size, block.bucket - 1))
    return at


def restore(block: Settler) -> None:
    """Go back to the level before where the series has gone back to it, and forget the time between."""
    lasting = block.lasting
    at = lasting.recent(block.bucket)
    at = at[lasting.run[at] >= block.thresholds.larger(at)]
    if not at.size:
        return
    since, back = lasting.since[at], lasting.run_start[at]
    shift = lasting.undo(at)
    _move(block, shift)
    block.season.return_to_level(at)
    moved = shift.of_history()
    first, last = _slots(block, moved.at, since[shift.past != 1.0])
    block.history.shift(moved, first, last)
    for series, *slots in zip(moved.at.tolist(), first.tolist(), last.tolist(), strict=True):
        block.history.forget(series, *slots)
    block.slots.forget(moved.at)
    block.line.forget(block.bucket, at, back)
    lasting.rescale(at, shift.factor)


def _slots(block: Settler, at: Array, since: Array) -> tuple[Array, Array]:
    """First and last slot in the store that hold buckets from `since` on: from the one that has its greater half."""
    phase = block.limits.phase[at]
    first = (since - phase + SLOT_MIN // 2) // SLOT_MIN
    return first, (block.bucket - phase) // SLOT_MIN - SLOTS_WAITING


def _move(block: Settler, shift: Shift) -> None:
    at = shift.at
    block.season.shift(shift)
    block.slots.shift(shift.of_history())
    block.mean.shift(shift)
    block.line.shift(shift)
    block.level.reset(at)
    block.spread.restart(at)
    block.cusums.reset(at, _ALL_TESTS, block.bucket - 1)
