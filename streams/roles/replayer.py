"""Writes a scenario into the topics at a chosen speed, no faster than the rest can follow."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from streams.contracts.events import INPUT_TOPICS
from streams.contracts.health import Health
from streams.contracts.tallies import History, Tally
from streams.ingest.placement import partition_of
from streams.kafka.clients import client_config
from streams.kafka.ends import ends
from streams.replay.scenario_run import Placed, partitions_of
from streams.settings import Settings
from streams.tally.parts import MAX_PART_BYTES, decode_tally

AHEAD_BYTES = 1_500_000  # unread in one input partition at most: the mock cluster drops the oldest beyond 5 MB
AHEAD_RECORDS = 300  # unread in `tallies` or `series` at most: some kilobytes each
LOOK_S = 0.1  # how often positions are looked at
STALLED_S = 60.0  # nobody reads for so long: something is wrong, and waiting on will not mend it


class ReplayError(RuntimeError):
    """The replay cannot begin or go on: cause and remedy in one line."""


class Replayer:
    """One replay into one prefix. `paced`: keep to what readers have reached, which a cluster that forgets needs."""

    def __init__(self, settings: Settings, *, paced: bool, stop: Callable[[], bool] = lambda: False) -> None:
        self._settings = settings
        self._stop = stop
        self._failures: list[str] = []
        self._producer = Producer(
            client_config(settings.brokers, enable_idempotence=True, compression_type="lz4", linger_ms=5)
        )
        self._room = Room(settings) if paced else None
        self.records = 0

    def refuse_if_past(self, start_ms: int) -> None:
        """Raises ReplayError if the prefix has been read past the scenario's start: its records would all be late."""
        watermark_ms = newest_watermark_ms(self._settings)
        if watermark_ms is not None and watermark_ms > start_ms:
            raise ReplayError(
                f"the topics of prefix {self._settings.prefix!r} have been read past the scenario's start: "
                "live and replayed data never share a prefix, so choose another with --prefix"
            )

    def warm_up(self, history: Iterable[History]) -> int:
        """Gives detect the days before, and returns how many series that were. To be done before tally starts."""
        by_target: dict[int, list[History]] = {}
        count = 0
        for record in history:
            by_target.setdefault(partition_of(record.service, self._settings.tallies_partitions), []).append(record)
            count += 1
        for target, kept in sorted(by_target.items()):
            for chunk in _chunks(kept):
                self._produce("tallies", target, msgspec.msgpack.encode(Tally("history", 0, [], history=chunk)), None)
        self._settle()
        return count

    def replay(self, placed: Iterable[Placed], speed: float, on_time: Callable[[int], None] = lambda _: None) -> None:
        """Sends all records; event time runs `speed` times as fast as the wall. `on_time` hears each clock record.

        Returns early when told to stop. Raises ReplayError.
        """
        partitions = partitions_of(self._settings)
        every = [(topic, p) for topic in INPUT_TOPICS for p in range(partitions[topic])]
        begun_s, begun_ms = time.monotonic(), None
        for record in placed:
            if record.partition is not None:
                self._produce(record.topic, record.partition, record.value, record.key)
                continue
            begun_ms = record.time_ms if begun_ms is None else begun_ms
            due_s = begun_s + (record.time_ms - begun_ms) / 1000 / speed
            self._wait(due_s)
            if self._stop():
                return
            for topic, partition in every:
                self._produce(topic, partition, record.value, None)
            on_time(record.time_ms)
        self._settle()

    def _wait(self, due_s: float) -> None:
        """Until `due_s`, and until there is room."""
        self._producer.poll(0)
        while not self._stop():
            wait_s = due_s - time.monotonic()
            if wait_s <= 0 and (self._room is None or self._room.is_free()):
                return
            if self._room is not None and self._room.stalled_s() > STALLED_S:
                raise ReplayError(
                    f"nobody has read on for {STALLED_S:.0f} s ({self._room.what_holds()}): is `outages run` running?"
                )
            self._producer.poll(min(max(wait_s, 0.01), 0.1))

    def _produce(self, topic: str, partition: int, value: bytes, key: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(
                    self._settings.topic(topic), value, key=key, partition=partition, on_delivery=self._delivered
                )
                break
            except BufferError:
                self._producer.poll(0.1)
        self.records += 1
        if self._room is not None and topic in INPUT_TOPICS:
            self._room.sent(topic, partition, len(value) + len(key or b"") + RECORD_OVERHEAD_BYTES)

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failures.append(error.str())

    def _settle(self) -> None:
        while self._producer.flush(1.0) and not self._failures:
            pass
        if self._failures:
            raise ReplayError(f"records could not be written ({self._failures[0]}): check the broker")


RECORD_OVERHEAD_BYTES = 20  # of a record in a batch, roughly: what a short clock record weighs besides its value


class Room:
    """How far readers are behind, from their heartbeats on `health`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        config = client_config(settings.brokers, group_id="unused", enable_auto_commit=False)
        self._consumer = Consumer(config)
        # Questions get a connection of their own: behind a waiting fetch each would wait as long as that.
        self._asker = Consumer(config)
        _, high = ends(self._asker, settings.topic("health"), 0)
        self._consumer.assign([TopicPartition(settings.topic("health"), 0, high)])
        self._read: dict[tuple[str, int], int] = {}
        self._sent: dict[tuple[str, int], deque[tuple[int, int]]] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._looked_s = 0.0
        self._free = True
        self._progress_s = time.monotonic()
        self._holds = ""

    def sent(self, topic: str, partition: int, size: int) -> None:
        """One more record of so many bytes stands at the end of an input partition."""
        source = (topic, partition)
        if source not in self._ends:
            _, self._ends[source] = ends(self._asker, self._settings.topic(topic), partition)
        self._ends[source] += 1
        self._sent.setdefault(source, deque()).append((self._ends[source], size))

    def is_free(self) -> bool:
        """Whether more may be sent."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_S:
            return self._free
        self._looked_s = now_s
        self._hear()
        holds = next(self._full(), "")
        if holds != self._holds or not holds:
            self._progress_s = now_s
        self._holds, self._free = holds, not holds
        return self._free

    def stalled_s(self) -> float:
        """How long nothing has moved."""
        return time.monotonic() - self._progress_s

    def what_holds(self) -> str:
        """What is waited for."""
        return self._holds or "no heartbeat"

    def _full(self) -> Iterator[str]:
        for source, waiting in self._sent.items():
            read = self._read.get(source, 0)
            while waiting and waiting[0][0] <= read:
                waiting.popleft()
            if sum(size for _, size in waiting) > AHEAD_BYTES:
                yield f"tally has read {source[0]}-{source[1]} up to {read}"
        for topic, count, reader in (
            ("tallies", self._settings.tallies_partitions, "detect"),
            ("series", 1, "correlate"),
        ):
            for partition in range(count):
                _, high = ends(self._asker, self._settings.topic(topic), partition)
                read = self._read.get((topic, partition), 0)
                if high - read > AHEAD_RECORDS:
                    yield f"{reader} has read {topic}-{partition} up to {read}"

    def _hear(self) -> None:
        for positions in heartbeats(self._consumer):
            for topic, by_partition in positions.items():
                for partition, offset in by_partition.items():
                    source = (topic, int(partition))
                    self._read[source] = max(self._read.get(source, 0), offset)


def heartbeats(consumer: Consumer) -> Iterator[Mapping[str, Mapping[str, int]]]:
    """Positions in the heartbeats that have come since the last call."""
    for message in consumer.consume(1000, timeout=0.02):
        value = message.value()
        if message.error() is None and value:
            yield msgspec.json.decode(value, type=Health).positions


def newest_watermark_ms(settings: Settings) -> int | None:
    """The furthest W that tally has told of; None where it never ran on this prefix."""
    consumer = Consumer(client_config(settings.brokers, group_id="unused", enable_auto_commit=False))
    try:
        tp = TopicPartition(settings.topic("tallies"), 0)
        low, high = ends(consumer, tp.topic, 0)
        consumer.assign([TopicPartition(tp.topic, 0, max(low, high - RECENT_RECORDS))])
        newest = None
        position = max(low, high - RECENT_RECORDS)
        while position < high:
            messages = consumer.consume(RECENT_RECORDS, timeout=5)
            if not messages:
                raise ReplayError("the topic tallies cannot be read: check the broker")
            for message in messages:
                if message.error() is not None:
                    raise KafkaException(message.error())
                position = int(message.offset() or 0) + 1
                watermark_ms = decode_tally(message.value() or b"").watermark_ms
                newest = max(newest or 0, watermark_ms or 0) or newest
        return newest
    finally:
        consumer.close()


RECENT_RECORDS = 200  # a flush writes one a source partition: so many hold every partition's newest W several times


def _chunks(records: list[History]) -> Iterator[list[History]]:
    """Runs that fit into a record. A series' history stays together: a running detect takes it in one piece."""
    chunk: list[History] = []
    size = 0
    for _, run in groupby(records, key=lambda record: (record.service, record.signal, record.region)):
        series = list(run)
        weight = sum(len(record.sums) + 200 for record in series)
        if chunk and size + weight > MAX_PART_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk += series
        size += weight
    if chunk:
        yield chunk
