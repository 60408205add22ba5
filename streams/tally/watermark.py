"""W, the event time up to which a source partition counts no more: a pure fold over its log in offset order.

Two ways to tell the time of a log, by the setting `clock` of its prefix:

- `broker`: the largest append time so far. The broker's clock is the only one, so no client can push time.
- `record`: the last clock record, for replays and tests.

W is that clock minus the allowed delay, and never goes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streams.contracts.times import DAY_MS

ClockMode = Literal["broker", "record"]

NO_CLOCK = -(2**62)  # before the first clock; far below any time, and far enough from overflow to subtract from
AHEAD_OF_BROKER_MS = 60_000  # clocks of honest machines differ by seconds; a minute ahead is a wrong clock
AHEAD_OF_RECORD_MS = DAY_MS  # a replay's clock moves in steps, so only nonsense is refused
BLIND_STEP_MS = 90_000  # a clock record so much later than the one before: nobody looked in between


def broker_clocks(clock_ms: int, append_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """The clock at each offset of a batch, its own append time included."""
    return np.maximum(np.maximum.accumulate(append_ms), clock_ms)


def record_clocks(clock_ms: int, size: int, marks: Mapping[int, int]) -> NDArray[np.int64]:
    """The clock at each offset of a batch, given the clock records in it by position."""
    clocks = np.full(size, NO_CLOCK, np.int64)
    for position, mark_ms in marks.items():
        clocks[position] = mark_ms
    return broker_clocks(clock_ms, clocks)


def blind_steps(clock_ms: int, marks: Mapping[int, int]) -> list[tuple[int, int]]:
    """Stretches (from_ms, to_ms) over which clock records stepped too far to know what lay between."""
    steps = []
    for mark_ms in marks.values():
        if clock_ms != NO_CLOCK and mark_ms - clock_ms > BLIND_STEP_MS:
            steps.append((clock_ms, mark_ms))
        clock_ms = max(clock_ms, mark_ms)
    return steps
