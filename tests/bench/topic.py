"""The benchmark's topics: the one that everybody reads, written once, and ours that are made anew for every round."""

from __future__ import annotations

import time
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from streams.contracts.events import INPUT_TOPICS
from streams.kafka.admin import ensure_topics
from streams.kafka.topics import topic_specs
from streams.settings import Settings
from tests.bench.events import PARTITIONS, Draws, Load, clock, with_clocks

PREFIX = "bench."
ANSWER_TIMEOUT_S = 30.0
SINGLE = ("statements", "feedback")  # of one partition, by contract


def bench_settings(brokers: str, folder: Path, prefix: str = PREFIX) -> Settings:
    """Settings as they ship, but for the clock: half an hour of event time is read in seconds."""
    return Settings(
        brokers=brokers, prefix=prefix, clock="record", errors_partitions=PARTITIONS, data_dir=folder, metrics_port=0
    )


def prefix_of(errors_topic: str) -> str:
    """The prefix of a topic of errors, by its full name."""
    return errors_topic.removesuffix("errors")


def write_load(settings: Settings, drawn: Draws, load: Load) -> list[int]:
    """Creates the topics, writes the load into the input topics; returns the end offset of each errors partition."""
    ensure_topics(settings.brokers, topic_specs(settings, brokers=1))
    producer = Producer(
        {
            "bootstrap.servers": settings.brokers,
            "compression.type": "lz4",
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 1_000_000,
            "enable.idempotence": True,
        }
    )
    counts = {topic: 1 if topic in SINGLE else _partitions(settings, topic) for topic in INPUT_TOPICS}
    everywhere = [(settings.topic(topic), p) for topic, count in counts.items() for p in range(count)]
    ends = [0] * PARTITIONS
    errors = settings.topic("errors")
    for record in with_clocks(drawn, load):
        if isinstance(record, int):
            for topic, partition in everywhere:
                _produce(producer, topic, partition, None, clock(record))
            ends = [end + 1 for end in ends]
        else:
            _produce(producer, errors, record.partition, record.key, record.value)
            ends[record.partition] += 1
    if producer.flush(120):
        raise RuntimeError("the load could not be written: see the broker's log")
    return ends


def renew_outputs(settings: Settings) -> None:
    """Empties every topic that we write ourselves and forgets our groups, so that a round begins from nothing."""
    admin = AdminClient({"bootstrap.servers": settings.brokers, "log_level": 0})
    _forget_groups(admin, settings)
    specs = topic_specs(settings, brokers=1)
    outputs = [spec for spec in specs if spec.name.removeprefix(settings.prefix) not in INPUT_TOPICS]
    for future in admin.delete_topics([spec.name for spec in outputs], operation_timeout=ANSWER_TIMEOUT_S).values():
        _result(future, KafkaError.UNKNOWN_TOPIC_OR_PART)
    deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
    while {spec.name for spec in outputs} & set(admin.list_topics(timeout=ANSWER_TIMEOUT_S).topics):
        if time.monotonic() > deadline_s:
            raise RuntimeError("topics of the last round will not go: see the broker's log")
        time.sleep(0.1)
    ensure_topics(settings.brokers, specs)


# A member that ended by force counts as there until its session ends; a broker that has just begun is still making the
# topic in which it keeps groups.
_PASSING = frozenset(
    {KafkaError.NON_EMPTY_GROUP, KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE,
     KafkaError.COORDINATOR_LOAD_IN_PROGRESS}
)  # fmt: skip


def _forget_groups(admin: AdminClient, settings: Settings) -> None:
    groups = [settings.topic(role) for role in ("tally", "detect", "correlate")]
    deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
    while True:
        try:
            for future in admin.delete_consumer_groups(groups).values():
                _result(future, KafkaError.GROUP_ID_NOT_FOUND)
            return
        except KafkaException as error:
            if error.args[0].code() not in _PASSING or time.monotonic() > deadline_s:
                raise
            time.sleep(0.5)


def _result(future: object, harmless: int) -> None:
    try:
        future.result()  # type: ignore[attr-defined]
    except KafkaException as error:
        if error.args[0].code() != harmless:
            raise


def _partitions(settings: Settings, topic: str) -> int:
    return settings.errors_partitions if topic == "errors" else settings.reports_partitions


def _produce(producer: Producer, topic: str, partition: int, key: bytes | None, value: bytes) -> None:
    while True:
        try:
            producer.produce(topic, value, key=key, partition=partition)
            return
        except BufferError:
            producer.poll(0.1)
