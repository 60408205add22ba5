"""What every role asks before it starts: is there a Kafka, and are its topics as they have to be?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from streams.kafka.admin import TopicError, broker_count, check_topics, ensure_topics, touch_topics
from streams.kafka.topics import TopicSpec, topic_specs
from streams.settings import Settings

ANSWER_TIMEOUT_S = 10.0
MOCK_CLUSTER = "mockCluster"  # how librdkafka's mock cluster names itself


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a role may rely on. `partitions`: of every topic, by bare name."""

    is_mock: bool
    partitions: Mapping[str, int]


def is_mock_cluster(brokers: str) -> bool:
    """Whether this is librdkafka's mock cluster. Raises TopicError when nobody answers."""
    try:
        cluster_id = (
            AdminClient({"bootstrap.servers": brokers, "log_level": 0}).list_topics(timeout=ANSWER_TIMEOUT_S).cluster_id
        )
    except KafkaException as error:
        raise TopicError(
            f"no Kafka answers at {brokers} ({error.args[0].str()}): start it, or set `brokers`"
        ) from error
    return str(cluster_id).startswith(MOCK_CLUSTER)


def make_ready(settings: Settings) -> Cluster:
    """Creates what is missing, as `outages topics` does, and returns what there is. Raises TopicError."""
    if not is_mock_cluster(settings.brokers):
        ensure_topics(settings.brokers, topic_specs(settings, brokers=broker_count(settings.brokers)))
    return ready(settings)


def ready(settings: Settings) -> Cluster:
    """Checks the topics without changing any. Raises TopicError, which says what to do."""
    specs = topic_specs(settings, brokers=1)
    is_mock = is_mock_cluster(settings.brokers)
    if is_mock:
        counts = touch_topics(settings.brokers, [spec.name for spec in specs])
        _refuse_other_counts(specs, counts)
    else:
        check_topics(settings.brokers, specs)
        counts = {spec.name: spec.partitions for spec in specs}
    return Cluster(is_mock, {name.removeprefix(settings.prefix): count for name, count in counts.items()})


def _refuse_other_counts(specs: tuple[TopicSpec, ...], counts: Mapping[str, int]) -> None:
    """On the mock cluster every topic has as many partitions as it likes; where that is a setting, it must say so."""
    for spec in specs:
        if spec.setting is not None and counts[spec.name] != spec.partitions:
            raise TopicError(
                f"topic {spec.name} has {counts[spec.name]} partitions on the mock cluster, not {spec.partitions}: "
                f"set {spec.setting} = {counts[spec.name]}"
            )


def topic_id(settings: Settings, name: str) -> str:
    """Kafka's id of a topic's present life, by which snapshots of a deleted one are told; "" where it has none."""
    client = AdminClient({"bootstrap.servers": settings.brokers, "log_level": 0})
    topic = settings.topic(name)
    deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
    while True:
        try:
            described = client.describe_topics(TopicCollection([topic]), request_timeout=5)[topic].result()
            return str(described.topic_id)
        except KafkaException as error:
            if time.monotonic() > deadline_s:
                raise TopicError(
                    f"Kafka does not describe {topic} ({error.args[0].str()}): check its rights"
                ) from error
            time.sleep(0.2)


def mock_settings(settings: Settings, partitions: int) -> Settings:
    """The settings as the mock cluster needs them: as many partitions as every topic has there."""
    return msgspec.structs.replace(
        settings, errors_partitions=partitions, reports_partitions=partitions, tallies_partitions=partitions
    )
