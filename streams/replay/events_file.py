"""A file of raw events through the pure core: `outages backtest --events FILE.ndjson[.gz]`.

One JSON object a line, in arrival order: `{"topic": "errors", "value": {...}}`, optionally with `partition`; also
`reports`, `statements`, `feedback`, and `{"topic": "clock", "value": {"clock": "..."}}`, which moves time in every
partition at once. A clock record as the value of an input topic moves its own partition only, as in a dump.

A file without clocks is taken as complete: its time is the largest event time so far.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from streams.catalogue import Catalogue
from streams.contracts.events import INPUT_TOPICS
from streams.contracts.tallies import History
from streams.contracts.times import BadTime, parse_time_ms
from streams.contracts.windows import Window
from streams.ingest.placement import partition_of, record_key
from streams.ingest.refusals import Refused
from streams.replay.pipeline import Pipeline
from streams.tally.watermark import AHEAD_OF_RECORD_MS, NO_CLOCK

TURN_LINES = 5000  # lines read between two turns of the pipeline; changes nothing but speed and memory
SINGLE = ("statements", "feedback")  # topics of one partition by contract


class EventsFileError(ValueError):
    """The file cannot be read as events: `FILE:LINE: cause; remedy`."""


class Line(msgspec.Struct):
    """One line of the file; `value` as its bytes stand there."""

    topic: str
    value: msgspec.Raw
    partition: int | None = None


class _Peek(msgspec.Struct):
    """What placing and timing need to see of a value."""

    clock: str | int | float | msgspec.UnsetType = msgspec.UNSET
    time: str | int | float | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass tells of a file: how it is timed, and how many partitions each topic has at least."""

    lines: int
    has_clocks: bool
    partitions: Mapping[str, int]
    clocked: frozenset[tuple[str, int]]  # partitions with clock records of their own


_decode_line = msgspec.json.Decoder(Line).decode
_decode_peek = msgspec.json.Decoder(_Peek).decode
_decode_object = msgspec.json.Decoder(dict[str, object]).decode


def lines_of(path: Path) -> Iterator[tuple[int, Line]]:
    """(line number, line) of each line that is not empty. Raises EventsFileError."""
    try:
        with gzip.open(path, "rb") if _is_gzip(path) else path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    yield number, _line(path, number, text)
    except (OSError, EOFError) as error:
        raise EventsFileError(f"{path}: {error}; give a readable NDJSON file, plain or gzip") from error


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _line(path: Path, number: int, text: bytes) -> Line:
    try:
        line = _decode_line(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventsFileError(
            f'{path}:{number}: {error}; each line is {{"topic": "errors", "value": {{...}}}}'
        ) from error
    if line.topic not in INPUT_TOPICS and line.topic != "clock":
        known = ", ".join((*INPUT_TOPICS, "clock"))
        raise EventsFileError(f"{path}:{number}: no topic is called {line.topic!r}; use one of {known}")
    if line.partition is not None and not 0 <= line.partition < 10_000:
        raise EventsFileError(f"{path}:{number}: partition {line.partition} is none; count from 0")
    return line


def survey(path: Path, default_partitions: int) -> Survey:
    """Reads the file once. Raises EventsFileError for the first line that cannot be read."""
    count, has_clocks = 0, False
    most = dict.fromkeys(INPUT_TOPICS, 0)
    clocked: set[tuple[str, int]] = set()
    for _, line in lines_of(path):
        count += 1
        if line.topic == "clock":
            has_clocks = True
            continue
        if line.partition is not None:
            most[line.topic] = max(most[line.topic], line.partition + 1)
        if _clock_of(line) is not None:
            has_clocks = True
            if line.partition is not None:
                clocked.add((line.topic, line.partition))
    partitions = {
        # A dump names the partitions that there are; where it names none, they are as many as `send` would use.
        topic: most[topic]
        if any(t == topic for t, _ in clocked)
        else max(most[topic], 1 if topic in SINGLE else default_partitions)
        for topic in INPUT_TOPICS
    }
    return Survey(count, has_clocks, partitions, frozenset(clocked))


def _clock_of(line: Line) -> int | None:
    """The time of a clock line or clock record; None for anything else."""
    if b"clock" not in bytes(line.value) and line.topic != "clock":
        return None
    try:
        value = bytes(line.value)
        if line.topic == "clock" and not value.lstrip().startswith(b"{"):
            return parse_time_ms(msgspec.json.decode(value, type=str | int | float))
        fields = _decode_object(value)
        if set(fields) != {"clock"}:
            return None
        return parse_time_ms(fields["clock"])  # type: ignore[arg-type]
    except (msgspec.DecodeError, BadTime, TypeError):
        return None


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
    numbers: dict[tuple[str, int], list[int]] = {}

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
    for done, (number, line) in enumerate(lines_of(path), 1):
        feeder.feed(number, line)
        if done % TURN_LINES == 0 or done == found.lines:
            feeder.tell_time()
            yield from pipeline.turn()
            if on_progress is not None:
                on_progress(done, found.lines)


class _Feeder:
    """Puts lines where the live system would, and moves time as the file says."""

    def __init__(
        self, pipeline: Pipeline, found: Survey, numbers: dict[tuple[str, int], list[int]], path: Path
    ) -> None:
        self._pipeline = pipeline
        self._found = found
        self._path = path
        self._numbers = numbers
        self._clock_ms = NO_CLOCK
        self._sources = [(t, p) for t, count in found.partitions.items() for p in range(count)]
        for source in self._sources:
            numbers[source] = []
        topics_with_clocks = {topic for topic, _ in found.clocked}
        # In a dump each partition has clocks of its own. A topic that has none was left out of the dump, or stood still:
        # it is taken as complete, its time the slowest of the others.
        self._follow = [s for s in self._sources if found.clocked and s[0] not in topics_with_clocks]
        self._own: dict[tuple[str, int], int] = dict.fromkeys(found.clocked, NO_CLOCK)

    def feed(self, number: int, line: Line) -> None:
        """Appends one line's record."""
        if line.topic == "clock":
            clock_ms = _clock_of(line)
            if clock_ms is None:
                raise EventsFileError(
                    f'{self._path}:{number}: no time in a clock line; write {{"topic": "clock", "value": {{"clock": "2022-07-14T12:00:00Z"}}}}'
                )
            for source in self._sources:
                self._append(
                    number,
                    source,
                    bytes(line.value)
                    if bytes(line.value).lstrip()[:1] == b"{"
                    else b'{"clock":' + bytes(line.value) + b"}",
                )
            return
        source = (line.topic, self._place(line))
        if not self._found.has_clocks:
            self._advance(line)
        elif source in self._own:
            self._own[source] = max(self._own[source], _clock_of(line) or NO_CLOCK)
        self._append(number, source, bytes(line.value))

    def tell_time(self) -> None:
        """Moves partitions that have no clock of their own up to the time of the others."""
        if not self._found.has_clocks:
            if self._clock_ms == NO_CLOCK:
                return
            for source in self._sources:
                self._numbers[source].append(0)
                self._pipeline.append(*source, b"", self._clock_ms, canary=True)
        elif self._follow:
            slowest = min(self._own.values())
            if slowest != NO_CLOCK:
                for source in self._follow:
                    self._append(0, source, msgspec.json.encode({"clock": slowest / 1000}))

    def _append(self, number: int, source: tuple[str, int], value: bytes) -> None:
        self._numbers[source].append(number)
        if self._found.has_clocks:
            self._pipeline.append(*source, value)
        else:
            self._pipeline.append(*source, value, max(self._clock_ms, 0))

    def _place(self, line: Line) -> int:
        if line.partition is not None:
            return line.partition
        try:
            key = record_key(line.topic, _decode_object(line.value))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            key = ""  # refused wherever it lies
        return partition_of(key, self._found.partitions[line.topic])

    def _advance(self, line: Line) -> None:
        """Time is the largest event time so far; one more than a day ahead of it is refused and moves nothing."""
        try:
            peek = _decode_peek(line.value)
            if isinstance(peek.time, msgspec.UnsetType):
                return
            time_ms = parse_time_ms(peek.time)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadTime):
            return
        if self._clock_ms == NO_CLOCK:
            self._clock_ms = time_ms
            self.tell_time()  # every partition is known from the first event on, whether it holds one or not
        elif time_ms <= self._clock_ms + AHEAD_OF_RECORD_MS:
            self._clock_ms = max(self._clock_ms, time_ms)
