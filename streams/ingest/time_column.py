"""The times of a batch, as one column of milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.contracts.times import EARLIEST_MS, LATEST_MS, BadTime, parse_time_ms
from streams.ingest.compiled import compiled
from streams.ingest.rfc3339 import UNREAD, read_time_ms
from streams.ingest.words import Bytes

NO_TIME = int(np.iinfo(np.int64).min)  # stands for a time that is none

__all__ = ["NO_TIME", "UNREAD", "time_column", "time_of"]


def time_of(value: str | int | float) -> int:
    """Milliseconds of one time, NO_TIME where it is none."""
    try:
        return parse_time_ms(value)
    except BadTime:
        return NO_TIME


def time_column(times: Sequence[str | int | float]) -> NDArray[np.int64]:
    """Milliseconds of each time, NO_TIME where it is none (see parse_time_ms)."""
    try:
        text = "".join(times).encode("ascii")  # type: ignore[arg-type]  # refuses whatever is no text
    except (TypeError, UnicodeEncodeError):
        if set(map(type, times)) == {float}:
            return _float_column(np.array(times, np.float64))
        return np.fromiter(map(time_of, times), np.int64, len(times))
    bounds = np.zeros(len(times) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, times), np.int64, len(times)), out=bounds[1:])  # type: ignore[arg-type]
    millis = np.empty(len(times), np.int64)
    if not _read_times(np.frombuffer(text, np.uint8), bounds, millis):
        for row in np.flatnonzero(millis == UNREAD).tolist():
            millis[row] = time_of(times[row])
    return millis


@compiled
def _read_times(text: Bytes, bounds: NDArray[np.int64], millis: NDArray[np.int64]) -> bool:
    """Fills in what is written as usual, UNREAD elsewhere; whether that is all of them."""
    every = True
    for row in range(len(millis)):
        millis[row] = read_time_ms(text, bounds[row], bounds[row + 1])
        every &= millis[row] != UNREAD
    return every


def _float_column(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    with np.errstate(invalid="ignore", over="ignore"):
        millis = np.floor(np.round(seconds * 1_000_000) / 1000)
    good = (millis >= EARLIEST_MS) & (millis <= LATEST_MS)
    return np.where(good, np.where(good, millis, 0).astype(np.int64), NO_TIME)
