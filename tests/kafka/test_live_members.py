"""Processes that come and go in good order, and how soon one is back that did not."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from streams.contracts.events import INPUT_TOPICS
from streams.contracts.times import BUCKET_MS
from streams.kafka.embedded import RealBroker
from streams.kafka.records import ends
from streams.replay.loading import load_scenario
from streams.replay.scenario_run import history_records
from streams.roles.replayer import Replayer
from streams.settings import Settings
from streams.tally.checkpoint import read_checkpoint
from tests.kafka.harness.feed import START_MS
from tests.kafka.harness.fleet import Fleet, fleet
from tests.kafka.harness.outcome import Feeding, Watch, newest_of, outcome_of
from tests.kafka.harness.stage import backtested, check_counts, check_passed_on, last_bucket, log_with_feedback, stage
from tests.kafka.harness.truth import input_logs, naive_count, write_dump

CHAIN = ("tally-1", "detect-1", "correlate-1")
HERE = Path(__file__).parent
MINUTES = 56
RECOVERY_S = 15.0  # promised, on a machine that is not overloaded
PATIENCE_S = 45.0  # for a machine that is
ENDS_WITHIN_S = 10.0


@pytest.mark.timeout(240)
def test_members_join_and_leave_in_the_middle(kafka: RealBroker, prefix: str, tmp_path: Path) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path)
    history = list(history_records(load_scenario(str(HERE / "short-outage.yaml"))))
    log = log_with_feedback(settings, seed=8, minutes=MINUTES)
    last = last_bucket(log, settings)
    replayer = Replayer(settings, paced=False)
    assert replayer.warm_up(history) > 0
    with fleet(settings, tmp_path, "tally-1", "detect-1", "detect-2", "correlate-1") as members:
        watch = Watch(settings, members)
        watch.everybody(4)
        feeding = Feeding(replayer, log, speed=40)
        for come, go in (
            ("detect-3", ""),
            ("tally-2", ""),
            ("correlate-2", "detect-1"),
            ("", "tally-1"),
            ("", "detect-3"),
        ):
            watch.pause(4)  # some seconds of feeding between them
            if come:
                members.add(come)
            if go:
                members.leave(go)
        feeding.hurry()
        watch.to_the_end(feeding, last)
        watch.close()
        assert members.ended == []
    logs = input_logs(settings)
    write_dump(logs, tmp_path / "dump.ndjson")
    outcome, truth = outcome_of(settings), naive_count(logs, settings)
    check_counts(outcome, truth, last)
    check_passed_on(outcome, truth)
    expected = backtested(tmp_path / "dump.ndjson", settings, history=iter(history))
    assert len(newest_of(expected)) >= 2
    assert outcome.windows == expected
    assert outcome.dead_records == len(outcome.dead)  # who leaves in good order leaves nothing to be said twice
    assert outcome.late_records == len(outcome.late)


@pytest.mark.timeout(240)
def test_killed_roles_are_back_soon_and_stopped_ones_leave_nothing_undone(
    kafka: RealBroker, prefix: str, tmp_path: Path
) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path)
    log = log_with_feedback(settings, seed=9, minutes=MINUTES)
    last = last_bucket(log, settings)
    with fleet(settings, tmp_path, *CHAIN) as members:
        watch = Watch(settings, members)
        watch.everybody(len(CHAIN))
        feeding = Feeding(Replayer(settings, paced=False), log, speed=30)
        watch.until("some buckets", lambda: watch.reaches(START_MS // BUCKET_MS + 3), 60)
        took_s = recovery_s(members, watch, feeding)
        print(f"all three roles killed with -9, back after {took_s:.1f} s; {RECOVERY_S:.0f} s are promised")
        feeding.hurry()
        watch.to_the_end(feeding, last)
        for name in CHAIN:  # each takes in the last of the one before it
            watch.to_the_end(feeding, last)
            code, took_s = members.end(name, signal.SIGTERM, ENDS_WITHIN_S)
            print(f"{name}: told to stop, ended with {code} after {took_s:.1f} s")
            assert code == 0
            assert uncommitted(settings, name.partition("-")[0]) == {}
        watch.close()
    logs = input_logs(settings)
    write_dump(logs, tmp_path / "dump.ndjson")
    assert outcome_of(settings).windows == backtested(tmp_path / "dump.ndjson", settings)


def recovery_s(members: Fleet, watch: Watch, feeding: Feeding) -> float:
    """Kills the whole chain, and waits until the bucket that was being filled at that moment has been correlated."""
    bucket, before = feeding.clock_ms // BUCKET_MS, watch.positions["series", "0"]
    for name in CHAIN:
        assert members.send(name, signal.SIGKILL)
    begun_s = time.monotonic()
    watch.until(f"bucket {bucket} of each partition", lambda: watch.reaches(bucket), PATIENCE_S)
    watch.until("correlate reading on", lambda: watch.positions["series", "0"] > before + 8, PATIENCE_S)
    return time.monotonic() - begun_s


def uncommitted(settings: Settings, role: str) -> dict[str, tuple[int, int]]:
    """(committed, end) of each partition of a role's input whose commit does not say that all of it was taken in."""
    topics = INPUT_TOPICS if role == "tally" else {"detect": ("tallies",), "correlate": ("series",)}[role]
    consumer = Consumer({"bootstrap.servers": settings.brokers, "group.id": settings.topic(role), "log_level": 0})
    found = {}
    for topic in topics:
        for partition, end in ends(settings.brokers, settings.topic(topic)).items():
            (commit,) = consumer.committed([TopicPartition(settings.topic(topic), partition)], timeout=10)
            reached = commit.offset
            if role == "tally":  # its commit stands at the oldest unsealed pane, and says how far it has read
                reached = read_checkpoint(commit.offset, commit.metadata or "").reached
            if reached != end.high:
                found[f"{topic}-{partition}"] = (reached, end.high)
    consumer.close()
    return found
