"""Every role on real Kafka in peace: what comes out is what the pure core makes of the same logs, byte for byte."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import jsonschema
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.contracts.schema import schema_of
from streams.contracts.times import parse_time_ms
from streams.contracts.windows import Window
from streams.kafka.embedded import RealBroker
from streams.kafka.records import Record, whole
from streams.roles.replayer import Replayer
from streams.settings import Settings
from tests.kafka.harness.feed import POISON
from tests.kafka.harness.fleet import Fleet, environ_of, fleet
from tests.kafka.harness.outcome import Feeding, Outcome, Watch, newest_of, outcome_of
from tests.kafka.harness.stage import (
    alerts_of,
    backtested,
    check_counts,
    check_passed_on,
    last_bucket,
    log_with_feedback,
    stage,
)
from tests.kafka.harness.truth import Truth, input_logs, naive_count, write_dump

MEMBERS = ("tally-1", "tally-2", "detect-1", "detect-2", "correlate-1", "alert-1")
MINUTES = 56
SPEED = 240.0  # event time against the wall's: 14 s of feeding


@dataclass
class Calm:
    """A run in which nothing happened but the log."""

    settings: Settings
    last: int
    truth: Truth
    outcome: Outcome
    dump: Path
    metrics: dict[str, str]
    listening: dict[str, set[tuple[str, int]]]
    ports: dict[str, int]
    ended: int


@pytest.fixture(scope="module")
def calm(kafka: RealBroker, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    folder = tmp_path_factory.mktemp("calm")
    settings = stage(kafka.bootstrap, "calm.", folder)
    log = log_with_feedback(settings, seed=11, minutes=MINUTES)
    last = last_bucket(log, settings)
    with fleet(settings, folder, *MEMBERS) as members:
        watch = Watch(settings, members)
        watch.everybody(len(MEMBERS))
        feeding = Feeding(Replayer(settings, paced=False), log, SPEED)
        watch.to_the_end(feeding, last)
        watch.close()
        metrics = {name: _metrics(members, name) for name in MEMBERS}
        ports = {name: members.metrics_port(name) for name in MEMBERS}
        listening, ended = members.listening(), len(members.ended)
    logs = input_logs(settings)
    write_dump(logs, folder / "dump.ndjson")
    return Calm(
        settings, last, naive_count(logs, settings), outcome_of(settings), folder / "dump.ndjson",
        metrics, listening, ports, ended,
    )  # fmt: skip


def _metrics(members: Fleet, name: str) -> str:
    with urlopen(f"http://127.0.0.1:{members.metrics_port(name)}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def test_nobody_had_to_be_started_again(calm: Calm) -> None:
    assert calm.ended == 0


def test_every_sealed_bucket_is_the_offline_count(calm: Calm) -> None:
    check_counts(calm.outcome, calm.truth, calm.last)


def test_windows_equal_the_backtest_of_the_dump_byte_for_byte(calm: Calm) -> None:
    expected = backtested(calm.dump, calm.settings)
    assert len(newest_of(expected)) >= 2
    assert calm.outcome.windows == expected


def test_the_command_backtests_the_dump_to_the_same_bytes(calm: Calm) -> None:
    argv = [sys.executable, "-m", "streams", "backtest", "--events", str(calm.dump)]
    done = subprocess.run(argv, capture_output=True, env=dict(environ_of(calm.settings)), timeout=60, check=True)
    assert done.stdout.splitlines() == calm.outcome.windows


def test_alerts_are_those_of_the_windows(calm: Calm) -> None:
    assert calm.outcome.alerts == alerts_of(calm.outcome.windows, calm.settings)
    assert len(calm.outcome.alerts) >= 4  # two that fire and are resolved


def test_the_operators_word_is_in_the_windows(calm: Calm) -> None:
    changes = [(w.state, w.change) for w in _windows(calm) if w.operator.action in ("false_alarm", "confirmed")]
    assert changes == [("retracted", "retracted"), ("closed", "restored")]


def test_the_archive_holds_the_newest_revision_of_each_window(calm: Calm) -> None:
    published = {r.value: (r.key or b"").decode() for r in whole(calm.settings.brokers, calm.settings.topic("windows"))}
    newest = newest_of(calm.outcome.windows)
    assert set(calm.outcome.latest) == set(newest)
    for window, value in calm.outcome.latest.items():
        assert published[value] == window
        assert msgspec.json.decode(value)["data"]["revision"] == newest[window].revision


def test_refused_and_late_records_are_passed_on_once_with_their_bytes(calm: Calm) -> None:
    check_passed_on(calm.outcome, calm.truth)
    assert len(calm.truth.refused) == len(POISON)
    assert calm.outcome.dead_records == len(calm.outcome.dead)
    assert calm.outcome.late_records == len(calm.outcome.late)


def test_a_dead_letter_names_its_reason_and_its_origin(calm: Calm) -> None:
    found = Counter((_topic(calm, r), r.value or b"", r.header("reason")) for r in calm.outcome.dead.values())
    assert found == Counter((topic, value, reason) for topic, value, reason in POISON)
    assert all(record.header("detail") for record in calm.outcome.dead.values())
    assert all(record.header("reason") is None for record in calm.outcome.late.values())


def _topic(calm: Calm, record: Record) -> str:
    return (record.header("topic") or "").removeprefix(calm.settings.prefix)


def test_metrics_add_up_to_what_was_sent(calm: Calm) -> None:
    told: dict[str, Counter[str]] = {}
    for name in ("tally-1", "tally-2"):
        for family in text_string_to_metric_families(calm.metrics[name]):
            for sample in family.samples:
                if sample.name == "outages_events_total":
                    told.setdefault(sample.labels["signal"], Counter())[sample.labels["outcome"]] += round(sample.value)
    for topic, counts in told.items():
        counts.pop("unknown_service", None)  # these are accepted ones, too
        assert counts == calm.truth.fates[topic]
    assert set(told) == {topic for topic, fates in calm.truth.fates.items() if fates}


def test_only_metrics_are_listened_on_and_only_on_loopback(calm: Calm) -> None:
    assert calm.listening == {name: {("127.0.0.1", calm.ports[name])} for name in MEMBERS}


@pytest.mark.parametrize(
    ("topic", "schema"),
    [
        ("series", "series"),
        ("windows", "window-event"),
        ("windows.latest", "window-event"),
        ("alerts", "alert-event"),
        ("health", "health"),
    ],
)
def test_records_validate_against_their_schema(calm: Calm, topic: str, schema: str) -> None:
    validator = jsonschema.Draft202012Validator(schema_of(schema))
    values = [r.value for r in whole(calm.settings.brokers, calm.settings.topic(topic)) if r.value]
    assert values
    for value in values:
        validator.validate(msgspec.json.decode(value))


def test_accepted_records_validate_against_the_schema_of_their_topic(calm: Calm) -> None:
    schemas = {"errors": "error", "reports": "report", "statements": "statement", "feedback": "feedback"}
    refused = set(calm.truth.refused)
    for (topic, partition), records in input_logs(calm.settings).items():
        validator = jsonschema.Draft202012Validator(schema_of(schemas[topic]))
        clocks = jsonschema.Draft202012Validator(schema_of("clock"))
        for record in records[::7]:  # a sample: validation is slow, and records of a kind are alike
            if (topic, partition, record.offset) not in refused:
                value = msgspec.json.decode(record.value or b"")
                (clocks if "clock" in value else validator).validate(value)


def test_a_process_that_ends_in_good_order_leaves_no_heartbeat(calm: Calm) -> None:
    newest = {r.key: r.value for r in whole(calm.settings.brokers, calm.settings.topic("health"))}
    assert len(newest) == len(MEMBERS)
    assert set(newest.values()) <= {None, b""}


def test_windows_time_is_event_time(calm: Calm) -> None:
    last_ms = (calm.last + 1) * 60_000
    assert all(parse_time_ms(window.time) <= last_ms for window in _windows(calm))


def _windows(calm: Calm) -> list[Window]:
    return [msgspec.json.decode(encoded, type=Window) for encoded in calm.outcome.windows]
