"""Read a topic without a group: from its beginning to its present end, or on and on. Nothing is ever committed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.kafka.ends import ends as patient_ends

# Who asks sits at a terminal or waits in a script: a cluster that is there answers in milliseconds.
ANSWER_TIMEOUT_S = 10.0
# A read to the end that brings nothing for so long has lost its broker: a fetch waits half a second at most.
STALLED_S = 20.0
# So often the reader looks up while nothing comes: a Ctrl-C is answered within it.
POLL_S = 0.2
FETCH_RECORDS = 1_000  # handed over at once; more gains nothing
LARGEST_RECORD_BYTES = 16 * 1024 * 1024  # twice what a bucket report may have


CANARY_HEADER = "outages-canary"  # on records without a value that only move time, each second in every input partition


class ReadError(RuntimeError):
    """The topic cannot be read: one line with the cause and what to do about it."""


class Record(NamedTuple):
    """A record as it lies in the log. `time_ms`: Kafka's timestamp, -1 where it has none. `value` None: a tombstone."""

    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def is_canary(self) -> bool:
        """Whether it says nothing but what time it is."""
        return not self.value and any(name == CANARY_HEADER for name, _ in self.headers)

    def header(self, name: str) -> str | None:
        """The last header of that name as text; None where there is none."""
        found = [value for key, value in self.headers if key == name]
        return found[-1].decode("utf-8", "replace") if found else None


class End(NamedTuple):
    """Where the log of one partition begins and ends: offsets of the oldest record and of the one to come."""

    low: int
    high: int


def ends(brokers: str, topic: str) -> dict[int, End]:
    """Begin and end of every partition. Raises ReadError, also where there is no such topic."""
    with _reader(brokers) as consumer:
        return _ends(consumer, brokers, topic)


def whole(brokers: str, topic: str) -> Iterator[Record]:
    """Every record that the topic holds at the moment of the call, each partition in offset order.

    What is appended while it is being read is left out. Raises ReadError.
    """
    with _reader(brokers) as consumer:
        to_read = {partition: end for partition, end in _ends(consumer, brokers, topic).items() if end.low < end.high}
        consumer.assign([TopicPartition(topic, partition, end.low) for partition, end in to_read.items()])
        yield from _to_end(consumer, brokers, topic, to_read)


def _to_end(consumer: Consumer, brokers: str, topic: str, to_read: dict[int, End]) -> Iterator[Record]:
    """What an assigned consumer has to read up to these ends; empties `to_read`."""
    heard_s = time.monotonic()
    while to_read:
        for message in consumer.consume(FETCH_RECORDS, timeout=POLL_S):
            is_end = _is_end(message)
            partition, offset = _place(message)
            if partition not in to_read or (message.error() is not None and not is_end):
                continue
            heard_s = time.monotonic()
            # The last offsets may be gone (compacted, or a transaction's marks): then only the end itself is told.
            if message.error() is None and offset < to_read[partition].high:
                yield _record(message)
            if is_end or offset + 1 >= to_read[partition].high:
                del to_read[partition]
        if time.monotonic() - heard_s > STALLED_S:
            raise ReadError(f"{topic} at {brokers} stopped answering: see whether its brokers run, then try again")


def newest(brokers: str, topic: str) -> dict[int, Record]:
    """The last record of each partition that still holds one, canaries too. Raises ReadError."""
    with _reader(brokers) as consumer:
        to_read = {partition: end for partition, end in _ends(consumer, brokers, topic).items() if end.low < end.high}
        found: dict[int, Record] = {}
        # One back from the end; where that offset is gone (a transaction's mark), nothing is found.
        consumer.assign([TopicPartition(topic, partition, end.high - 1) for partition, end in to_read.items()])
        deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
        while to_read and time.monotonic() < deadline_s:
            for message in consumer.consume(FETCH_RECORDS, timeout=POLL_S):
                if _is_end(message):
                    to_read.pop(_place(message)[0], None)
                elif message.error() is None:
                    record = _record(message)
                    found[record.partition] = record
        return found


def last_records(brokers: str, topic: str, count: int) -> list[Record]:
    """The last records of each partition, up to `count` of them, in offset order. Raises ReadError."""
    with _reader(brokers) as consumer:
        to_read = {partition: end for partition, end in _ends(consumer, brokers, topic).items() if end.low < end.high}
        starts = {partition: max(end.low, end.high - count) for partition, end in to_read.items()}
        consumer.assign([TopicPartition(topic, partition, start) for partition, start in starts.items()])
        return list(_to_end(consumer, brokers, topic, to_read))


def follow(brokers: str, topic: str, *, from_beginning: bool = False, idle_s: float | None = None) -> Iterator[Record]:
    """Records as they come, for ever, or until none has come for `idle_s`; without canaries. Raises ReadError.

    Order holds within a partition only. Without `from_beginning` it begins with the first record after the call.
    """
    with _reader(brokers) as consumer:
        found = _ends(consumer, brokers, topic).items()
        consumer.assign([TopicPartition(topic, p, end.low if from_beginning else end.high) for p, end in found])
        heard_s = time.monotonic()
        while idle_s is None or time.monotonic() - heard_s < idle_s:
            for message in consumer.consume(FETCH_RECORDS, timeout=min(POLL_S, idle_s or POLL_S)):
                if message.error() is not None:
                    _is_end(message)
                elif not (record := _record(message)).is_canary:
                    yield record
                    heard_s = time.monotonic()


@contextmanager
def _reader(brokers: str) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "outages-reader",  # the client insists on one; without a subscription it is never joined
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",  # what was deleted while we read is passed over
            "allow.auto.create.topics": False,
            "fetch.message.max.bytes": LARGEST_RECORD_BYTES,
            "fetch.queue.backoff.ms": 5,  # with the default of a second a quick reader stands idle most of the time
            "log_level": 0,  # its complaints come as errors, which we tell in our own words
        }
    )
    try:
        yield consumer
    finally:
        consumer.close()


def _ends(consumer: Consumer, brokers: str, topic: str) -> dict[int, End]:
    try:
        # All topics are asked for: a broker that creates topics on demand would create the one that is named.
        found = consumer.list_topics(timeout=ANSWER_TIMEOUT_S).topics.get(topic)
        if found is None or not found.partitions:
            raise ReadError(f"there is no topic {topic} at {brokers}: create it with `outages topics`")
        return {partition: End(*patient_ends(consumer, topic, partition)) for partition in sorted(found.partitions)}
    except KafkaException as error:
        raise ReadError(f"no Kafka answers at {brokers} ({error.args[0].str()}): start it, or set `brokers`") from error


def _place(message: Message) -> tuple[int, int]:
    partition, offset = message.partition(), message.offset()
    return (-1 if partition is None else partition), (-1 if offset is None else offset)


def _is_end(message: Message) -> bool:
    """Whether it tells of the end of a partition. Passes over what mends itself, raises ReadError for the rest."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    if error.fatal() or error.code() in _HOPELESS:
        raise ReadError(f"{message.topic()} cannot be read ({error.str()}): see whether it is there and we may read it")
    return False


_HOPELESS = (
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError._AUTHENTICATION,
)


def _record(message: Message) -> Record:
    partition, offset = _place(message)
    pairs = cast(list[tuple[str, str | bytes | None]], message.headers() or [])
    headers = tuple((name, _bytes(value)) for name, value in pairs)
    return Record(partition, offset, message.timestamp()[1], message.key(), message.value(), headers)


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
