"""Bytes to events, a batch at a time: the good ones in one pass of C, the bad ones named one by one.

A record is refused for the first reason that holds, in this order: size, depth, UTF-8, JSON, shape. Times are judged
afterwards (`time_column`), since whether a time is too far ahead depends on the log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import repeat

import msgspec

from streams.contracts.events import EVENT_TYPES, ClockRecord, ErrorEvent, Event, Report
from streams.ingest.refusals import Reason, Refused

MAX_RECORD_BYTES = 16 * 1024  # an event is a few hundred bytes; more is a payload that lost its way
MAX_DEPTH = 32  # far below the depth at which any JSON reader of ours would stop, so that none decides by its stack

Failure = Refused | ClockRecord

_FIELD_REASONS: dict[str, Reason] = {"count": "bad_count", "time": "bad_time", "until": "bad_time", "clock": "bad_time"}
_AT_FIELD = re.compile(r"at `\$\.(\w+)[^`]*`$")  # at the end: what stands before it may be quoted from the record
# A string that is not closed reaches to the end and nothing is tried twice, so that no record takes quadratic time.
_OPENING = re.compile(rb'"(?:[^"\\]|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)


class _PlainError(ErrorEvent, gc=False, frozen=True, forbid_unknown_fields=True):
    """An error that has no fields but ours."""


class _PlainReport(Report, gc=False, frozen=True, forbid_unknown_fields=True):
    """A report that has no fields but ours."""


_PLAIN: dict[str, type[ErrorEvent] | type[Report]] = {"errors": _PlainError, "reports": _PlainReport}
# A producer that sends fields of its own sends them in every record: after so many the rest of a batch is screened as a
# whole, which costs less than one exception a record.
MAX_SCREENED_SINGLY = 4


class BatchDecoder:
    """Decodes the values of one input topic."""

    def __init__(self, topic: str) -> None:
        self._decode = msgspec.json.Decoder(EVENT_TYPES[topic]).decode
        self._decode_clock = msgspec.json.Decoder(ClockRecord).decode
        self._decode_plain = msgspec.json.Decoder(_PLAIN[topic]).decode if topic in _PLAIN else None
        self._skip = msgspec.json.Decoder(msgspec.Raw).decode

    def batch(self, values: Sequence[bytes]) -> tuple[list[Event | None], dict[int, Failure]]:
        """Events in order, None where there is none, and by position what stands there instead."""
        failures = self._screen(values)
        if failures:
            return self._with_screened(values, failures)
        return self._decoded(values, failures)

    def present(self, values: Sequence[bytes]) -> tuple[list[Event], dict[int, Failure]]:
        """As `batch`, but the events without gaps.

        Tries a reader first that knows no fields but ours. What it takes has no brackets within and no bytes that
        nobody read, so it need not be screened; what it does not take is read as in `batch`.
        """
        if self._decode_plain is None or max(map(len, values), default=0) > MAX_RECORD_BYTES:
            return self._without_gaps(values)
        events: list[Event] = []
        failures: dict[int, Failure] = {}
        rest = iter(values)
        screened = 0
        while True:
            try:
                events.extend(map(self._decode_plain, rest))
                return events, failures
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                position = len(events) + len(failures)
                found = self.one(values[position])
                if isinstance(found, Refused | ClockRecord):
                    failures[position] = found
                    continue
                events.append(found)
                screened += 1
                if screened == MAX_SCREENED_SINGLY:
                    more, refused = self._without_gaps(values[position + 1 :])
                    failures |= {position + 1 + at: failure for at, failure in refused.items()}
                    return events + more, failures

    def _without_gaps(self, values: Sequence[bytes]) -> tuple[list[Event], dict[int, Failure]]:
        events, failures = self.batch(values)
        return [event for event in events if event is not None], failures

    def one(self, value: bytes) -> Event | Failure:
        """The event in a single value, or why there is none."""
        events, failures = self.batch([value])
        event = events[0]
        return failures[0] if event is None else event

    def _decoded(
        self, values: Sequence[bytes], failures: dict[int, Failure]
    ) -> tuple[list[Event | None], dict[int, Failure]]:
        events: list[Event | None] = []
        rest = iter(values)
        while True:
            try:
                events.extend(map(self._decode, rest))  # stops at the first bad one, keeping those before it
                return events, failures
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                position = len(events)
                failures[position] = self._failure(values[position], error)
                events.append(None)

    def _with_screened(
        self, values: Sequence[bytes], screened: dict[int, Failure]
    ) -> tuple[list[Event | None], dict[int, Failure]]:
        """As `_decoded`, for a batch of which some were refused unread."""
        kept = [i for i in range(len(values)) if i not in screened]
        decoded, failures = self._decoded([values[i] for i in kept], {})
        events: list[Event | None] = [None] * len(values)
        for i, event in zip(kept, decoded, strict=True):
            events[i] = event
        return events, dict(sorted((screened | {kept[j]: f for j, f in failures.items()}).items()))

    def _screen(self, values: Sequence[bytes]) -> dict[int, Failure]:
        """What is refused without being read. Looks at the whole batch at once first: nearly all batches are clean."""
        found: dict[int, Failure] = {}
        joined = b"".join(values)
        # Every record that begins with a bracket opens one: a deep one opens as many more as it is deeper than that.
        begun = sum(map(bytes.startswith, values, repeat(b"{")))
        suspect_depth = joined.count(b"{") + joined.count(b"[") - begun >= MAX_DEPTH
        ascii_only = joined.isascii()
        if ascii_only and not suspect_depth and max(map(len, values), default=0) <= MAX_RECORD_BYTES:
            return found
        for i, value in enumerate(values):
            if len(value) > MAX_RECORD_BYTES:
                found[i] = Refused("too_large", f"{len(value)} bytes, at most {MAX_RECORD_BYTES}")
            elif suspect_depth and value.count(b"{") + value.count(b"[") > MAX_DEPTH and depth(value) > MAX_DEPTH:
                found[i] = Refused("too_deep", f"more than {MAX_DEPTH} levels")
            elif not ascii_only and not value.isascii() and not _is_utf8(value):
                found[i] = Refused("not_json", "not UTF-8")
        return found

    def _failure(self, value: bytes, error: Exception) -> Failure:
        text = str(error)
        if isinstance(error, RecursionError):  # cannot happen below MAX_DEPTH; no record may end the process
            return Refused("too_deep", f"more than {MAX_DEPTH} levels")
        if not isinstance(error, msgspec.ValidationError):
            return Refused("not_json", text)
        try:
            self._skip(value)  # the shape was judged before the rest was read
        except msgspec.DecodeError as broken:
            return Refused("not_json", str(broken))
        clock = self._clock(value)
        if clock is not None:
            return clock
        # Only a required field refuses null, and null means absent.
        if text.startswith("Object missing required field") or (_AT_FIELD.search(text) and "got `null`" in text):
            return Refused("missing_field", text)
        return Refused(_reason_at(text), text)

    def _clock(self, value: bytes) -> Failure | None:
        if b'"clock"' not in value:
            return None
        try:
            return self._decode_clock(value)
        except msgspec.ValidationError as error:
            # `{"clock": true}` is a bad clock, not an event that lacks a service; with more fields it is an event.
            text = str(error)
            return Refused("bad_time", text) if "$.clock" in text else None


def _reason_at(text: str) -> Reason:
    at = _AT_FIELD.search(text)
    field = at.group(1) if at else ""
    if text.startswith("Invalid enum value"):
        return "bad_status" if field == "status" else "bad_action"
    if field in ("status", "action"):
        return "bad_status" if field == "status" else "bad_action"
    return _FIELD_REASONS.get(field, "bad_type")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def depth(value: bytes) -> int:
    """How deep brackets nest outside of strings; the same for every reader, whether the JSON is whole or not."""
    deepest = level = 0
    for match in _OPENING.finditer(value):
        if match.group(1):
            level += 1
            deepest = max(deepest, level)
        elif match.group(2):
            level -= 1
    return deepest
