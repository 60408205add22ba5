"""Records of each topic as lines."""

from __future__ import annotations

import json

import msgspec
import pytest

from streams.cli.lines import Story, UnreadableRecordError, lines_of
from streams.contracts import sketches
from streams.contracts.series import BucketReport, GoOn, SeriesState
from streams.contracts.tallies import Row, Tally
from streams.kafka.records import Record
from streams.windows.cloudevents import encode, to_event
from tests.unit.windows.told import clock, ended, told

PANE = 165_780_006  # 2022-07-14T12:01:00Z


def record(value: bytes | None, *, key: bytes | None = None, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record(2, 17, 0, key, value, headers)


def lines(topic: str, value: bytes | None, *, as_json: bool = False, **more: object) -> list[str]:
    return list(lines_of(topic, as_json=as_json)(record(value, **more)))  # type: ignore[arg-type]


def report(*states: SeriesState) -> bytes:
    return msgspec.json.encode(
        BucketReport(
            partition=0,
            partitions=4,
            signal="reports",
            bucket=clock("12:01"),
            bucket_s=60,
            services=["instagram", "twitter"],
            observed=[2, 3_641],
            expected=[3.1, 3.4],
            lower=[0.0, 0.0],
            upper=[10.0, 10.0],
            score=[0.4, 300.0],
            states=list(states),
        )
    )


def state(**changes: object) -> SeriesState:
    of = SeriesState("twitter", "surge", "open", clock("11:59"), clock("12:00"), 40.0)
    return msgspec.structs.replace(of, **changes)


def test_each_revision_is_told_once_and_against_the_one_before() -> None:
    story = Story()
    first, last = told(), ended()
    tell = [list(story.lines(record(encode(to_event(w, "outages."))))) for w in (first, first, last, first)]
    assert [len(found) for found in tell] == [1, 0, 1, 0]
    assert "The outage is over" in tell[2][0]


def test_windows_are_json_where_json_is_asked_for() -> None:
    value = encode(to_event(told(), "outages."))
    assert lines("windows", value, as_json=True) == [value.decode()]


def test_a_bucket_without_outage_says_nothing() -> None:
    assert lines("series", report()) == []


def test_a_bucket_tells_of_each_service_with_an_outage() -> None:
    assert lines("series", report(state(), state(region="US", started=clock("12:00")))) == [
        "14 July 2022 12:01 UTC  twitter  reports: 3,641, where about 3.4 are usual (0 to 10), score 300; "
        "surge since 11:59 UTC, surge in US since 12:00 UTC"
    ]


def test_a_bucket_in_which_an_outage_ends_says_since_when() -> None:
    line = lines("series", report(state(state="closed", ended=clock("11:59"))))[0]
    assert line.endswith("surge over since 12:00 UTC")


def test_going_on_without_a_signal_is_told() -> None:
    value = msgspec.json.encode(GoOn("errors", clock("12:01")))
    assert lines("series", value) == ["14 July 2022 12:01 UTC  errors have stalled: this bucket is taken without them"]


def test_tallies_are_readable_json() -> None:
    people: dict[int, int] = {}
    for name in ("ann", "bob", "eve"):
        sketches.add(people, sketches.hash64(name))
    row = Row(PANE, "twitter", {"US": 3}, people=sketches.pack(people))
    tally = Tally("errors", 3, [row], watermark_ms=PANE * 10_000, position=9, origin_ms=0)
    (line,) = lines("tallies", msgspec.msgpack.encode(tally))
    found = json.loads(line)
    shown = found["rows"][0]
    assert (shown["pane"], shown["regions"], shown["people"]) == ("2022-07-14T12:01:00.000Z", {"US": 3}, 3)
    assert (found["topic"], found["position"], found["watermark"]) == ("errors", 9, "2022-07-14T12:01:00.000Z")


def test_a_refused_record_is_told_with_reason_and_origin() -> None:
    headers = (("reason", b"not_json"), ("topic", b"outages.errors"), ("partition", b"3"), ("offset", b"41"))
    (line,) = lines("dead-letters", b"\xffnope", headers=headers)
    assert json.loads(line) == {
        "at": "2/17",
        "reason": "not_json",
        "topic": "outages.errors",
        "partition": "3",
        "offset": "41",
        "value": "\ufffdnope",
    }


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (b'{"service": "twitter",\n "count": 3}', '{"service":"twitter","count":3}'),
        (b"nope", '{"at":"2/17","value":"nope"}'),
        (b'"\xff"', '{"at":"2/17","value":"\\"\ufffd\\""}'),
        (None, '{"key":"tally/a","value":null}'),
    ],
)
def test_any_record_is_one_line_of_json(value: bytes | None, line: str) -> None:
    assert lines("health", value, key=b"tally/a") == [line]


@pytest.mark.parametrize("topic", ["windows", "series", "tallies"])
def test_a_record_that_is_none_of_ours_is_named_with_its_place(topic: str) -> None:
    with pytest.raises(UnreadableRecordError, match="record 17 of partition 2 is none of ours"):
        lines(topic, b"nope")
