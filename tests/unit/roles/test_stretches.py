"""How tally takes apart what the client hands over: by partition, with offsets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, Message

from streams.roles.stretches import NoAppendTimeError, append_times_of, offsets_of, stretches

Place = tuple[str, int, int]


def messages(*places: Place) -> Sequence[Message]:
    return [
        Message(topic=topic, partition=partition, offset=offset, value=b"{}") for topic, partition, offset in places
    ]


@pytest.mark.parametrize(
    ("topics", "partitions"),
    [("eeeee", [0, 0, 1, 1, 0]), ("eerre", [0, 0, 0, 0, 0]), ("erere", [1, 1, 1, 1, 1]), ("eerrr", [0, 1, 1, 0, 0])],
)
def test_stretches_hold_every_message_once_and_of_one_partition_each(topics: str, partitions: list[int]) -> None:
    given = messages(*((t, p, i) for i, (t, p) in enumerate(zip(topics, partitions, strict=True))))
    runs = list(stretches(given))
    assert [message for _, _, run in runs for message in run] == list(given)
    for topic, partition, run in runs:
        assert {(m.topic(), m.partition()) for m in run} == {(topic, partition)}
    neighbours = [(topic, partition) for topic, partition, _ in runs]
    assert all(one != other for one, other in pairwise(neighbours))


def test_of_nothing_there_are_no_stretches() -> None:
    assert list(stretches([])) == []


def test_offsets_with_gaps_are_those_of_the_messages() -> None:
    assert list(offsets_of(messages(("e", 0, 5), ("e", 0, 6), ("e", 0, 7)))) == [5, 6, 7]
    assert list(offsets_of(messages(("e", 0, 5), ("e", 0, 7), ("e", 0, 8)))) == [5, 7, 8]


def test_append_times_are_the_brokers() -> None:
    given = [
        Message(topic="t", partition=0, offset=i, timestamp=(TIMESTAMP_LOG_APPEND_TIME, 1000 + i)) for i in range(3)
    ]
    assert append_times_of(given) == [1000, 1001, 1002]


def test_a_topic_with_its_producers_times_is_refused_with_a_remedy() -> None:
    given = [Message(topic="outages.errors", partition=0, offset=0, timestamp=(TIMESTAMP_CREATE_TIME, 1000))]
    with pytest.raises(NoAppendTimeError, match=r"outages\.errors is not timed by the broker.*run `outages topics`"):
        append_times_of(given)
