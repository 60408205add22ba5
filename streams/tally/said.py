"""The partition of `statements` or of `feedback`, read in offset order: what was said, and when it takes effect.

Nothing is counted here and nothing comes too late: what is said takes effect at its own time, or at W if that is later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

import msgspec
import numpy as np

from streams.catalogue import Catalogue
from streams.contracts.events import Feedback, Statement
from streams.contracts.tallies import Said
from streams.ingest.masking import MAX_TEXT_CHARS
from streams.ingest.refusals import Refused
from streams.ingest.time_column import NO_TIME, time_column
from streams.tally.checkpoint import Checkpoint
from streams.tally.fold import Outcome
from streams.tally.reading import RecordBatch, read_batch
from streams.tally.watermark import NO_CLOCK, ClockMode

SaidTopic = Literal["statements", "feedback"]


class SaidFold:
    """The fold of the one partition of `topic`, from a checkpoint on."""

    def __init__(
        self,
        topic: SaidTopic,
        clock_mode: ClockMode,
        allowed_delay_ms: int,
        catalogue: Catalogue,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        start = checkpoint or Checkpoint()
        self.topic = topic
        self.position = start.offset
        self.blind: list[tuple[int, int]] = []
        self._mode: ClockMode = clock_mode
        self._delay_ms = allowed_delay_ms
        self._catalogue = catalogue
        self._clock_ms = start.clock_ms
        self._reached = start.reached
        self._origin_ms = start.origin_ms
        self._said: list[tuple[str, Said]] = []

    @property
    def watermark_ms(self) -> int | None:
        """What is said from now on takes effect no earlier; None before the first clock."""
        return None if self._clock_ms == NO_CLOCK else self._clock_ms - self._delay_ms

    @property
    def origin_ms(self) -> int | None:
        """Event time of the first W."""
        return self._origin_ms

    def lose(self, next_offset: int) -> None:
        """The records before `next_offset` are gone unread: what they said is lost, but blinds no count."""
        self.position = next_offset

    def read(self, batch: RecordBatch) -> Outcome:
        """Takes a batch in. What the reader calls late is not lost here: it takes effect at W."""
        reading = read_batch(self.topic, batch, self._mode, self._clock_ms, self._delay_ms)
        outcome = Outcome()
        rows = [
            (int(position), event, int(time_ms), int(clock_ms))
            for position, event, time_ms, clock_ms in zip(
                reading.positions, reading.events, reading.times_ms, reading.clocks_ms, strict=True
            )
        ] + [(position, event, NO_CLOCK, clock_ms) for position, event, clock_ms, _ in reading.late]
        refused = list(reading.refused)
        for position, event, time_ms, clock_ms in sorted(rows, key=lambda row: row[0]):
            offset = int(batch.offsets[position])
            effective_ms = max(time_ms, clock_ms - self._delay_ms)
            refusal = self._take(cast(Statement | Feedback, event), effective_ms, offset)
            if refusal is not None:
                refused.append((position, refusal))
            elif offset >= self._reached:
                outcome.counts["accepted"] += 1
        fresh_from = int(np.searchsorted(batch.offsets, self._reached))
        outcome.refused = [(p, r) for p, r in sorted(refused) if p >= fresh_from]
        outcome.counts["refused"] = len(outcome.refused)
        if self._origin_ms is None and reading.first_clock_ms != NO_CLOCK:
            self._origin_ms = reading.first_clock_ms - self._delay_ms
        if len(batch.offsets):
            self._clock_ms = int(reading.clock_after_ms)
            self.position = int(batch.offsets[-1]) + 1
        return outcome

    def changed_said(self) -> Iterator[tuple[str, Said]]:
        """(service, what was said) since the last call, in log order."""
        yield from self._said
        self._said.clear()

    def checkpoint(self) -> Checkpoint:
        """Nothing is held, so a restart goes on where this ended."""
        return Checkpoint(self.position, self._clock_ms, max(self.position, self._reached), NO_CLOCK, self._origin_ms)

    def _take(self, event: Statement | Feedback, effective_ms: int, offset: int) -> Refused | None:
        if isinstance(event, Feedback):
            if event.until is not None and time_column([event.until])[0] == NO_TIME:
                return Refused("bad_time", f"until is not a time: {event.until!r}")
            self._said.append((service_of_window(event.window), Said(effective_ms, offset, feedback=event)))
            return None
        service = self._catalogue.resolve(event.about)
        if service is None:
            return Refused("unknown_about", f"no service or provider is called {event.about!r}")
        self._said.append((service, Said(effective_ms, offset, statement=_about(event, service))))
        return None


def service_of_window(window: str) -> str:
    """The service in a window id such as `twitter-20220714T115900Z`."""
    return window.rpartition("-")[0] or window


def _about(statement: Statement, service: str) -> Statement:
    """The statement with the service's id in the place of whatever name it used, and its text cut."""
    text = statement.text and statement.text[:MAX_TEXT_CHARS]
    if statement.about == service and text == statement.text:
        return statement
    return msgspec.structs.replace(statement, about=service, text=text)
