"""JSON Schema of the public records: real messages hold, bad ones do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from streams.contracts.events import Statement
from streams.contracts.health import BlindSpot, Health
from streams.contracts.schema import DIALECT, RECORDS, schema_id, schema_of
from streams.contracts.series import BucketReport, Detail, GoOn, SeriesState, StatementAt
from streams.windows.cloudevents import to_event
from tests.unit.windows.told import clock, ended, region, told

ERROR = {
    "id": "8c2f",
    "service": "twitter",
    "time": "2022-07-14T12:01:07.250Z",
    "region": "US",
    "type": "http_503",
    "message": "Tweets aren't loading right now. Try again.",
    "count": 1,
    "user": "opaque-id",
    "source": "edge-iad",
    "dependency": "aws",
}
REPORT = {
    "id": "r-91",
    "service": "twitter",
    "time": 1657800067.25,
    "region": "GB",
    "symptom": "app",
    "text": "لا يمكن استرداد التغريدات",
    "lang": "ar",
    "reporter": "opaque-id",
    "source": "web",
}
STATEMENT = {
    "about": "twitter",
    "time": "2022-07-14T13:10:00Z",
    "status": "investigating",
    "by": "@TwitterSupport",
    "text": "Some of you are having issues accessing Twitter",
    "url": "https://status.example.org/1",
}
FEEDBACK = {
    "window": "twitter-20220714T115900Z",
    "action": "silenced",
    "by": "ops",
    "time": 1657800067,
    "until": "2022-07-14T18:00:00+02:00",
}
BUCKET = BucketReport(
    partition=1,
    partitions=4,
    signal="reports",
    bucket=clock("12:01"),
    bucket_s=60,
    services=["twitter"],
    observed=[3_641],
    expected=[3.4],
    lower=[0.0],
    upper=[10.0],
    score=[300.0],
    states=[SeriesState("twitter", "surge", "open", clock("11:59"), clock("12:00"), 40.0)],
    details=[Detail("twitter", clock("12:01"), {"US": 3}, people=b"\x00\x01\x02")],
    statements=[StatementAt(clock("12:01"), 4, Statement("twitter", 1657800067, "resolved"))],
)
HEALTH = Health(
    "tally", "host-1", clock("12:01"), {"errors": {"0": 17}}, [BlindSpot("errors", 3, since=clock("11:59"))]
)

GOOD = [
    ("error", ERROR),
    ("error", {"service": "twitter", "time": 1657800067, "colour": "red", "count": None}),
    ("report", REPORT),
    ("statement", STATEMENT),
    ("feedback", FEEDBACK),
    ("clock", {"clock": "2022-07-14T12:00:00Z"}),
    ("series", BUCKET),
    ("series", GoOn("errors", clock("12:01"))),
    ("window", told()),
    ("window", ended(regions=[region("US", 63_347, 0.485)])),
    ("window-event", to_event(ended(), "outages.")),
    ("health", HEALTH),
]


def without(record: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != field}


BAD = [
    ("error", without(ERROR, "service")),
    ("error", without(ERROR, "time")),
    ("error", ERROR | {"count": 0}),
    ("error", ERROR | {"count": 1_000_001}),
    ("error", ERROR | {"region": 1}),
    ("report", REPORT | {"reporter": ["a"]}),
    ("report", REPORT | {"time": True}),
    ("statement", STATEMENT | {"status": "fine"}),
    ("statement", without(STATEMENT, "about")),
    ("feedback", FEEDBACK | {"action": "no"}),
    ("clock", {"clock": "2022-07-14T12:00:00Z", "service": "twitter"}),
    ("series", msgspec.to_builtins(BUCKET) | {"signal": "rumours"}),
    ("series", msgspec.to_builtins(BUCKET) | {"record": "other"}),
    ("window", msgspec.to_builtins(told()) | {"severity": "terrible"}),
    ("window", msgspec.to_builtins(told()) | {"time": "2022-07-14T12:00:00Z"}),
    ("window-event", msgspec.to_builtins(to_event(told(), "outages.")) | {"specversion": "0.3"}),
]
# Of the right type, but no times: these the code judges after the shape.
BAD_TIMES = [
    ("error", ERROR | {"time": "yesterday"}),
    ("error", ERROR | {"time": "2022-07-14T12:01:07"}),
    ("error", ERROR | {"time": 1_657_800_067_250}),
    ("feedback", FEEDBACK | {"until": "soon"}),
]
INPUTS = [(name, record) for name, record in [*GOOD, *BAD] if name in ("error", "report", "statement", "feedback")]


def check(name: str, record: object) -> bool:
    """Whether the record, as its JSON is read by anybody, holds to the schema."""
    return Draft202012Validator(schema_of(name)).is_valid(json.loads(msgspec.json.encode(record)))


@pytest.mark.parametrize(("name", "record"), GOOD)
def test_real_records_hold(name: str, record: object) -> None:
    assert check(name, record)


@pytest.mark.parametrize(("name", "record"), [*BAD, *BAD_TIMES])
def test_bad_records_do_not(name: str, record: object) -> None:
    assert not check(name, record)


@pytest.mark.parametrize(("name", "record"), INPUTS)
def test_schema_and_code_agree_on_the_shape_of_input(name: str, record: object) -> None:
    try:
        msgspec.json.decode(msgspec.json.encode(record), type=RECORDS[name])
    except msgspec.ValidationError:
        assert not check(name, record)
    else:
        assert check(name, record)


@pytest.mark.parametrize("name", RECORDS)
def test_every_schema_is_one_of_its_draft_and_has_its_own_id(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == (DIALECT, f"urn:outage-streams:{name}:1")


def test_the_window_schema_is_the_one_that_events_name() -> None:
    assert to_event(told(), "outages.").dataschema == schema_id("window")


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for component, body in schema["$defs"].items():
        for field, found in body.get("properties", {}).items():
            yield component, field, found


def test_every_time_is_documented_as_one() -> None:
    words = {
        "time", "bucket", "clock", "since", "until", "effective", "started", "detected", "opened", "peak", "ended",
        "closed", "acknowledged", "all_clear", "reports_ended", "errors_ended", "from", "to", "starts_at", "ends_at",
    }  # fmt: skip
    no_times = {("Lags", name) for name in ("opened", "acknowledged", "all_clear")}
    no_times |= {("RegionShare", "peak"), ("Phase", "peak"), ("Witness", "peak")}
    for name in RECORDS:
        for component, field, found in properties(schema_of(name)):
            is_time = "date-time" in json.dumps(found)
            assert is_time == (field in words and (component, field) not in no_times), (component, field)
