"""The times of a batch, as one column of milliseconds.

Nearly all times of a batch are written alike, so they are read as a block of digits; what differs goes through
`parse_time_ms`, with the same result to the millisecond (a property test holds the two together).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.contracts.times import DAY_MS, EARLIEST_MS, LATEST_MS, BadTime, parse_time_ms

NO_TIME = np.iinfo(np.int64).min  # stands for a time that is none

_TEMPLATE = b"0000-00-00T00:00:00.000Z"
_DIGITS = np.array([i for i, c in enumerate(_TEMPLATE) if c == ord("0")])
_MARKS = np.array([i for i, c in enumerate(_TEMPLATE) if c != ord("0")])
_MARK_BYTES = np.frombuffer(_TEMPLATE, np.uint8)[_MARKS]
_WEIGHTS = np.array([1000, 100, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 100, 10, 1], np.int64)
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_DAYS_BEFORE_MONTH = np.concatenate([[0, 0], np.cumsum(_DAYS_IN_MONTH[1:-1])])


def time_column(times: Sequence[str | int | float]) -> NDArray[np.int64]:
    """Milliseconds of each time, NO_TIME where it is none (see parse_time_ms)."""
    if not times:
        return np.empty(0, np.int64)
    kinds = set(map(type, times))
    if kinds == {str}:
        return _rfc3339_column(times)  # type: ignore[arg-type]
    if kinds == {float}:
        return _float_column(np.array(times, np.float64))
    return np.fromiter(map(_one, times), np.int64, len(times))


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


def _rfc3339_column(times: Sequence[str]) -> NDArray[np.int64]:
    text = "".join(times)
    width = len(_TEMPLATE)
    if len(text) != width * len(times) or not text.isascii() or set(map(len, times)) != {width}:
        return np.fromiter(map(_one, times), np.int64, len(times))
    block = np.frombuffer(text.encode(), np.uint8).reshape(-1, width)
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
