"""What a client hands over, taken apart by partition, with hardly any Python per message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import cast

from confluent_kafka import Message


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
