"""Bytes to events: each reason of refusal at its exact boundary."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.events import ClockRecord, ErrorEvent, Feedback, Report, Statement
from streams.ingest.decode import MAX_RECORD_BYTES, BatchDecoder, depth
from streams.ingest.refusals import REASONS, REMEDY, Refused

NOON = "2022-07-14T12:00:00Z"
ERRORS, REPORTS = BatchDecoder("errors"), BatchDecoder("reports")
STATEMENTS, FEEDBACK = BatchDecoder("statements"), BatchDecoder("feedback")


def error(**fields: Any) -> bytes:
    return json.dumps({"service": "twitter", "time": NOON} | fields).encode()


def reason(decoder: BatchDecoder, value: bytes) -> str:
    found = decoder.one(value)
    assert isinstance(found, Refused), found
    return found.reason


def padded(size: int) -> bytes:
    value = error(filler="")
    return value.replace(b'"filler": "', b'"filler": "' + b"x" * (size - len(value)))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"{",
        error()[:-1],
        error() + b"x",
        error() + error(),
        b"\xef\xbb\xbf" + error(),
        b'{"service":"twitter","time":NaN}',
        b'{"service":"twitter","time":1,"unheard_of":NaN}',
        b'{"service":"twitter","time":01}',
        b'{"service":"twitter","time":1,"unheard_of":01}',
        b'{"service":"\xff","time":1}',
        b'{"service":"twitter","time":1,"unheard_of":"\xff"}',
        b'{"service":"\xed\xa0\x80","time":1}',
        b'{"service":"\\ud800","time":1}',
        b'{"service":"\\udc00","time":1}',
        b'{"service":"twitter","time":1,"unheard_of":"\\ud800"}',
        b'{"service":"a\nb","time":1}',
    ],
)
def test_what_is_no_json_in_utf8_is_refused(value: bytes) -> None:
    assert reason(ERRORS, value) == "not_json"


def test_broken_json_is_not_json_even_where_its_shape_is_wrong_before_it_breaks() -> None:
    assert reason(ERRORS, b'{"service":5,') == "not_json"
    assert reason(ERRORS, b'{"service":5} x') == "not_json"


@pytest.mark.parametrize("value", [b'{"clock":1}x', b'{"clock":1}{', b'{"clock":"\\ud800","service":5}', b'{"clock":1'])
def test_no_broken_clock_record_ends_the_process(value: bytes) -> None:
    assert reason(ERRORS, value) == "not_json"


@pytest.mark.parametrize("value", [b"null", b"[]", b"5", b'"x"', b"true", b'{"service":5,"time":1}', error(region=1)])
def test_json_of_another_shape_is_a_bad_type(value: bytes) -> None:
    assert reason(ERRORS, value) == "bad_type"


@pytest.mark.parametrize(
    "value", [b"{}", b'{"service":"twitter"}', b'{"time":1}', error(service=None), error(time=None)]
)
def test_a_required_field_that_is_absent_or_null_is_missing(value: bytes) -> None:
    assert reason(ERRORS, value) == "missing_field"


def test_null_means_absent_for_every_optional_field() -> None:
    optional = {name: None for name in ErrorEvent.__struct_fields__ if name not in ("service", "time")}
    assert ERRORS.one(error(**optional)) == ErrorEvent("twitter", NOON)


def test_unknown_fields_are_kept_out_of_the_way() -> None:
    assert ERRORS.one(error(unheard_of={"deep": [1, None]}, Time="x", symptom=5)) == ErrorEvent("twitter", NOON)


def test_of_duplicate_keys_the_last_holds() -> None:
    assert ERRORS.one(b'{"service":"aws","service":"twitter","time":1}') == ErrorEvent("twitter", 1)


def test_16_kib_are_taken_and_a_byte_more_is_too_large() -> None:
    assert isinstance(ERRORS.one(padded(MAX_RECORD_BYTES)), ErrorEvent)
    assert reason(ERRORS, padded(MAX_RECORD_BYTES + 1)) == "too_large"
    assert reason(ERRORS, b"\xff" * (MAX_RECORD_BYTES + 1)) == "too_large"


def nested(levels: int) -> bytes:
    """Levels in all: the object itself is the first."""
    return b'{"service":"twitter","time":1,"unheard_of":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def test_32_levels_are_taken_and_one_more_is_too_deep() -> None:
    assert isinstance(ERRORS.one(nested(32)), ErrorEvent)
    assert reason(ERRORS, nested(33)) == "too_deep"
    assert reason(ERRORS, nested(3_000)) == "too_deep"


def test_brackets_in_strings_are_no_levels() -> None:
    assert isinstance(ERRORS.one(error(message="[" * 100 + '\\"{' * 100)), ErrorEvent)


def test_a_deep_record_is_found_in_any_batch() -> None:
    for around in ([], [error()] * 50, [b""] * 50, [b"[]"] * 50, [b"x"] * 50, [error(message="[" * 40)] * 50):
        _, failures = ERRORS.batch([*around, nested(33), *around])
        assert failures[len(around)] == Refused("too_deep", "more than 32 levels"), around[:1]


def test_no_record_takes_quadratic_time() -> None:
    hostile = b"[" * 33 + b'"' + b'\\"' * 8_000
    began_s = time.process_time()
    assert depth(hostile) == 33
    assert time.process_time() - began_s < 0.1  # 2 s where every escaped quote begins a search of its own


def slow_depth(value: bytes) -> int:
    """Character by character."""
    deepest = level = 0
    quoted = escaped = False
    for char in value.decode("latin1"):
        if quoted:
            quoted, escaped = escaped or char != '"', not escaped and char == "\\"
        elif char == '"':
            quoted = True
        elif char in "[{":
            level += 1
            deepest = max(deepest, level)
        elif char in "]}":
            level -= 1
    return deepest


@given(st.text('[]{}"\\a\n', max_size=40).map(str.encode))
def test_depth_is_what_a_reader_of_single_characters_finds(value: bytes) -> None:
    assert depth(value) == slow_depth(value)


@pytest.mark.parametrize("count", [1, 2, 999_999, 1_000_000, None])
def test_a_count_from_one_to_a_million_is_taken(count: int | None) -> None:
    assert ERRORS.one(error(count=count)) == ErrorEvent("twitter", NOON, count=count)


@pytest.mark.parametrize("count", [0, -1, 1_000_001, 10**30, True, False, 1.0, 1.5, "1", [1]])
def test_any_other_count_is_refused(count: object) -> None:
    assert reason(ERRORS, error(count=count)) == "bad_count"
    assert reason(REPORTS, error(count=count)) == "bad_count"


@pytest.mark.parametrize("time", [True, [], {}])
def test_a_time_of_another_type_is_a_bad_time(time: object) -> None:
    assert reason(ERRORS, error(time=time)) == "bad_time"


def test_a_number_beyond_all_floats_is_a_bad_time() -> None:
    assert reason(ERRORS, b'{"service":"twitter","time":1e309}') == "bad_time"
    assert reason(ERRORS, b'{"service":"twitter","time":' + b"9" * 5_000 + b"}") == "bad_time"


@pytest.mark.parametrize("status", ["fine", "", "Resolved", 5, True, "at `$.time"])
def test_a_status_outside_the_five_is_refused(status: object) -> None:
    said = {"about": "twitter", "time": NOON, "status": status}
    assert reason(STATEMENTS, json.dumps(said).encode()) == "bad_status"


@pytest.mark.parametrize("action", ["deny", "", 5, "at `$.status"])
def test_an_action_outside_the_four_is_refused(action: object) -> None:
    said = {"window": "twitter-1", "by": "me", "time": NOON, "action": action}
    assert reason(FEEDBACK, json.dumps(said).encode()) == "bad_action"


@pytest.mark.parametrize("until", [True, [], {}])
def test_an_until_of_another_type_is_a_bad_time(until: object) -> None:
    said = {"window": "twitter-1", "by": "me", "time": NOON, "action": "silenced", "until": until}
    assert reason(FEEDBACK, json.dumps(said).encode()) == "bad_time"


def test_each_topic_reads_its_own_record() -> None:
    assert REPORTS.one(error(reporter="ann")) == Report("twitter", NOON, reporter="ann")
    statement = b'{"about":"twitter","time":1,"status":"resolved"}'
    assert STATEMENTS.one(statement) == Statement("twitter", 1, "resolved")
    feedback = b'{"window":"w","action":"confirmed","by":"me","time":1}'
    assert FEEDBACK.one(feedback) == Feedback("w", "confirmed", "me", 1)


@pytest.mark.parametrize("decoder", [ERRORS, REPORTS, STATEMENTS, FEEDBACK])
def test_a_clock_record_is_known_on_every_topic(decoder: BatchDecoder) -> None:
    assert decoder.one(b'{"clock": "2022-07-14T12:00:00Z"}') == ClockRecord(NOON)
    assert decoder.one(b'{"clock": 1657800000.5}') == ClockRecord(1657800000.5)


def test_a_clock_of_another_type_is_a_bad_time() -> None:
    assert reason(ERRORS, b'{"clock": true}') == "bad_time"


def test_a_clock_among_other_fields_is_no_clock_record() -> None:
    assert ERRORS.one(error(clock=NOON)) == ErrorEvent("twitter", NOON)
    assert reason(ERRORS, b'{"clock": 1, "other": 2}') == "missing_field"


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDY) == set(REASONS)


VALUES = [
    error(),
    error(id="1"),
    b"",
    b"{",
    b"null",
    b"\xff",
    nested(40),
    padded(20_000),
    b'{"clock":1}',
    error(text="ä"),
]


@given(st.lists(st.sampled_from(VALUES), max_size=12))
def test_a_batch_comes_to_the_same_as_its_values_one_by_one(values: list[bytes]) -> None:
    events, failures = ERRORS.batch(values)
    assert list(failures) == sorted(failures)
    assert [failures.get(i, event) for i, event in enumerate(events)] == [ERRORS.one(value) for value in values]
    assert all((event is None) == (i in failures) for i, event in enumerate(events))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_come_to_an_event_or_a_reason(value: bytes) -> None:
    for decoder in (ERRORS, REPORTS, STATEMENTS, FEEDBACK):
        decoder.one(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*ErrorEvent.__struct_fields__, "clock", "x"]), JSON))
def test_any_object_comes_to_an_event_or_a_reason(fields: dict[str, Any]) -> None:
    value = json.dumps(fields).encode()
    ERRORS.one(value)
    ERRORS.one(value[:-1])
    ERRORS.one(value + b"}")
