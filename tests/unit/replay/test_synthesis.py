"""Scenario to records: deterministic, in arrival order, through the points."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest

from streams.contracts.events import EVENT_TYPES
from streams.contracts.times import QUARTER_MS, parse_time_ms
from streams.replay.synthesis import LogRecord, records
from tests.unit.replay.builders import digest, per_minute, small, values

ALLOWED_DELAY_MS = 20_000


@pytest.fixture(scope="module")
def log() -> list[LogRecord]:
    return list(records(small()))


def total(minutes: Counter[str], first: str, last: str) -> int:
    return sum(count for minute, count in minutes.items() if first <= minute <= last)


def test_every_run_and_every_machine_gives_the_same_bytes(log: list[LogRecord]) -> None:
    assert digest(log) == digest(records(small()))
    assert digest(log) == "5f405b7043406ecdac948971100cac76be9696fe9533b7be16c9aac03a967488"


def test_another_seed_gives_other_records(log: list[LogRecord]) -> None:
    assert digest(records(small(("seed: 7", "seed: 8")))) != digest(log)


def test_a_service_more_changes_nothing_of_the_others(log: list[LogRecord]) -> None:
    more = small(("  - id: bank\n", "  - id: cafe\n    reports: {usual: {per_minute: 5}}\n  - id: bank\n"))
    assert values(records(more), "reports", "bank") == values(log, "reports", "bank")


def test_records_come_in_order_of_arrival_and_slightly_out_of_order_of_event_time(log: list[LogRecord]) -> None:
    arrivals = [record.time_ms for record in log]
    assert arrivals == sorted(arrivals)
    events = [parse_time_ms(value["time"]) for value in values(log, "reports", "shop")]
    assert events != sorted(events)


def test_nothing_arrives_before_it_happens_or_later_than_allowed(log: list[LogRecord]) -> None:
    for record in log:
        event_ms = parse_time_ms(json.loads(record.value)["time"])
        assert event_ms <= record.time_ms < event_ms + ALLOWED_DELAY_MS


def test_all_events_lie_within_the_scenario(log: list[LogRecord]) -> None:
    scenario = small()
    for record in log:
        assert scenario.start_ms <= parse_time_ms(json.loads(record.value)["time"]) < scenario.end_ms


def test_every_record_is_valid_and_carries_the_scenario(log: list[LogRecord]) -> None:
    for record in log:
        event = msgspec.json.decode(record.value, type=EVENT_TYPES[record.topic])
        assert getattr(event, "scenario") == "small"  # noqa: B009  (feedback, which never comes, has none)


def test_distinct_reports_go_through_the_cited_points(log: list[LogRecord]) -> None:
    minutes = per_minute(values(log, "reports", "shop"))
    # 6,000 a quarter of an hour from 12:10 to 12:30; who reports twice in a quarter counts once.
    assert total(minutes, "12:12", "12:26") == pytest.approx(6_000, rel=0.03)
    # Log-linear from 6 at 12:00 to 400 at 12:10: the geometric mean, 49 a minute, at 12:05.
    assert minutes["12:04"] + minutes["12:05"] == pytest.approx(98, rel=0.25)
    assert total(minutes, "11:00", "11:59") == pytest.approx(60 * 5.9, rel=0.15)


def test_totals_and_collectors_counts_keep_the_usual_level(log: list[LogRecord]) -> None:
    bank = per_minute(values(log, "reports", "bank"))
    errors = per_minute(values(log, "errors", "shop"))
    assert sum(bank.values()) == pytest.approx(180 * 30, rel=0.05)
    assert sum(errors.values()) == pytest.approx(180 * 60, rel=0.15)


def test_reports_are_keyed_by_reporter(log: list[LogRecord]) -> None:
    shop = [record for record in log if record.topic == "reports" and b'"shop"' in record.value]
    assert all(json.loads(record.value)["reporter"] == record.key.decode() for record in shop)


def test_errors_are_keyed_by_service_and_collector(log: list[LogRecord]) -> None:
    counted = [record for record in log if record.topic == "errors" and b'"count"' in record.value]
    keys = {(record.key, json.loads(record.value)["source"], json.loads(record.value)["region"]) for record in counted}
    assert keys == {(b"shop-edge-iad", "edge-iad", "US"), (b"shop-edge-oslo", "edge-oslo", "NO")}


def test_some_reporters_repeat_within_the_quarter_and_some_come_again_later(log: list[LogRecord]) -> None:
    shop = values(log, "reports", "shop")
    seen = Counter((event["reporter"], parse_time_ms(event["time"]) // QUARTER_MS) for event in shop)
    repeats = sum(count - 1 for count in seen.values())
    assert repeats / len(shop) == pytest.approx(0.1, abs=0.02)
    reporters = {reporter for reporter, _ in seen}
    assert 1 - len(reporters) / len(seen) == pytest.approx(0.1, abs=0.03)


def test_a_resent_error_is_the_same_record_again(log: list[LogRecord]) -> None:
    bodies = Counter(record.value for record in log if record.topic == "errors")
    ids = Counter(json.loads(body)["id"] for body in bodies)
    assert set(ids.values()) == {1}
    assert sum(count == 2 for count in bodies.values()) / len(bodies) == pytest.approx(0.04, abs=0.02)


def test_sampled_errors_come_one_by_one_with_their_user(log: list[LogRecord]) -> None:
    shop = values(log, "errors", "shop")
    single = [event for event in shop if event["source"] == "client"]
    assert all("user" in event and "count" not in event for event in single)
    assert len(single) / sum(per_minute(shop).values()) == pytest.approx(0.1, abs=0.02)
    assert len({event["user"] for event in single}) < len(single)


def test_shares_of_symptoms_texts_and_kinds_are_kept(log: list[LogRecord]) -> None:
    shop = values(log, "reports", "shop")
    assert sum(event["symptom"] == "app" for event in shop) / len(shop) == pytest.approx(0.6, abs=0.03)
    texts = [event for event in shop if "text" in event]
    assert {(event["text"], event["lang"]) for event in texts} == {("لا يعمل", "ar")}
    assert len(texts) / len(shop) == pytest.approx(0.25, abs=0.03)
    errors = values(log, "errors", "shop")
    upstream = sum(event.get("count", 1) for event in errors if event.get("dependency") == "aws")
    assert upstream / sum(event.get("count", 1) for event in errors) == pytest.approx(0.25, abs=0.03)


def test_statements_arrive_when_they_are_made(log: list[LogRecord]) -> None:
    said = [record for record in log if record.topic == "statements"]
    assert [(record.key, record.time_ms) for record in said] == [(b"shop", parse_time_ms("2022-07-14T12:40:00Z"))]
    assert json.loads(said[0].value)["status"] == "investigating"
