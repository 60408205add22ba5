"""What a tally begins with when partitions are assigned to it: their folds, from their commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from streams.catalogue import Catalogue
from streams.kafka.ends import ends
from streams.settings import Settings
from streams.tally.checkpoint import Checkpoint, read_checkpoint
from streams.tally.source import Fold, fold_of

COMMITTED_TIMEOUT_S = 30.0
LEADERS_TIMEOUT_S = 10.0
Source = tuple[str, int]  # an input topic without prefix, and a partition of it

log = structlog.get_logger("tally")


class Start(NamedTuple):
    """A partition's fold and where its reading begins; `lost`: so many records were deleted before they were read."""

    source: Source
    fold: Fold
    begin: TopicPartition
    lost: int


def starts(
    consumer: Consumer,
    partitions: Sequence[TopicPartition],
    names: Mapping[str, str],
    settings: Settings,
    catalogue: Catalogue,
) -> list[Start]:
    """A start for each assigned partition. `names`: of the input topics without prefix, by full name.

    Raises KafkaException when the group's commits cannot be had, CheckpointError when they are not ours.
    """
    if not partitions:
        return []
    led = leaders(consumer, {tp.topic for tp in partitions}, LEADERS_TIMEOUT_S)
    return [
        _start(consumer, tp, names[tp.topic], settings, catalogue, has_leader=led.get((tp.topic, tp.partition), True))
        for tp in consumer.committed(list(partitions), timeout=COMMITTED_TIMEOUT_S)
    ]


def leaders(consumer: Consumer, topics: set[str], timeout_s: float) -> dict[tuple[str, int], bool]:
    """Whether each (full topic name, partition) has a broker that leads it; empty when nobody can be asked."""
    found: dict[tuple[str, int], bool] = {}
    for topic in sorted(topics):
        try:
            described = consumer.list_topics(topic, timeout=timeout_s).topics[topic]
        except KafkaException:
            return {}
        found |= {(topic, p): metadata.leader >= 0 for p, metadata in described.partitions.items()}
    return found


def _start(
    consumer: Consumer, tp: TopicPartition, name: str, settings: Settings, catalogue: Catalogue, *, has_leader: bool
) -> Start:
    if tp.error is not None:
        raise KafkaException(tp.error)
    committed = tp.offset >= 0
    checkpoint = read_checkpoint(tp.offset, tp.metadata or "") if committed else Checkpoint()
    # Of a partition that nobody leads the begin cannot be asked, and need not: nothing is read of it until it is led.
    low = ends(consumer, tp.topic, tp.partition)[0] if has_leader else 0
    fold = fold_of(name, settings.clock, settings.allowed_delay_ms, catalogue, checkpoint)
    lost = low - checkpoint.offset if committed and low > checkpoint.offset else 0
    if lost:
        fold.lose(low)
        log.error("records were deleted before they were read: blind there", topic=name, partition=tp.partition,
                  first=checkpoint.offset, next=low)  # fmt: skip
    offset = max(checkpoint.offset, low) if committed else OFFSET_BEGINNING
    return Start((name, tp.partition), fold, TopicPartition(tp.topic, tp.partition, offset), lost)
