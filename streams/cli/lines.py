"""A record of each topic as a line for people, or as JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from streams.contracts import sketches
from streams.contracts.series import BucketReport, SeriesRecord, SeriesState
from streams.contracts.tallies import Tally
from streams.contracts.times import BUCKET_MS, PANE_MS, parse_time_ms, rfc3339
from streams.contracts.windows import Window
from streams.kafka.records import Record
from streams.windows.cloudevents import decode as decode_window
from streams.windows.story import story_line
from streams.windows.words import clock, count, printable, usual

WINDOWS_REMEMBERED = 10_000  # newest revisions kept to tell news from what is known; a year of a busy catalogue

Lines = Callable[[Record], Iterator[str]]

_encode = msgspec.json.Encoder().encode
_decode_series = msgspec.json.Decoder(SeriesRecord).decode
_decode_tally = msgspec.msgpack.Decoder(Tally).decode


class UnreadableRecordError(RuntimeError):
    """A record that is none of ours: one line with its place and what to do about it."""


def lines_of(topic: str, *, as_json: bool) -> Lines:
    """What tells of the records of a topic (its bare name), in the order in which they are given.

    `as_json`: one line of JSON a record. Else `windows` as a story, `series` as a line for each service that has an
    outage, the rest as JSON.
    """
    if topic == "tallies":
        return _tallies
    if topic in ("dead-letters", "late"):
        return _returned
    if as_json or topic not in ("windows", "windows.latest", "series"):
        return _json
    return _series if topic == "series" else Story().lines


class Story:
    """Tells window revisions, each once: a new owner of correlate says the newest ones again."""

    def __init__(self) -> None:
        self._known: dict[str, Window] = {}

    def lines(self, record: Record) -> Iterator[str]:
        """The revision in one line; nothing for one that was told already."""
        if record.value is None:
            return
        try:
            window = decode_window(record.value).data
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unreadable(record, error) from error
        before = self._known.pop(window.window, None)
        if before is not None and before.revision >= window.revision:
            self._known[window.window] = before
            return
        self._known[window.window] = window
        if len(self._known) > WINDOWS_REMEMBERED:
            del self._known[next(iter(self._known))]
        yield story_line(window, before)


def _series(record: Record) -> Iterator[str]:
    """A line for each service that has an outage in the bucket, or whose outage ends in it."""
    try:
        report = _decode_series(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(record, error) from error
    if not isinstance(report, BucketReport):
        yield f"{clock(report.bucket)}  {report.signal} have stalled: this bucket is taken without them"
        return
    at = {service: index for index, service in enumerate(report.services)}
    states: dict[str, list[SeriesState]] = {}
    for state in report.states:
        states.setdefault(state.service, []).append(state)
    for service, found in sorted(states.items()):
        counted = ""
        if service in at:
            i = at[service]
            counted = f"{count(report.observed[i])}, {usual(report.expected[i])} ({count(report.lower[i])} to "
            counted += f"{count(report.upper[i])}), score {count(report.score[i])}; "
        told = ", ".join(_state(state, report.bucket) for state in found)
        yield f"{clock(report.bucket)}  {printable(service)}  {report.signal}: {counted}{told}"


def _state(state: SeriesState, bucket: str) -> str:
    where = f" in {printable(state.region)}" if state.region is not None else ""
    if state.state == "open":
        return f"{state.direction}{where} since {clock(state.started, bucket)}"
    last = rfc3339(parse_time_ms(state.ended) + BUCKET_MS) if state.ended is not None else bucket
    return f"{state.direction}{where} over since {clock(last, bucket)}"


def _json(record: Record) -> Iterator[str]:
    """The value as it stands in the log; a tombstone as its key."""
    if record.value is None:
        yield _text({"key": _shown(record.key), "value": None})
        return
    try:
        yield msgspec.json.format(record.value, indent=-1).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield _text(_with_place(record, {"value": _shown(record.value)}))


def _returned(record: Record) -> Iterator[str]:
    """A refused or late record with where it came from and why."""
    told = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    yield _text(_with_place(record, {**told, "value": _shown(record.value)}))


def _tallies(record: Record) -> Iterator[str]:
    """MessagePack as JSON, with the names of its fields, times instead of panes and people instead of sketches."""
    try:
        tally = _decode_tally(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(record, error) from error
    told = _named(tally)
    for row in told["rows"]:
        row["pane"] = rfc3339(row["pane"] * PANE_MS)
    for name in ("watermark_ms", "origin_ms"):
        told[name.removesuffix("_ms")] = None if told[name] is None else rfc3339(told[name])
        del told[name]
    yield _text(told)


def _named(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [_named(item) for item in value]
    if isinstance(value, bytes):
        return _people(value)
    return value


def _people(packed: bytes) -> int | str:
    """About how many different people a sketch holds; for other bytes, how many those are."""
    try:
        return sketches.estimate(sketches.unpack(packed))
    except ValueError:
        return f"{len(packed)} bytes"


def _with_place(record: Record, told: dict[str, Any]) -> dict[str, Any]:
    return {"at": f"{record.partition}/{record.offset}", **told}


def _shown(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "replace")


def _text(value: Any) -> str:
    return _encode(value).decode()


def _unreadable(record: Record, error: Exception) -> UnreadableRecordError:
    place = f"record {record.offset} of partition {record.partition}"
    return UnreadableRecordError(
        f"{place} is none of ours ({error}): look at it with --json, and see who writes to the topic"
    )
