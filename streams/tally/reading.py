"""A batch of raw records, read against the clock of its partition: which events may count, are late, are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import compress
from operator import attrgetter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from streams.contracts.events import ClockRecord, ErrorEvent, Event
from streams.contracts.times import PANE_MS, BadTime, parse_time_ms
from streams.ingest.decode import BatchDecoder, Failure
from streams.ingest.refusals import Refused
from streams.ingest.time_column import NO_TIME, time_column
from streams.tally.columns import ErrorColumns, error_columns
from streams.tally.watermark import (
    AHEAD_OF_BROKER_MS,
    AHEAD_OF_RECORD_MS,
    NO_CLOCK,
    ClockMode,
    blind_steps,
    broker_clocks,
    record_clocks,
)

_TIME = attrgetter("time")


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records of one partition in offset order.

    `append_ms`: broker append times, needed under `clock = "broker"` only. `canaries`: positions of records that carry
    the canary header. `values`: None for a tombstone.
    """

    offsets: Sequence[int]
    values: Sequence[bytes | None]
    append_ms: Sequence[int] | None = None
    canaries: frozenset[int] = frozenset()


@dataclass(slots=True)
class Reading:
    """Events that may count, in columns that run parallel to `events`; what is late or refused beside them.

    `positions`: within the batch. `late`: (position, event, clock, clock before). Clocks in milliseconds, NO_CLOCK
    before the first; `clocks_before_ms` is what a restart at that very record must begin with. `first_clock_ms`: of the
    first record that has one, be it from before; `told_clock_ms`: the first that this batch itself tells. `columns`: of
    `events`, where they are errors.
    """

    events: Sequence[Event]
    positions: NDArray[np.int64]
    times_ms: NDArray[np.int64]
    panes: NDArray[np.int64]
    clocks_ms: NDArray[np.int64]
    clocks_before_ms: NDArray[np.int64]
    late: list[tuple[int, Event, int, int]] = field(default_factory=list)
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    blind: list[tuple[int, int]] = field(default_factory=list)
    first_clock_ms: int = NO_CLOCK
    told_clock_ms: int = NO_CLOCK
    clock_after_ms: int = NO_CLOCK
    columns: ErrorColumns | None = None


@cache
def _decoder(topic: str) -> BatchDecoder:
    return BatchDecoder(topic)


class UnreadErrors(Sequence[ErrorEvent]):
    """Errors of a batch, each decoded when somebody asks for it."""

    def __init__(self, values: Sequence[bytes], positions: NDArray[np.intp]) -> None:
        self._values = values
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return UnreadErrors(self._values, self._positions[at])
        return _decoder("errors").one(self._values[self._positions[at]])

    def where(self, kept: NDArray[np.bool_]) -> UnreadErrors:
        """Only those for which `kept` is true."""
        return UnreadErrors(self._values, self._positions[kept])


def _events(topic: str, values: Sequence[bytes]) -> tuple[Sequence[Event], dict[int, Failure], ErrorColumns | None]:
    """The events of a batch, what stands where there is none, and the events' columns where they are errors."""
    if topic != "errors":
        return (*_decoder(topic).present(values), None)
    columns, failures = error_columns(values)
    positions = np.arange(len(values))
    if failures:
        positions = np.delete(positions, list(failures))
    return UnreadErrors(values, positions), failures, columns


def read_batch(topic: str, batch: RecordBatch, mode: ClockMode, clock_ms: int, delay_ms: int) -> Reading:
    """Decodes and times a batch of `topic`. `clock_ms`: the clock before it."""
    values = batch.values if all(batch.values) else [v or b"" for v in batch.values]
    present, failures, columns = _events(topic, cast(Sequence[bytes], values))
    refused: list[tuple[int, Refused]] = []
    marks: dict[int, int] = {}  # clock records, by position
    for position, failure in failures.items():
        verdict = _mark_or_refusal(failure, position in batch.canaries and not values[position], mode)
        if isinstance(verdict, Refused):
            refused.append((position, verdict))
        elif verdict is not None:
            marks[position] = verdict
    clocks, before = _clocks(batch, mode, clock_ms, marks)
    positions = np.arange(len(values))
    if failures:
        positions = np.delete(positions, list(failures))
    times = time_column(list(map(_TIME, present))) if columns is None else columns.times_ms
    at_clock = clocks[positions]
    limit = _limits(batch, mode, positions, at_clock)
    bad, future = times == NO_TIME, times > limit
    panes = times // PANE_MS
    # Where append times go back, a record can be ahead of its own and behind W at once: it is refused, once.
    late = ~(bad | future) & ((panes + 1) * PANE_MS <= at_clock - delay_ms)
    reading = Reading(present, positions, times, panes, at_clock, before[positions], columns=columns)
    good = ~(bad | future | late)
    if not good.all():
        for i in np.flatnonzero(bad | future).tolist():
            refused.append((int(positions[i]), _time_refusal(present[i].time, bool(bad[i]))))
        for i in np.flatnonzero(late).tolist():
            reading.late.append((int(positions[i]), present[i], int(at_clock[i]), int(before[positions[i]])))
        reading.events = (
            present.where(good) if isinstance(present, UnreadErrors) else list(compress(present, good.tolist()))
        )
        reading.columns = None if columns is None else columns.rows(good)
        for column in ("positions", "times_ms", "panes", "clocks_ms", "clocks_before_ms"):
            setattr(reading, column, getattr(reading, column)[good])
    reading.refused = sorted(refused)
    reading.blind = blind_steps(clock_ms, marks)
    known = clocks[clocks != NO_CLOCK]
    reading.first_clock_ms = int(known[0]) if len(known) else NO_CLOCK
    reading.clock_after_ms = int(clocks[-1]) if len(clocks) else clock_ms
    told = 0 if mode == "broker" else min(marks, default=len(clocks))
    reading.told_clock_ms = int(clocks[told]) if told < len(clocks) else NO_CLOCK
    return reading


def _mark_or_refusal(failure: Refused | ClockRecord, is_canary: bool, mode: ClockMode) -> Refused | int | None:
    """The time of a clock record, None for a canary in its right place, else why the record is refused."""
    if is_canary:
        return None if mode == "broker" else Refused("clock_not_allowed", "a canary in a log timed by clock records")
    if isinstance(failure, Refused):
        return failure
    if mode == "broker":
        return Refused("clock_not_allowed", "a clock record in a log timed by its broker")
    try:
        return parse_time_ms(failure.clock)
    except BadTime as error:
        return Refused("bad_time", str(error))


def _clocks(
    batch: RecordBatch, mode: ClockMode, clock_ms: int, marks: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The clock at each record, and just before it."""
    if mode == "broker":
        if batch.append_ms is None:
            raise ValueError('clock = "broker" needs the append time of every record')
        clocks = broker_clocks(clock_ms, np.asarray(batch.append_ms, np.int64))
    else:
        clocks = record_clocks(clock_ms, len(batch.values), marks)
    before = np.empty_like(clocks)
    if len(clocks):
        before[0] = clock_ms
        before[1:] = clocks[:-1]
    return clocks, before


def _limits(
    batch: RecordBatch, mode: ClockMode, positions: NDArray[np.int64], clocks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The latest time that an event at each place may bear."""
    if mode == "broker":
        return np.asarray(batch.append_ms, np.int64)[positions] + AHEAD_OF_BROKER_MS
    return np.where(clocks == NO_CLOCK, np.iinfo(np.int64).max, clocks + AHEAD_OF_RECORD_MS)


def _time_refusal(value: str | int | float, bad: bool) -> Refused:
    if not bad:
        return Refused("time_in_future", f"{value!r} is ahead of the log")
    try:
        parse_time_ms(value)
    except BadTime as error:
        return Refused("bad_time", str(error))
    raise AssertionError("the two readers of time disagree")
