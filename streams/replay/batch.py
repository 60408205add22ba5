"""A stretch of one series as Kafka records with their arrival times, and the JSON pieces they are put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.replay.draws import Counts
from streams.replay.series import ScenarioSeries

# How long a record is under way: well under the 20 s that are allowed, enough to bring neighbours out of order.
DELAY_MS = (50, 5_000)
# Multiplying by this odd number (2**64 / golden ratio) walks through all 64-bit numbers once: ids never collide.
SPREAD = np.uint64(0x9E3779B97F4A7C15)


class LogRecord(NamedTuple):
    """One record to produce: bare topic name, key, JSON value, and the event time at which it arrives."""

    topic: str
    key: bytes
    value: bytes
    time_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one series, in no order; the three run parallel."""

    topic: str
    arrival_ms: NDArray[np.int64]
    keys: list[bytes]
    values: list[bytes]


class Writer(Protocol):
    """Turns counts of one series into records, stretch by stretch in order of time."""

    def batch(self, start_ms: int, counts: Counts) -> Batch:
        """Records of the minutes from `start_ms` on; `counts` has shape (minutes, regions)."""


def quoted(text: str) -> str:
    """`text` as a JSON string."""
    return msgspec.json.encode(text).decode()


def member(name: str, value: str | None) -> str:
    """`,"name":"value"`, or nothing for None or an empty value."""
    return f',"{name}":{quoted(value)}' if value else ""


def times_text(times_ms: NDArray[np.int64]) -> list[str]:
    """RFC 3339 with milliseconds, without the closing Z."""
    texts: list[str] = np.datetime_as_string(times_ms.astype("datetime64[ms]"), unit="ms").tolist()
    return texts


def opaque(series: ScenarioSeries, what: str, numbers: NDArray[np.int64]) -> list[str]:
    """Sixteen hex digits for each number, different for different numbers of the same series and `what`."""
    offset = np.uint64(series.rng(what).integers(0, 2**63))
    return [f"{value:016x}" for value in (numbers.astype(np.uint64) * SPREAD + offset).tolist()]


def repeat_cells(counts: Counts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Minute and region index of every single event."""
    cells = np.repeat(np.arange(counts.size), counts.ravel())
    return cells // counts.shape[1], cells % counts.shape[1]
