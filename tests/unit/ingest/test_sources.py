"""From somebody else's JSON to an event of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.times import parse_time_ms
from streams.ingest.sources import Condition, Op, Source, SourceMapping, path_steps

LOG = {
    "ts": "2022-07-14T12:01:07.250Z",
    "level": "error",
    "message": "Tweets aren't loading right now. Try again.",
    "labels": {"app": "twitter", "geo.country": "US"},
    "http": {"status": 503, "path": "/api/tweets"},
    "spans": [{"name": "edge-iad"}],
    "none": None,
    "flag": True,
}


def mapping(fields: dict[str, str], **others: Any) -> SourceMapping:
    return SourceMapping(Source(topic="app-logs", signal=others.pop("signal", "errors"), fields=fields, **others))


def test_fields_are_found_by_dotted_paths() -> None:
    found = mapping(
        {
            "service": "labels.app",
            "time": "ts",
            "region": 'labels."geo.country"',
            "type": "http.status",
            "source": "spans.0.name",
            "message": "message",
        }
    ).event(LOG)
    assert found == {
        "service": "twitter",
        "time": "2022-07-14T12:01:07.250Z",
        "region": "US",
        "type": "503",
        "source": "edge-iad",
        "message": "Tweets aren't loading right now. Try again.",
    }


@pytest.mark.parametrize(("signal", "name"), [("errors", "message"), ("reports", "text")])
def test_text_is_what_the_signal_calls_its_text(signal: str, name: str) -> None:
    found = mapping({"service": "labels.app", "time": "ts", "text": "level"}, signal=signal).event(LOG)
    assert found is not None
    assert found[name] == "error"


@pytest.mark.parametrize(
    "path", ["nowhere", "labels.nowhere", "level.deeper", "none", "spans.1.name", "spans.x", "flag.x"]
)
def test_a_path_that_leads_nowhere_leaves_its_field_out(path: str) -> None:
    assert mapping({"service": path, "time": "ts"}).event(LOG) == {"time": "2022-07-14T12:01:07.250Z"}


def test_a_constant_stands_in_every_event() -> None:
    assert mapping({"time": "ts"}, constants={"service": "payments"}).event(LOG) == {
        "service": "payments",
        "time": "2022-07-14T12:01:07.250Z",
    }


def test_a_constant_is_taken_where_the_path_finds_nothing() -> None:
    both = mapping({"service": "labels.app", "time": "ts"}, constants={"service": "payments"})
    assert both.event({"ts": 1})["service"] == "payments"  # type: ignore[index]
    assert both.event(LOG)["service"] == "twitter"  # type: ignore[index]


@pytest.mark.parametrize(
    ("unit", "value", "time_ms"),
    [
        ("rfc3339", "2022-07-14T12:01:07.250Z", 1_657_800_067_250),
        ("s", 1_657_800_067, 1_657_800_067_000),
        ("s", 1_657_800_067.25, 1_657_800_067_250),
        ("s", "1657800067", 1_657_800_067_000),
        ("ms", 1_657_800_067_250, 1_657_800_067_250),
        ("ms", 1_657_800_067_999, 1_657_800_067_999),
        ("ms", "1657800067250", 1_657_800_067_250),
        ("ms", "2022-07-14T12:01:07.250Z", 1_657_800_067_250),
    ],
)
def test_times_are_read_in_the_unit_of_the_source(unit: str, value: object, time_ms: int) -> None:
    found = mapping({"service": "s", "time": "t"}, time_unit=unit).event({"s": "twitter", "t": value})
    assert found is not None
    time = found["time"]
    assert isinstance(time, str | int | float)
    assert parse_time_ms(time) == time_ms


@given(st.integers(946_684_800_000, 4_102_444_800_000))
def test_milliseconds_come_out_exactly(time_ms: int) -> None:
    found = mapping({"service": "s", "time": "t"}, time_unit="ms").event({"t": time_ms})
    assert found is not None
    time = found["time"]
    assert isinstance(time, float)
    assert parse_time_ms(time) == time_ms


@pytest.mark.parametrize("value", [True, [], {}, "soon", float("nan"), 10**400, -(10**400)])
@pytest.mark.parametrize("unit", ["s", "ms", "rfc3339"])
def test_what_is_no_time_is_left_to_the_ordinary_refusal(unit: str, value: object) -> None:
    found = mapping({"service": "s", "time": "t"}, time_unit=unit).event({"t": value})
    assert found is not None
    assert "time" in found


def test_a_count_stays_what_it_is_so_that_a_wrong_one_is_refused() -> None:
    for count in (3, "3", True, -1):
        found = mapping({"service": "s", "time": "t", "count": "n"}).event({"n": count})
        assert found == {"count": count}


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("level", "equals", "error", True),
        ("level", "equals", "Error", False),
        ("http.status", "equals", 503, True),
        ("http.status", "equals", "503", False),
        ("flag", "equals", 1, False),
        ("flag", "equals", True, True),
        ("nowhere", "equals", "x", False),
        ("level", "not_equals", "debug", True),
        ("level", "not_equals", "error", False),
        ("nowhere", "not_equals", "x", True),
        ("level", "in", ["fatal", "error"], True),
        ("level", "in", ["fatal"], False),
        ("level", "in", [], False),
        ("nowhere", "in", ["x"], False),
        ("level", "exists", None, True),
        ("level", "exists", True, True),
        ("level", "exists", False, False),
        ("nowhere", "exists", True, False),
        ("none", "exists", False, True),
        ("http.status", "at_least", 503, True),
        ("http.status", "at_least", 503.5, False),
        ("level", "at_least", 1, False),
        ("flag", "at_least", 0, False),
        ("nowhere", "at_least", 0, False),
        ("http.path", "matches", "^/api/", True),
        ("http.path", "matches", "tweets", True),
        ("http.path", "matches", "^tweets", False),
        ("http.status", "matches", "503", False),
        ("nowhere", "matches", "", False),
    ],
)
def test_a_condition_holds_or_not(field: str, op: Op, value: object, holds: bool) -> None:
    found = mapping({"service": "labels.app", "time": "ts"}, when=(Condition(field, op, value),)).event(LOG)
    assert (found is not None) is holds


def test_numbers_in_quotes_are_at_least_something_too() -> None:
    when = (Condition("status", "at_least", 500),)
    assert mapping({"service": "s", "time": "t"}, when=when).event({"status": "503"}) is not None
    assert mapping({"service": "s", "time": "t"}, when=when).event({"status": "404"}) is None


def test_all_conditions_must_hold() -> None:
    when = (Condition("level", "equals", "error"), Condition("flag", "exists", False))
    assert mapping({"service": "labels.app", "time": "ts"}, when=when).event(LOG) is None


def test_a_pattern_meets_only_the_begin_of_a_long_text() -> None:
    when = (Condition("text", "matches", "end"),)
    assert mapping({"service": "s", "time": "t"}, when=when).event({"text": "x" * 2_000 + "end"}) is None


@pytest.mark.parametrize("obj", [None, True, 0, 1.5, "text", [], [1], {}, {"labels": [{}]}, {"labels": {"app": {}}}])
def test_odd_shapes_never_raise(obj: object) -> None:
    found = mapping({"service": "labels.app", "time": "ts", "id": "0"}).event(obj)
    assert found is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.sampled_from(["s", "ms", "rfc3339"]))
def test_no_json_value_raises(obj: object, unit: str) -> None:
    when = (Condition("a.b", "not_equals", "x"), Condition("b", "exists", False))
    mapping({"service": "a.0", "time": "a", "count": "a.b", "id": "b.a"}, time_unit=unit, when=when).event(obj)


def test_a_huge_number_is_no_word_and_does_not_raise() -> None:
    huge = json.loads("9" * 4_000)
    assert mapping({"service": "s", "time": "t", "id": "i"}).event({"i": huge}) == {"id": huge}


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b.0", ("a", "b", "0")),
        ('a."b.c".d', ("a", "b.c", "d")),
        ('"@timestamp"', ("@timestamp",)),
        ("@timestamp", ("@timestamp",)),
        ("", None),
        (".", None),
        ("a.", None),
        (".a", None),
        ("a..b", None),
        ('a"b"', None),
        ('a."b', None),
        ('""', None),
    ],
)
def test_a_path_is_keys_with_dots_between(path: str, steps: tuple[str, ...] | None) -> None:
    assert path_steps(path) == steps
