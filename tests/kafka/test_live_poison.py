"""Records that no producer should send: each becomes a dead letter, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka import Producer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.kafka.embedded import RealBroker
from streams.roles.replayer import Replayer
from streams.settings import Settings
from tests.kafka.harness.feed import feed
from tests.kafka.harness.fleet import fleet
from tests.kafka.harness.outcome import Feeding, Watch, outcome_of
from tests.kafka.harness.stage import check_counts, last_bucket, stage
from tests.kafka.harness.truth import input_logs, naive_count

MEMBERS = ("tally-1", "detect-1", "correlate-1")
KEPT_BYTES = 16 * 1024
HUGE_BYTES = 12 * 1024 * 1024
TIME = b'"2022-07-14T12:03:00Z"'

POISON: tuple[tuple[bytes | None, str], ...] = (
    (b'{"service": "twitter", "time": "2099-06-01T00:00:00Z"}', "time_in_future"),
    (b'{"service": "twitter", "time": "1970-06-01T00:00:00Z"}', "bad_time"),
    (b'{"service": "twitter", "time": NaN}', "not_json"),
    (b'{"service": "twitter", "time": 1e309}', "bad_time"),
    (b'{"service": "twitter", "time": 1e308}', "bad_time"),
    (b'{"service": "twitter", "time": %s, "text": "%s"}' % (TIME, b"x" * 10_000_000), "too_large"),
    (b'{"service": "twitter", "time": %s, "count": ' % TIME + b"[" * 5_000 + b"]" * 5_000 + b"}", "too_deep"),
    (b'{"service": "twitter\xff", "time": %s}' % TIME, "not_json"),
    (b" ", "not_json"),
    (None, "not_json"),
    (b'{"service": "twitter", "time": %s, "count": -1}' % TIME, "bad_count"),
    (b'{"service": "twitter", "time": %s, "count": true}' % TIME, "bad_count"),
)


def let_through(settings: Settings, *topics: str) -> None:
    """Lets these topics take records far above what the contract allows."""
    admin = KafkaAdminClient(bootstrap_servers=settings.brokers)
    configs = {"max.message.bytes": str(HUGE_BYTES)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topic(t), configs=configs) for t in topics])
    admin.close()


def test_each_poisonous_record_is_one_dead_letter_and_nothing_else_changes(
    kafka: RealBroker, prefix: str, tmp_path: Path
) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path)
    let_through(settings, "errors", "reports")
    log = feed(settings, seed=3, minutes=8)
    last = last_bucket(log, settings)
    with fleet(settings, tmp_path, *MEMBERS) as members:
        watch = Watch(settings, members)
        watch.everybody(len(MEMBERS))
        feeding = Feeding(Replayer(settings, paced=False), log, speed=60)
        watch.until("something to lie among", lambda: feeding.clock_ms > log[0].time_ms + 120_000, 60)
        producer = Producer({"bootstrap.servers": settings.brokers, "message.max.bytes": HUGE_BYTES, "log_level": 0})
        for topic in ("errors", "reports"):
            for value, _ in POISON:
                producer.produce(settings.topic(topic), value, key=b"poison", partition=1)
        assert producer.flush(30) == 0
        watch.to_the_end(feeding, last)
        watch.close()
        assert members.ended == []
    logs = input_logs(settings)
    outcome, truth = outcome_of(settings), naive_count(logs, settings)
    check_counts(outcome, truth, last)
    dead = [
        r for r in outcome.dead.values() if r.key == b"poison" and r.header("partition") == "1" and _is_ours(r.value)
    ]
    for topic in ("errors", "reports"):
        of_topic = [r for r in dead if r.header("topic") == settings.topic(topic)]
        by_offset = sorted(of_topic, key=lambda r: int(r.header("offset") or 0))
        assert [(r.value, r.header("reason")) for r in by_offset] == [
            ((v or b"")[:KEPT_BYTES], why) for v, why in POISON
        ]
    assert outcome.dead_records == len(outcome.dead) == len(truth.refused)


def _is_ours(value: bytes | None) -> bool:
    """Whether a dead letter is of the records above, not of those in the log."""
    return value in [(poison or b"")[:KEPT_BYTES] for poison, _ in POISON]
