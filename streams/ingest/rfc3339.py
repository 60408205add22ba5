"""Times as most programs write them, read from bytes: `2022-07-14T12:01:07.250Z`, also with an offset.

What is written otherwise is left to `parse_time_ms`; a property test holds the two together.
"""

from __future__ import annotations

import numpy as np

from streams.contracts.times import EARLIEST_MS, LATEST_MS
from streams.ingest.compiled import compiled
from streams.ingest.words import Bytes, Int

UNREAD = -1  # no time that counts is before 1970, so no time has this value

_ZERO, _DOT, _COLON, _MINUS, _PLUS = ord("0"), ord("."), ord(":"), ord("-"), ord("+")
_T, _Z = ord("T"), ord("Z")
_SHORTEST = len("0000-00-00T00:00:00Z")
_MINUTE_MS, _DAY_MS = 60_000, 86_400_000


@compiled
def _two(text: Bytes, at: Int) -> Int:
    """Two digits as a number, far below zero where they are none."""
    tens, ones = np.int64(text[at]) - _ZERO, np.int64(text[at + 1]) - _ZERO
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return -100_000
    return tens * 10 + ones


@compiled
def _days(year: Int, month: Int, day: Int) -> Int:
    """Days since 1970-01-01; -1 where there is no such day.

    Counted in years that begin in March, so that the leap day comes last (Howard Hinnant, "chrono-Compatible Low-Level
    Date Algorithms", 2014).
    """
    if month < 1 or month > 12 or day < 1 or year < 1970:
        return -1
    last = 31
    if month == 2:
        last = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    elif month == 4 or month == 6 or month == 9 or month == 11:
        last = 30
    if day > last:
        return -1
    shifted = year - 1 if month <= 2 else year
    of_era = shifted % 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (shifted // 400) * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled
def read_time_ms(text: Bytes, at: Int, end: Int) -> Int:
    """Milliseconds of the time in `text[at:end]`, fractions cut; UNREAD where it is written otherwise, or none."""
    if end - at < _SHORTEST or text[at + 10] != _T or text[at + 4] != _MINUS or text[at + 7] != _MINUS:
        return UNREAD
    if text[at + 13] != _COLON or text[at + 16] != _COLON:
        return UNREAD
    days = _days(_two(text, at) * 100 + _two(text, at + 2), _two(text, at + 5), _two(text, at + 8))
    hour, minute, second = _two(text, at + 11), _two(text, at + 14), _two(text, at + 17)
    if days < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return UNREAD
    time_ms = days * _DAY_MS + (hour * 60 + minute) * _MINUTE_MS + second * 1000
    rest = at + 19
    if text[rest] == _DOT:
        rest += 1
        worth, first = 100, rest
        while rest < end and _ZERO <= text[rest] <= _ZERO + 9:
            time_ms += (np.int64(text[rest]) - _ZERO) * worth
            worth //= 10
            rest += 1
        if rest == first or rest - first > 9:
            return UNREAD
    if end - rest == 1 and text[rest] == _Z:
        pass
    elif end - rest == 6 and text[rest + 3] == _COLON and (text[rest] == _PLUS or text[rest] == _MINUS):
        hours, minutes = _two(text, rest + 1), _two(text, rest + 4)
        if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
            return UNREAD
        offset_ms = (hours * 60 + minutes) * _MINUTE_MS
        time_ms += offset_ms if text[rest] == _MINUS else -offset_ms
    else:
        return UNREAD
    return time_ms if EARLIEST_MS <= time_ms <= LATEST_MS else UNREAD
