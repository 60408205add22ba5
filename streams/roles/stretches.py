"""What a client hands over, taken apart by partition, with hardly any Python per message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import cast

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Message


class NoAppendTimeError(ValueError):
    """Records carry their producers' clocks, by which no log may be timed."""


def stretches(messages: Sequence[Message]) -> Iterator[tuple[str, int, Sequence[Message]]]:
    """Topic, partition and messages of each stretch from the same partition."""
    if not messages:
        return
    topics = cast(list[str], list(map(Message.topic, messages)))
    partitions = cast(list[int], list(map(Message.partition, messages)))
    if topics.count(topics[0]) == len(topics):
        lengths = ((topics[0], partition, len(list(run))) for partition, run in groupby(partitions))
    else:
        places = groupby(zip(topics, partitions, strict=True))
        lengths = ((topic, partition, len(list(run))) for (topic, partition), run in places)
    start = 0
    for topic, partition, length in lengths:
        yield topic, partition, messages[start : start + length]
        start += length


def offsets_of(messages: Sequence[Message]) -> Sequence[int]:
    """Of messages of one partition, in order. Offsets only grow: with as many steps as messages there is no gap."""
    first, last = cast(int, messages[0].offset()), cast(int, messages[-1].offset())
    if last - first == len(messages) - 1:
        return range(first, last + 1)
    return cast(list[int], list(map(Message.offset, messages)))  # None only in what a producer hands out


def append_times_of(messages: Sequence[Message]) -> list[int]:
    """When the broker appended each message of one partition, in milliseconds.

    Raises NoAppendTimeError where the topic keeps its producers' times: any of them could move time as it likes.
    """
    stamps = [message.timestamp() for message in messages]
    if any(kind != TIMESTAMP_LOG_APPEND_TIME for kind, _ in stamps):
        raise NoAppendTimeError(
            f"topic {messages[0].topic()} is not timed by the broker (message.timestamp.type is not LogAppendTime): "
            "run `outages topics`, and under clock = broker only on a real Kafka"
        )
    return [time_ms for _, time_ms in stamps]
