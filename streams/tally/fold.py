"""One source partition of `errors` or `reports`, read in offset order: what is counted, late, repeated or refused.

A pure fold: the same log gives the same result whatever the sizes of batches and flushes, and however often it is
read again from a checkpoint.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from streams.catalogue import Catalogue
from streams.contracts.events import OTHER, ErrorEvent, Report, Signal
from streams.contracts.tallies import Row
from streams.contracts.times import DAY_MS, PANE_MS, QUARTER_MS
from streams.ingest.refusals import Refused
from streams.tally.checkpoint import Checkpoint
from streams.tally.error_columns import count_errors
from streams.tally.panes import Pane
from streams.tally.reading import Reading, RecordBatch, read_batch
from streams.tally.watermark import NO_CLOCK, ClockMode

Column = NDArray[np.int64]

__all__ = ["Outcome", "PartitionFold", "RecordBatch"]

MAX_BEFORE_CLOCK_MS = DAY_MS  # an event that much older than the first clock is nonsense: no years of buckets for it


@dataclass(slots=True)
class Outcome:
    """What a batch came to, for offsets that had not been reached before. Positions are within the batch.

    `counts`: accepted, duplicate, late, refused and unknown_service *records*. `unknown`: names nobody knows.
    """

    refused: list[tuple[int, Refused]] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


class PartitionFold:
    """The fold of one partition of `signal`'s topic, from a checkpoint on."""

    def __init__(
        self,
        signal: Signal,
        clock_mode: ClockMode,
        allowed_delay_ms: int,
        catalogue: Catalogue,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        start = checkpoint or Checkpoint()
        self.signal = signal
        self.position = start.offset
        self.blind: list[tuple[int, int]] = []
        self._mode: ClockMode = clock_mode
        self._delay_ms = allowed_delay_ms
        self._catalogue = catalogue
        self._clock_ms = start.clock_ms
        self._reached = start.reached
        self._muted_ms = start.sealed_ms
        self._origin_ms = start.origin_ms
        self._panes: dict[int, Pane] = {}
        self._touched: set[int] = set()
        self._quarters: dict[int, _Quarter] = {}
        self._lost_from_ms: int | None = None
        self._before_loss: Checkpoint | None = None

    @property
    def watermark_ms(self) -> int | None:
        """Panes that end by then count no more; None before the first clock."""
        return None if self._clock_ms == NO_CLOCK else self._clock_ms - self._delay_ms

    @property
    def origin_ms(self) -> int | None:
        """Event time from which on the partition is known: its first W, or an event counted before there was one."""
        return self._origin_ms

    def lose(self, next_offset: int) -> None:
        """The records before `next_offset` are gone unread: from the last clock to the next one we were blind."""
        self._lost_from_ms = self._clock_ms
        self._before_loss = self.checkpoint()
        self.position = next_offset

    def read(self, batch: RecordBatch) -> Outcome:
        """Counts a batch in. Its offsets must go on where the last one ended (gaps of a compacted log are fine)."""
        reading = read_batch(self.signal, batch, self._mode, self._clock_ms, self._delay_ms)
        self.blind += reading.blind
        if self._lost_from_ms is not None and reading.told_clock_ms != NO_CLOCK:
            if self._lost_from_ms != NO_CLOCK:
                self.blind.append((self._lost_from_ms - self._delay_ms, reading.told_clock_ms))
            self._lost_from_ms = self._before_loss = None
        outcome = Outcome()
        fresh_from = bisect_left(batch.offsets, self._reached)
        for position, refused in reading.refused:
            if position >= fresh_from:
                outcome.refused.append((position, refused))
        outcome.counts["refused"] = len(outcome.refused)
        self._note_origin(reading)
        self._note_late(reading, outcome, fresh_from, batch)
        if self.signal == "errors":
            self._count_errors(reading, outcome, fresh_from, batch)
        else:
            self._count_reports(reading, outcome, fresh_from, batch)
        if len(batch.offsets):
            self._clock_ms = int(reading.clock_after_ms)
            self.position = int(batch.offsets[-1]) + 1
        return outcome

    def changed_rows(self) -> Iterator[Row]:
        """Cumulative rows of what changed since the last call, oldest pane first. Forgets panes that W has passed."""
        for pane in sorted(self._touched):
            for _, row in self._panes[pane].changed_rows():
                yield row
        self._touched.clear()
        watermark = self.watermark_ms
        if watermark is not None:
            for pane in [p for p in self._panes if (p + 1) * PANE_MS <= watermark]:
                del self._panes[pane]
            for quarter in [q for q in self._quarters if (q + 1) * QUARTER_MS <= watermark]:
                del self._quarters[quarter]

    def checkpoint(self) -> Checkpoint:
        """From where a restart counts the same: the first offset of the oldest unsealed pane (reports: quarter)."""
        if self._before_loss is not None:
            return self._before_loss  # how long we were blind is not known yet: a restart must find the gap again
        watermark = self.watermark_ms
        offset, clock_ms = self.position, self._clock_ms
        sealed_ms = NO_CLOCK if watermark is None else watermark
        held: list[tuple[int, int]] = [
            (p.first_offset, p.clock_before_ms) for p in self._panes.values() if (p.index + 1) * PANE_MS > sealed_ms
        ]
        held += [
            (q.first_offset, q.clock_before_ms) for i, q in self._quarters.items() if (i + 1) * QUARTER_MS > sealed_ms
        ]
        if held:
            offset, clock_ms = min(held)
        return Checkpoint(
            offset, clock_ms, max(self.position, self._reached), max(sealed_ms, self._muted_ms), self._origin_ms
        )

    def _note_origin(self, reading: Reading) -> None:
        """Only the first clock, and what was counted before it, can set where the partition begins to be known."""
        if self._origin_ms is not None and self._clock_ms != NO_CLOCK:
            return
        known = [] if self._origin_ms is None else [self._origin_ms]
        before = reading.clocks_ms == NO_CLOCK
        if before.any():
            known.append(int(reading.panes[before].min()) * PANE_MS)
        if reading.first_clock_ms != NO_CLOCK:
            first_ms = reading.first_clock_ms - self._delay_ms
            known = [max(min([first_ms, *known]), first_ms - MAX_BEFORE_CLOCK_MS)]
        self._origin_ms = min(known) if known else None

    def _note_late(self, reading: Reading, outcome: Outcome, fresh_from: int, batch: RecordBatch) -> None:
        """A late record counts as late in the pane in which W stood when it came: that pane is not yet sealed."""
        for position, event, clock_ms, clock_before_ms in reading.late:
            pane = self._pane((clock_ms - self._delay_ms) // PANE_MS, int(batch.offsets[position]), clock_before_ms)
            service = self._catalogue.resolve(cast(ErrorEvent | Report, event).service)
            pane.service(service or OTHER).late += 1
            if position >= fresh_from:
                outcome.late.append(position)
        outcome.counts["late"] = len(outcome.late)

    def _pane(self, index: int, offset: int, clock_before_ms: int) -> Pane:
        self._touched.add(index)
        pane = self._panes.get(index)
        if pane is None:
            muted = (index + 1) * PANE_MS <= self._muted_ms
            pane = self._panes[index] = Pane(index, offset, clock_before_ms, muted=muted)
        elif offset < pane.first_offset:  # late ones are noted before the rest of their batch
            pane.first_offset, pane.clock_before_ms = offset, clock_before_ms
        return pane

    def _count_errors(self, reading: Reading, outcome: Outcome, fresh_from: int, batch: RecordBatch) -> None:
        every = reading.columns
        assert every is not None, "errors are read as columns"
        old, size = int(np.searchsorted(reading.positions, fresh_from)), len(reading.positions)
        # A batch that straddles the position reached is counted in two steps, so that only its new part is reported.
        for start, stop, reported in ((0, old, False), (old, size, True)):
            if start == stop:
                continue
            columns = every if stop - start == size else every.rows(slice(start, stop))
            positions, clocks_before = reading.positions[start:stop], reading.clocks_before_ms[start:stop]

            def pane_at(index: int, row: int, positions: Column = positions, before: Column = clocks_before) -> Pane:
                return self._pane(index, int(batch.offsets[positions[row]]), int(before[row]))

            repeats, unknown = count_errors(columns, reading.panes[start:stop], self._catalogue, pane_at)
            if reported:
                outcome.counts["duplicate"] += repeats
                outcome.counts["accepted"] += stop - start - repeats
                outcome.counts["unknown_service"] += unknown.total()
                outcome.unknown += unknown

    def _count_reports(self, reading: Reading, outcome: Outcome, fresh_from: int, batch: RecordBatch) -> None:
        """Counts reports in log order, not by pane: the first of a reporter in a quarter is the first to arrive."""
        resolve, region_of = self._catalogue.resolve, self._catalogue.region
        columns = (reading.panes.tolist(), reading.positions.tolist(), reading.clocks_before_ms.tolist())
        panes: dict[int, Pane] = {}
        events = cast(Sequence[Report], reading.events)
        for index, position, clock_before_ms, event in zip(*columns, events, strict=True):
            offset = int(batch.offsets[position])
            pane = panes.get(index)
            if pane is None:
                pane = panes[index] = self._pane(index, offset, clock_before_ms)
            service = resolve(event.service)
            repeated = self._is_repeat(pane, service, event, offset, clock_before_ms)
            if not repeated:
                pane.add_report(service, region_of(service or OTHER, event.region), event)
            if position >= fresh_from:
                outcome.counts["duplicate" if repeated else "accepted"] += 1
                if service is None and not repeated:
                    outcome.counts["unknown_service"] += 1
                    outcome.unknown[event.service] += 1

    def _is_repeat(self, pane: Pane, service: str | None, event: Report, offset: int, clock_before_ms: int) -> bool:
        if not event.reporter:
            return pane.is_repeat(event.id)
        index = pane.index * PANE_MS // QUARTER_MS
        quarter = self._quarters.get(index)
        if quarter is None:
            quarter = self._quarters[index] = _Quarter(offset, clock_before_ms)
        return quarter.seen(service or event.service, event.reporter)


class _Quarter:
    """Who reported what in an aligned quarter of an hour."""

    __slots__ = ("_seen", "clock_before_ms", "first_offset")

    def __init__(self, first_offset: int, clock_before_ms: int) -> None:
        self.first_offset = first_offset
        self.clock_before_ms = clock_before_ms
        self._seen: set[tuple[str, str]] = set()

    def seen(self, service: str, reporter: str) -> bool:
        """Whether this reporter spoke of this service before; from now on, yes."""
        before = len(self._seen)
        self._seen.add((service, reporter))
        return len(self._seen) == before
