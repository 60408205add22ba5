"""A file of raw events, line by line: `outages backtest --events FILE.ndjson[.gz]`.

One JSON object a line, in arrival order: `{"topic": "errors", "value": {...}}`, optionally with `partition`; also
`reports`, `statements`, `feedback`, and `{"topic": "clock", "value": {"clock": "..."}}`, which moves time in every
partition at once. A clock record as the value of an input topic moves its own partition only, as in a dump.

A file without clocks is taken as complete: its time is the largest event time so far.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from streams.contracts.events import INPUT_TOPICS
from streams.contracts.times import BadTime, parse_time_ms

SINGLE = ("statements", "feedback")  # topics of one partition by contract
_BOM = b"\xef\xbb\xbf"  # what some editors put before a UTF-8 file; no JSON begins with it
# A record by its look, whatever its value: nobody can write NaN or 5,000 brackets as JSON, yet they come.
_RECORD = re.compile(
    rb'\s*\{\s*"topic"\s*:\s*"(errors|reports|statements|feedback)"\s*,\s*'
    rb'(?:"partition"\s*:\s*(\d{1,4})\s*,\s*)?"value"\s*:(.*)\}\s*', re.DOTALL
)  # fmt: skip


class EventsFileError(ValueError):
    """The file cannot be read as events: `FILE:LINE: cause; remedy`."""


class Line(msgspec.Struct):
    """One line of the file; `value` as its bytes stand there."""

    topic: str
    value: msgspec.Raw
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass tells of a file: how it is timed, and how many partitions each topic has at least."""

    lines: int
    has_clocks: bool
    partitions: Mapping[str, int]
    clocked: frozenset[tuple[str, int]]  # partitions with clock records of their own


_decode_line = msgspec.json.Decoder(Line).decode
_decode_object = msgspec.json.Decoder(dict[str, object]).decode


def lines_of(path: Path) -> Iterator[tuple[int, Line]]:
    """(line number, line) of each line that is not empty. Raises EventsFileError."""
    try:
        with gzip.open(path, "rb") if _is_gzip(path) else path.open("rb") as file:
            for number, text in enumerate(file, 1):
                text = text.removeprefix(_BOM) if number == 1 else text
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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if (record := _RECORD.fullmatch(text)) is not None and not isinstance(error, msgspec.ValidationError):
            return _as_it_stands(record)
        raise EventsFileError(
            f'{path}:{number}: {error}; each line is {{"topic": "errors", "value": {{...}}}}'
        ) from error
    if line.topic not in INPUT_TOPICS and line.topic != "clock":
        known = ", ".join((*INPUT_TOPICS, "clock"))
        raise EventsFileError(f"{path}:{number}: no topic is called {line.topic!r}; use one of {known}")
    if line.partition is not None and not 0 <= line.partition < 10_000:
        raise EventsFileError(f"{path}:{number}: partition {line.partition} is none; count from 0")
    return line


def _as_it_stands(record: re.Match[bytes]) -> Line:
    """A record whose value is no JSON, to be refused for that as it would be in a log."""
    topic, partition, value = record.groups()
    return Line(topic.decode(), msgspec.Raw(value), None if partition is None else int(partition))


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
        if clock_of(line) is not None:
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


def clock_of(line: Line) -> int | None:
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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadTime, TypeError):
        return None
