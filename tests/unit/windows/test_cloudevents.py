"""Revisions as CloudEvents: the contract's envelope, deterministic bytes, floats of six digits."""

from __future__ import annotations

import json

from streams.contracts.windows import Window
from streams.windows.cloudevents import decode, encode, to_event
from streams.windows.rounding import rounded, six_digits
from tests.unit.windows.builders import Timeline, clock, minute, play


def closed() -> Window:
    timeline = Timeline(minute("11:50"), minute("13:00"))
    timeline.outage("reports", [20, 60, 200, 100, 37], minute("12:00"), closes=minute("12:20"), expected=3.4)
    timeline.say("operational", "12:03", offset=1)
    return play(timeline)[-1]


def test_envelope_is_that_of_the_contract() -> None:
    window = closed()
    event = json.loads(encode(to_event(window, "outages.")))
    del event["data"]
    assert event == {
        "specversion": "1.0",
        "id": f"twitter-20220714T120000Z/{window.revision}",
        "source": "/outages/outages.",
        "type": "org.outage-streams.window.closed",
        "subject": "twitter",
        "time": clock("12:21"),
        "datacontenttype": "application/json",
        "dataschema": "urn:outage-streams:window:1",
    }


def test_data_has_every_field_of_the_contract_in_its_order() -> None:
    data = json.loads(encode(to_event(closed(), "outages.")))["data"]
    assert list(data) == [
        "window", "revision", "change", "time", "state", "service", "severity", "confidence", "clocks", "lags_s",
        "witnesses", "regions", "symptoms", "texts", "affected", "cause", "collateral", "phases", "statements",
        "operator", "quality", "previous", "scenario",
    ]  # fmt: skip
    assert set(data["phases"][0]) == {"from", "to", "kind", "peak", "share"}
    assert set(data["statements"][0]["contradicted"]) == {"from", "to"}
    assert {"for", "against"} <= set(data["cause"]["candidates"][0])


def test_unknown_fields_are_null() -> None:
    data = json.loads(encode(to_event(closed(), "outages.")))["data"]
    assert data["clocks"]["errors_ended"] is None
    assert data["lags_s"]["acknowledged"] is None
    assert data["affected"]["estimate"] is None


def test_event_reads_back() -> None:
    event = to_event(closed(), "outages.")
    assert decode(encode(event)) == event


def test_floats_have_six_significant_digits() -> None:
    assert [six_digits(value) for value in (253491.5, 0.47346812, 1234567.8, 300.0)] == [
        253492.0,
        0.473468,
        1234570.0,
        300.0,
    ]
    data = json.loads(encode(to_event(closed(), "outages.")))
    assert [value for value in floats(data) if value != six_digits(value)] == []


def test_rounding_twice_changes_nothing() -> None:
    window = closed()
    assert rounded(window) == window


def floats(value: object) -> list[float]:
    if isinstance(value, float):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [found for item in items for found in floats(item)]
