"""The time of a file of events without clocks: the largest event time so far.

One wrong time must not move it: a record dated 2099 would end the file's time for good, and one dated 2000 that stands
first would leave everything behind it ahead of the log. So the first time, and any that is more than a day ahead,
counts only if at least half of the next ten records bear it out. A gap of some days without an event is borne out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from streams.contracts.times import DAY_MS, BadTime, parse_time_ms
from streams.replay.events_lines import Line
from streams.tally.watermark import AHEAD_OF_RECORD_MS, NO_CLOCK

LOOK_AHEAD = 10  # records: wrong times come one by one or from one client, and ten are read at no cost
MAX_GAP_MS = 60 * DAY_MS  # as in a series: nothing learnt before is left, and the file is more likely wrong
MAX_HELD_LINES = 1000  # lines without any time that may stand between those ten


class _Peek(msgspec.Struct):
    """What timing needs to see of a value."""

    time: str | int | float | msgspec.UnsetType = msgspec.UNSET


_decode_peek = msgspec.json.Decoder(_Peek).decode
_Timed = tuple[int, Line, int | None]


def timed(lines: Iterable[tuple[int, Line]]) -> Iterator[tuple[int, Line, int]]:
    """Each (number, line) with the file's time at it; NO_CLOCK before the first."""
    clock_ms = NO_CLOCK
    held: deque[_Timed] = deque()
    times: deque[int] = deque()  # of the held lines that have one
    rest = iter(lines)
    while True:
        while len(times) <= LOOK_AHEAD and len(held) < MAX_HELD_LINES and (line := next(rest, None)) is not None:
            time_ms = _time_of(line[1])
            held.append((*line, time_ms))
            if time_ms is not None:
                times.append(time_ms)
        if not held:
            return
        number, first, time_ms = held.popleft()
        if time_ms is not None:
            times.popleft()
            if _counts(time_ms, clock_ms, times):
                clock_ms = max(clock_ms, time_ms)
        yield number, first, clock_ms


def _counts(time_ms: int, clock_ms: int, following: Iterable[int]) -> bool:
    if clock_ms != NO_CLOCK:
        if time_ms <= clock_ms + AHEAD_OF_RECORD_MS:
            return True
        if time_ms > clock_ms + MAX_GAP_MS:
            return False
    near = [time_ms - DAY_MS <= other <= time_ms + MAX_GAP_MS for other in following]
    return 2 * sum(near) >= len(near) if near else clock_ms == NO_CLOCK


def _time_of(line: Line) -> int | None:
    try:
        peek = _decode_peek(line.value)
        return None if isinstance(peek.time, msgspec.UnsetType) else parse_time_ms(peek.time)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadTime):
        return None
