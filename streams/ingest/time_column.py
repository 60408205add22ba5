"""The times of a batch, as one column of milliseconds.

Nearly all times of a batch are written alike, so they are read as a block of digits; what differs goes through
`parse_time_ms`, with the same result to the millisecond (a property test holds the two together).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from streams.contracts.times import DAY_MS, EARLIEST_MS, LATEST_MS, BadTime, parse_time_ms
from streams.ingest.uniform import Texts, Words

NO_TIME = np.iinfo(np.int64).min  # stands for a time that is none

_TEMPLATE = b"0000-00-00T00:00:00.000Z"
_DIGITS = np.array([i for i, c in enumerate(_TEMPLATE) if c == ord("0")])
_MARKS = np.array([i for i, c in enumerate(_TEMPLATE) if c != ord("0")])
_MARK_BYTES = np.frombuffer(_TEMPLATE, np.uint8)[_MARKS]
_WEIGHTS = np.array([1000, 100, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 100, 10, 1], np.int64)
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_DAYS_BEFORE_MONTH = np.concatenate([[0, 0], np.cumsum(_DAYS_IN_MONTH[1:-1])])

MINUTES_READ_ONCE = 8  # a batch of a busy partition spans seconds; beyond it, reading all digits is no slower

# A row of text and its end of line; beside the single bytes as three words: `2022-07-`, `14T12:01` and `:07.250Z`.
_ROW = np.dtype(
    {
        "names": ["digits", "date", "minute", "second", "end"],
        "formats": [(np.uint8, 24), "<u8", "<u8", "<u8", np.uint8],
        "offsets": [0, 0, 8, 16, 24],
        "itemsize": 25,
    }
)


def _word(byte_values: Sequence[int]) -> np.uint64:
    return np.uint64(int.from_bytes(bytes(byte_values), "little"))


_SECOND_ZEROS = _word(b":00.000Z")
_SECOND_ROOM = _word([0x7F - most for most in (0, 5, 9, 0, 9, 9, 9, 0)])  # added to a byte above `most`: its high bit
_HIGH_BITS = _word([0x80] * 8)
_SECOND_WEIGHTS = np.array([0, 10_000, 1_000, 0, 100, 10, 1, 0], np.float32)  # 59,999 is exact in a float


def time_column(times: Sequence[str | int | float]) -> NDArray[np.int64]:
    """Milliseconds of each time, NO_TIME where it is none (see parse_time_ms)."""
    if not times:
        return np.empty(0, np.int64)
    try:
        text = "\n".join(times) + "\n"  # type: ignore[arg-type]  # refuses whatever is no text
    except TypeError:
        if set(map(type, times)) == {float}:
            return _float_column(np.array(times, np.float64))
        return np.fromiter(map(_one, times), np.int64, len(times))
    return _rfc3339_column(text, cast(Sequence[str], times))


def _one(value: str | int | float) -> int:
    try:
        return parse_time_ms(value)
    except BadTime:
        return int(NO_TIME)


def _float_column(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    with np.errstate(invalid="ignore", over="ignore"):
        millis = np.floor(np.round(seconds * 1_000_000) / 1000)
    good = (millis >= EARLIEST_MS) & (millis <= LATEST_MS)
    return np.where(good, np.where(good, millis, 0).astype(np.int64), NO_TIME)


def _rfc3339_column(text: str, times: Sequence[str]) -> NDArray[np.int64]:
    """`text`: all times, each with an end of line."""
    width = len(_TEMPLATE) + 1
    if len(text) != width * len(times) or not text.isascii():
        return np.fromiter(map(_one, times), np.int64, len(times))
    rows = np.frombuffer(text.encode(), _ROW)
    # As many ends of lines as times, each at the end of a row: so the rows are the times.
    if text.count("\n") != len(times) or not (rows["end"] == ord("\n")).all():
        return np.fromiter(map(_one, times), np.int64, len(times))
    millis = _within_minutes(rows["date"], rows["minute"], rows["second"], times)
    return _by_digits(rows["digits"], times) if millis is None else millis


def time_column_of(times: Texts) -> NDArray[np.int64]:
    """As `time_column`, for texts that are still part of their records."""
    if times.width() == len(_TEMPLATE):
        millis = _within_minutes(times.words(0), times.words(8), times.words(16), times)
        if millis is not None:
            return millis
    return time_column(times.strings())


def _within_minutes(date: Words, minute: Words, second: Words, times: Sequence[str]) -> NDArray[np.int64] | None:
    """Where few minutes occur, as usual, each is read once, and of every time only the seconds. Else None.

    Each time is three words of eight characters.
    """
    digits = second ^ _SECOND_ZEROS  # the marks become zero and digits their value, byte by byte
    if (((digits + _SECOND_ROOM) | digits) & _HIGH_BITS).any():  # some byte is larger than there may stand
        return None
    millis = (digits.view(np.uint8).reshape(-1, 8).astype(np.float32) @ _SECOND_WEIGHTS).astype(np.int64)
    left = np.ones(len(date), np.bool_)
    for _ in range(MINUTES_READ_ONCE):
        first = int(left.argmax())
        same = (date == date[first]) & (minute == minute[first])
        start_ms = _one(times[first][:16] + ":00.000Z")
        if start_ms == NO_TIME:
            return None
        millis += start_ms if same.all() else same * np.int64(start_ms)
        left &= ~same
        if not left.any():
            return millis
    return None


def _by_digits(block: NDArray[np.uint8], times: Sequence[str]) -> NDArray[np.int64]:
    digits = block[:, _DIGITS] - ord("0")  # wraps below "0": still more than 9
    usual = (block[:, _MARKS] == _MARK_BYTES).all(axis=1) & (digits <= 9).all(axis=1)
    parts = digits * _WEIGHTS
    year = parts[:, 0:4].sum(axis=1)
    month, day, hour, minute, second = (parts[:, i : i + 2].sum(axis=1) for i in (4, 6, 8, 10, 12))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    month_ok = (month >= 1) & (month <= 12)
    in_table = np.where(month_ok, month, 0)
    last_day = _DAYS_IN_MONTH[in_table] + (leap & (month == 2))
    usual &= month_ok & (day >= 1) & (day <= last_day) & (hour < 24) & (minute < 60) & (second < 60) & (year >= 2000)
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE_MONTH[in_table]
    days += day + (leap & (month > 2)) - 719_163  # days of 0001-01-01 .. 1970-01-01
    millis: NDArray[np.int64] = days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1000
    millis += parts[:, 14:17].sum(axis=1)
    for i in np.flatnonzero(~usual).tolist():
        millis[i] = _one(times[i])
    return millis
