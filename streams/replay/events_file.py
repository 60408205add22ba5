"""A file of raw events through the pure core: its lines go where the live system would have had them.

How a file looks is told in `events_lines`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from streams.catalogue import Catalogue
from streams.contracts.tallies import History
from streams.contracts.times import DAY_MS, EARLIEST_MS, rfc3339
from streams.contracts.windows import Window
from streams.ingest.placement import partition_of, record_key
from streams.ingest.refusals import Refused
from streams.replay.events_lines import EventsFileError, Line, Survey, clock_of, lines_of, survey
from streams.replay.file_time import MAX_GAP_MS, timed
from streams.replay.pipeline import Pipeline
from streams.tally.watermark import NO_CLOCK

__all__ = ["EventsFileError", "backtest_events"]

TURN_LINES = 5000  # lines read between two turns of the pipeline; changes nothing but speed and memory
Source = tuple[str, int]


_decode_object = msgspec.json.Decoder(dict[str, object]).decode


def backtest_events(
    path: Path,
    catalogue: Catalogue,
    *,
    prefix: str,
    partitions: int = 8,
    allowed_delay_s: float = 20,
    tallies_partitions: int = 4,
    history: Iterator[History] | None = None,
    on_refused: Callable[[int, str, Refused], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Window]:
    """Every window revision that the live system publishes for the same logs, in order.

    `on_refused(line, topic, why)`; `on_progress(lines done, lines in all)`. Raises EventsFileError. Nothing is flushed
    at the end: a window that is open stays open.
    """
    found = survey(path, partitions)
    numbers: dict[Source, list[int]] = {}

    def refused(topic: str, partition: int, offset: int, why: Refused) -> None:
        if on_refused is not None:
            on_refused(numbers[topic, partition][offset], topic, why)

    pipeline = Pipeline(
        catalogue,
        mode="record" if found.has_clocks else "broker",
        partitions=found.partitions,
        prefix=prefix,
        allowed_delay_s=allowed_delay_s,
        tallies_partitions=tallies_partitions,
        on_refused=refused,
    )
    if history is not None:
        pipeline.warm_up(history)
    feeder = _Feeder(pipeline, found, numbers, path)
    lines = ((n, line, NO_CLOCK) for n, line in lines_of(path)) if found.has_clocks else timed(lines_of(path))
    for done, (number, line, clock_ms) in enumerate(lines, 1):
        feeder.feed(number, line, clock_ms)
        if done == found.lines:
            feeder.finish()
        if done % TURN_LINES == 0 or done == found.lines:
            feeder.tell_time()
            yield from pipeline.turn()
            if on_progress is not None:
                on_progress(done, found.lines)


class _Feeder:
    """Puts lines where the live system would, and moves time as the file says."""

    def __init__(self, pipeline: Pipeline, found: Survey, numbers: dict[Source, list[int]], path: Path) -> None:
        self._pipeline = pipeline
        self._found = found
        self._path = path
        self._numbers = numbers
        self._clock_ms = self._line_clock_ms = NO_CLOCK
        self._timeless: list[tuple[int, Source, bytes]] = []  # before the first time in a file without clocks
        self._sources = [(t, p) for t, count in found.partitions.items() for p in range(count)]
        for source in self._sources:
            numbers[source] = []
        topics_with_clocks = {topic for topic, _ in found.clocked}
        # In a dump each partition has clocks of its own. A topic that has none was left out of the dump, or stood
        # still: it is taken as complete, its time the slowest of the others.
        self._follow = [s for s in self._sources if found.clocked and s[0] not in topics_with_clocks]
        self._own: dict[Source, int] = dict.fromkeys(found.clocked, NO_CLOCK)

    def feed(self, number: int, line: Line, clock_ms: int) -> None:
        """Appends one line's record. `clock_ms`: the time at it, in a file without clocks.

        Raises EventsFileError for a clock line without a time, or with one that cannot be meant.
        """
        if line.topic == "clock":
            self._clock_line(number, line)
            return
        source = (line.topic, self._place(line))
        if not self._found.has_clocks:
            self._move(clock_ms)
        elif source in self._own:
            self._own[source] = max(self._own[source], clock_of(line) or NO_CLOCK)
        self._append(number, source, bytes(line.value))

    def tell_time(self) -> None:
        """Moves partitions that have no clock of their own up to the time of the others."""
        if not self._found.has_clocks:
            for source in self._sources if self._clock_ms != NO_CLOCK else ():
                self._numbers[source].append(0)
                self._pipeline.append(*source, b"", self._clock_ms, canary=True)
        elif self._follow and (slowest := min(self._own.values())) != NO_CLOCK:
            for source in self._follow:
                self._append(0, source, _clock_record(slowest))

    def finish(self) -> None:
        """At the end of the file: what came before any time is read all the same, to be refused."""
        if self._timeless:
            self._begin(EARLIEST_MS + DAY_MS)  # any time will do: nothing of it can count

    def _clock_line(self, number: int, line: Line) -> None:
        clock_ms = clock_of(line)
        if clock_ms is None:
            usage = '{"topic": "clock", "value": {"clock": "2022-07-14T12:00:00Z"}}'
            raise EventsFileError(f"{self._path}:{number}: no time in a clock line; write {usage}")
        if self._line_clock_ms != NO_CLOCK and clock_ms > self._line_clock_ms + MAX_GAP_MS:
            days = (clock_ms - self._line_clock_ms) // DAY_MS
            raise EventsFileError(
                f"{self._path}:{number}: the clock jumps by {days:,} days, at most {MAX_GAP_MS // DAY_MS} can be "
                "followed; take the line out, or split the file there"
            )
        self._line_clock_ms = max(self._line_clock_ms, clock_ms)
        for source in self._sources:
            self._append(number, source, _clock_record(clock_ms))

    def _append(self, number: int, source: Source, value: bytes) -> None:
        if not self._found.has_clocks and self._clock_ms == NO_CLOCK:
            self._timeless.append((number, source, value))
            return
        self._numbers[source].append(number)
        if self._found.has_clocks:
            self._pipeline.append(*source, value)
        else:
            self._pipeline.append(*source, value, self._clock_ms)

    def _place(self, line: Line) -> int:
        if line.partition is not None:
            return line.partition
        try:
            key = record_key(line.topic, _decode_object(line.value))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            key = ""  # refused wherever it lies
        return partition_of(key, self._found.partitions[line.topic])

    def _move(self, clock_ms: int) -> None:
        if self._clock_ms == NO_CLOCK and clock_ms != NO_CLOCK:
            self._begin(clock_ms)
        self._clock_ms = clock_ms

    def _begin(self, time_ms: int) -> None:
        """The file's first time: from then on every partition is known, whether it holds an event or not."""
        self._clock_ms = time_ms
        self.tell_time()
        timeless, self._timeless = self._timeless, []
        for number, source, value in timeless:
            self._append(number, source, value)


def _clock_record(clock_ms: int) -> bytes:
    return msgspec.json.encode({"clock": rfc3339(clock_ms)})
