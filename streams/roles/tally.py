"""tally: reads the input topics, folds them into panes, publishes tallies, then commits. Nothing on disk.

The order in which things become durable is what makes a crash harmless:

1. read batches, fold them                         (a crash: read again from the last commit)
2. every `flush_ms`: publish changed rows, then W  (a crash: published again, the same or less)
3. wait for every delivery report                  (a failure: end the process)
4. commit, with the fold's state in the metadata   (a crash: as after 1)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from streams.catalogue import Catalogue
from streams.contracts.events import INPUT_TOPICS
from streams.contracts.health import BlindSpot, Health
from streams.contracts.times import rfc3339
from streams.ingest.placement import partition_of
from streams.ingest.refusals import Refused
from streams.kafka.clients import client_config
from streams.kafka.ends import ends
from streams.kafka.topics import REFUSED_PARTITIONS
from streams.metrics import Metrics
from streams.roles.instance import instance_name
from streams.settings import Settings
from streams.tally.checkpoint import Checkpoint, read_checkpoint
from streams.tally.fold import Outcome
from streams.tally.pacing import Progress, to_pause
from streams.tally.reading import RecordBatch
from streams.tally.source import Fold, flush, fold_of

CANARY_HEADER = "outages-canary"
BATCH_RECORDS = 10_000  # librdkafka hands over at most so many at once; larger batches gain nothing, smaller ones cost
REFUSED_BYTES = 16 * 1024  # of a refused record, what is kept
HEALTH_S = 1.0  # a heartbeat a second: whoever waits for one notices within a few
Source = tuple[str, int]

log = structlog.get_logger("tally")


class TallyError(RuntimeError):
    """Something that must not be passed over: the process ends and is started again."""


class Tally:
    """One member of the tally group. Not thread-safe; `run` until `stop` is called from a signal handler."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        metrics: Metrics,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._folds: dict[Source, Fold] = {}
        self._failures: list[str] = []
        self._paused: set[Source] = set()
        self._stopping = False
        self._canary_at_s = 0.0
        self._health_at_s = 0.0
        self._instance = instance_name()
        self._names = {settings.topic(name): name for name in INPUT_TOPICS}
        self._producer = Producer(_producer_config(settings))
        self._consumer = Consumer(_consumer_config(settings))

    def stop(self) -> None:
        """Ends `run` after the batch in hand, with everything published and committed."""
        self._stopping = True

    def run(self) -> None:
        """Reads until stopped. Raises TallyError or KafkaException for anything unexpected."""
        self._consumer.subscribe(
            list(self._names), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )
        flush_s = self._settings.flush_ms / 1000
        flushed_at_s = time.monotonic()
        try:
            while not self._stopping:
                due_s = flushed_at_s + flush_s - time.monotonic()
                self._read(self._consumer.consume(BATCH_RECORDS, timeout=min(max(due_s, 0.0), 0.1)))
                self._canaries()
                self._producer.poll(0)
                if time.monotonic() - flushed_at_s >= flush_s:
                    self._flush()
                    self._pace()
                    self._tell_health()
                    flushed_at_s = time.monotonic()
            self._flush()
            self._produce("health", 0, None, key=f"tally/{self._instance}".encode())
            self._settle()
        finally:
            self._consumer.close()

    # Reading

    def _read(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if (error := message.error()) is not None:
                self._failed(error)
        for (topic, partition), run in groupby(messages, key=lambda m: (m.topic(), m.partition())):
            chunk = [m for m in run if m.error() is None]
            fold = self._folds.get((self._names.get(topic, ""), partition))
            if chunk and fold is not None:
                self._fold(self._names[topic], partition, fold, chunk)

    def _failed(self, error: KafkaError) -> None:
        if error.fatal() or not error.retriable():
            raise TallyError(f"the broker says: {error.str()}")
        log.warning("broker trouble, waiting", error=error.str())

    def _fold(self, name: str, partition: int, fold: Fold, messages: list[Message]) -> None:
        values = list(map(Message.value, messages))
        offsets = list(map(Message.offset, messages))
        append_ms = [m.timestamp()[1] for m in messages] if self._settings.clock == "broker" else None
        canaries = frozenset(i for i, value in enumerate(values) if not value and _is_canary(messages[i]))
        outcome = fold.read(RecordBatch(offsets, values, append_ms, canaries))
        for outcome_name, count in outcome.counts.items():
            if count:
                self._metrics.events.labels(name, outcome_name).inc(count)
        self._pass_on(name, partition, outcome, messages)

    def _pass_on(self, name: str, partition: int, outcome: Outcome, messages: list[Message]) -> None:
        """What was refused or late goes to its topic, as it came."""
        for position, refused in outcome.refused:
            self._origin(name, partition, messages[position], "dead-letters", refused)
        for position in outcome.late:
            self._origin(name, partition, messages[position], "late", None)

    def _origin(self, name: str, partition: int, message: Message, to: str, refused: Refused | None) -> None:
        offset = message.offset()
        headers: list[tuple[str, str | bytes | None]] = [
            ("topic", self._settings.topic(name)),
            ("partition", str(partition)),
            ("offset", str(offset)),
        ]
        if refused is not None:
            headers = [("reason", refused.reason), ("detail", refused.detail[:500]), *headers]
        target = partition_of(f"{name}/{partition}/{offset}", REFUSED_PARTITIONS)
        self._produce(to, target, (message.value() or b"")[:REFUSED_BYTES], key=message.key(), headers=headers)

    # Publishing

    def _flush(self) -> None:
        """Publishes what changed and waits until it is durable; then commits."""
        checkpoints: list[tuple[Source, Checkpoint]] = []
        for (name, partition), fold in self._folds.items():
            for target, record in flush(name, partition, fold, self._settings.tallies_partitions):
                self._produce("tallies", target, record)
            checkpoints.append(((name, partition), fold.checkpoint()))
        self._settle()
        self._commit(checkpoints)

    def _produce(
        self,
        topic: str,
        partition: int,
        value: bytes | None,
        key: bytes | None = None,
        headers: list[tuple[str, str | bytes | None]] | None = None,
    ) -> None:
        while True:
            try:
                self._producer.produce(
                    self._settings.topic(topic),
                    value,
                    key=key,
                    partition=partition,
                    headers=headers,
                    on_delivery=self._delivered,
                )
                return
            except BufferError:  # the queue is full: let it drain
                self._producer.poll(0.1)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failures.append(f"{message.topic()}: {error.str()}")

    def _settle(self) -> None:
        """Waits for every delivery report. Raises TallyError if one is bad: what is not durable may not be committed."""
        while self._producer.flush(1.0):
            if self._failures:
                break
        if self._failures:
            raise TallyError(f"could not publish ({self._failures[0]}); nothing is committed")

    def _commit(self, checkpoints: Iterable[tuple[Source, Checkpoint]]) -> None:
        offsets = [
            TopicPartition(self._settings.topic(name), partition, checkpoint.offset, metadata=checkpoint.metadata())
            for (name, partition), checkpoint in checkpoints
            if checkpoint.reached > 0
        ]
        if offsets:
            self._consumer.commit(offsets=offsets, asynchronous=False)

    # Assignment

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Builds each partition's fold from its commit. (Assigning the given objects back would break the consumer.)"""
        self._folds.clear()
        self._paused.clear()
        committed = consumer.committed(partitions, timeout=30)
        start = []
        for tp in committed:
            if tp.error is not None:
                raise KafkaException(tp.error)
            checkpoint = read_checkpoint(tp.offset, tp.metadata or "") if tp.offset >= 0 else Checkpoint()
            name = self._names[tp.topic]
            low, _ = ends(consumer, tp.topic, tp.partition)
            fold = fold_of(
                name, self._settings.clock, self._settings.allowed_delay_ms, self._catalogue, checkpoint
            )
            if low > checkpoint.offset and tp.offset >= 0:
                fold.lose(low)
                log.error("records were deleted before they were read: blind there", topic=name,
                          partition=tp.partition, first=checkpoint.offset, next=low)  # fmt: skip
                self._metrics.events.labels(name, "lost").inc(low - checkpoint.offset)
            offset = max(checkpoint.offset, low) if tp.offset >= 0 else OFFSET_BEGINNING
            start.append(TopicPartition(tp.topic, tp.partition, offset))
            self._folds[name, tp.partition] = fold
        log.info("assigned", partitions=len(start))
        consumer.assign(start)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Publishes and commits what is in hand, so that the next owner need not read it again."""
        if self._folds:
            self._flush()
        self._folds.clear()
        consumer.unassign()

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Somebody else owns them already: what is in hand is theirs to count."""
        log.warning("partitions lost", partitions=len(partitions))
        self._folds.clear()
        consumer.unassign()

    # Time

    def _canaries(self) -> None:
        """Writes into each own partition every second, so that time moves in silence, by what stands in the log."""
        now_s = time.monotonic()
        if self._settings.clock != "broker" or now_s - self._canary_at_s < self._settings.canary_s:
            return
        self._canary_at_s = now_s
        for name, partition in self._folds:
            self._produce(name, partition, b"", headers=[(CANARY_HEADER, b"")])

    def _pace(self) -> None:
        """Pauses partitions that are far ahead of the slowest one, so that unsealed panes stay few."""
        progress = {}
        for (name, partition), fold in self._folds.items():
            _, high = self._consumer.get_watermark_offsets(
                TopicPartition(self._settings.topic(name), partition), cached=True
            )
            progress[name, partition] = Progress(fold.watermark_ms, at_end=fold.position >= high)
        pause = to_pause(progress, round(self._settings.pause_ahead_s * 1000))
        for change, sources in ((self._consumer.pause, pause - self._paused), (self._consumer.resume, self._paused - pause)):
            if sources:
                change([TopicPartition(self._settings.topic(name), partition) for name, partition in sorted(sources)])
        self._paused = pause

    def _tell_health(self) -> None:
        """Once a second: how far each partition is, in metrics and on `health`."""
        now_s = time.monotonic()
        if now_s - self._health_at_s < HEALTH_S:
            return
        self._health_at_s = now_s
        wall_ms = self._wall_ms()
        live = self._settings.clock == "broker"  # a replay's time has nothing to do with the wall's
        positions: dict[str, dict[str, int]] = {}
        blind: list[BlindSpot] = []
        lags_s: list[float] = []
        for (name, partition), fold in self._folds.items():
            positions.setdefault(name, {})[str(partition)] = fold.position
            if fold.watermark_ms is None or not live:
                continue
            lag_s = (wall_ms - fold.watermark_ms) / 1000 - self._settings.allowed_delay_s
            lags_s.append(lag_s)
            unseen = lag_s > self._settings.blind_after_s
            if unseen:
                blind.append(BlindSpot(name, partition, since=rfc3339(fold.watermark_ms)))
            self._metrics.watermark_lag.labels("tally", name, str(partition)).set(lag_s)
            self._metrics.blind.labels(name, "", str(partition)).set(float(unseen))
        canary_age_s = min(lags_s, default=None)
        if canary_age_s is not None:
            self._metrics.canary_age.set(canary_age_s)
        health = Health(
            role="tally",
            instance=self._instance,
            time=rfc3339(wall_ms),
            positions=positions,
            blind=blind,
            lag_s=max(lags_s, default=None),
            canary_age_s=canary_age_s,
        )
        self._produce("health", 0, msgspec.json.encode(health), key=f"tally/{self._instance}".encode())


def _is_canary(message: Message) -> bool:
    return any(name == CANARY_HEADER for name, _ in message.headers() or ())


def _producer_config(settings: Settings) -> dict[str, Any]:
    return client_config(
        settings.brokers,
        enable_idempotence=True,  # in order, and no copy of a retried batch
        acks="all",
        compression_type="lz4",
        linger_ms=5,
        message_max_bytes=8 * 1024 * 1024,  # a part is 512 kB, and the broker has the last word
    )


def _consumer_config(settings: Settings) -> dict[str, Any]:
    return client_config(
        settings.brokers,
        group_id=settings.topic("tally"),
        enable_auto_commit=False,
        auto_offset_reset="error",  # an offset that is gone is a blind stretch, told as such, never skipped
        partition_assignment_strategy="range",
        session_timeout_ms=10_000,  # a dead member's partitions move on within this time
        heartbeat_interval_ms=2_000,
        fetch_queue_backoff_ms=5,  # with the default of 1,000 a fast consumer stands idle two thirds of the time
        queued_max_messages_kbytes=131_072,
    )
