"""tally: reads the input topics, folds them into panes, publishes tallies, then commits. Nothing on disk.

The order in which things become durable is what makes a crash harmless:

1. read batches, fold them                         (a crash: read again from the last commit)
2. every `flush_ms`: publish changed rows, then W  (a crash: published again, the same or less)
3. wait for every delivery report                  (a failure: end the process)
4. commit, with the fold's state in the metadata   (a crash: as after 1)

A commit that fails because the group or its broker is in motion is no failure: the next one says the same and more, and
whoever reads the partition until then reads some of it again.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import msgspec
import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from streams.catalogue import Catalogue
from streams.contracts.events import INPUT_TOPICS
from streams.contracts.tallies import Tally as TallyRecord
from streams.ingest.placement import partition_of
from streams.ingest.refusals import Refused
from streams.kafka.clients import client_config
from streams.kafka.records import CANARY_HEADER
from streams.kafka.topics import REFUSED_PARTITIONS
from streams.metrics import Metrics
from streams.roles.assigned import Source, leaders, starts
from streams.roles.instance import instance_name
from streams.roles.pauses import Pauses
from streams.roles.publishing import Asides, Headers, Publisher
from streams.roles.stretches import append_times_of, offsets_of, stretches
from streams.roles.tally_health import forget, tally_health
from streams.roles.trouble import TallyError, commit, wait_out
from streams.roles.unavailable import Unavailable
from streams.settings import Settings
from streams.tally.checkpoint import Checkpoint
from streams.tally.fold import Outcome
from streams.tally.reading import RecordBatch
from streams.tally.source import Fold, flush

BATCH_RECORDS = 4_000  # what is in hand fits a core's cache; smaller batches pay more for each pane, larger miss it
REFUSED_BYTES = 16 * 1024  # of a refused record, what is kept
HEALTH_S = 1.0  # a heartbeat a second: whoever waits for one notices within a few
LAST_WORDS_S = 5.0  # when told to stop: whoever told us waits for some ten seconds before it kills
GARBAGE_S = 30.0  # our own cycles are few (a traceback here and there); a look takes milliseconds
LEADERS_EVERY_S = 10.0  # a partition is given up after minutes: a look in ten seconds is near enough
LEADERS_TIMEOUT_S = 2.0  # reading waits meanwhile

log = structlog.get_logger("tally")


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
        self._flushed: dict[Source, int] = {}  # the position at the last flush: nothing new before it moves
        self._gave_up: set[Source] = set()  # of our own, told already
        self._unavailable: Unavailable[Source] = Unavailable(settings.give_up_s)
        self._pauses = Pauses(settings)
        self._stopping = False
        self._due_s = {"canary": 0.0, "health": 0.0, "leaders": 0.0, "garbage": time.monotonic()}
        self._instance = instance_name()
        self._names = {settings.topic(name): name for name in INPUT_TOPICS}
        self._publisher = Publisher(settings)
        self._asides = Asides(settings)
        self._consumer = Consumer(_consumer_config(settings))

    def stop(self) -> None:
        """Ends `run` after the batch in hand, with everything published and committed."""
        self._stopping = True

    def run(self) -> None:
        """Reads until stopped. Raises TallyError or PublishError for anything unexpected."""
        # Records die by their counts of references. Looking for cycles at every 700th object took about a fifth of the
        # fold's time (1.75 to 1.4 us an event without), so that is done from time to time instead.
        gc.freeze()
        gc.disable()
        try:
            self._run()
        except KafkaException as error:
            raise TallyError(f"the broker says: {error.args[0].str()}; nothing more is committed") from error
        finally:
            gc.enable()
            gc.unfreeze()
            self._folds.clear()  # what was not committed by now is for the next life: closing must not commit it
            self._consumer.close()

    def _run(self) -> None:
        self._consumer.subscribe(
            list(self._names), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )
        flush_s = self._settings.flush_ms / 1000
        flushed_at_s = time.monotonic()
        while not self._stopping:
            due_s = flushed_at_s + flush_s - time.monotonic()
            self._read(self._consumer.consume(BATCH_RECORDS, timeout=min(max(due_s, 0.0), 0.1)))
            self._canaries()
            self._publisher.poll()
            if time.monotonic() - flushed_at_s >= flush_s:
                self._flush()
                self._give_up()
                self._pauses.pace(self._consumer, self._folds, self._unavailable.given_up)
                self._tell_health()
                if self._is_due("garbage", GARBAGE_S):
                    gc.collect()
                flushed_at_s = time.monotonic()
        self._flush(LAST_WORDS_S)
        self._asides.send("health", 0, None, key=f"tally/{self._instance}".encode())
        self._asides.finish(LAST_WORDS_S)

    # Reading

    def _read(self, messages: Sequence[Message]) -> None:
        if any(map(Message.error, messages)):
            for message in messages:
                wait_out(message.error())
            messages = [message for message in messages if message.error() is None]
        for topic, partition, run in stretches(messages):
            name = self._names.get(topic, "")
            fold = self._folds.get((name, partition))
            if fold is not None:
                self._fold(name, partition, fold, run)

    def _fold(self, name: str, partition: int, fold: Fold, messages: Sequence[Message]) -> None:
        offsets = offsets_of(messages)
        if offsets[0] < fold.position:  # fetched before a rebalance, handed over after it
            messages = [m for m, offset in zip(messages, offsets, strict=True) if offset >= fold.position]
            offsets = offsets_of(messages)
            if not messages:
                return
        values = list(map(Message.value, messages))
        append_ms = append_times_of(messages) if self._settings.clock == "broker" else None
        canaries: frozenset[int] = frozenset()
        if not all(values):
            canaries = frozenset(i for i, value in enumerate(values) if not value and _is_canary(messages[i]))
        outcome = fold.read(RecordBatch(offsets, values, append_ms, canaries))
        for outcome_name, count in outcome.counts.items():
            if count:
                self._metrics.events.labels(name, outcome_name).inc(count)
        self._pass_on(name, partition, outcome, messages)

    def _pass_on(self, name: str, partition: int, outcome: Outcome, messages: Sequence[Message]) -> None:
        """What was refused or late goes to its topic, as it came."""
        for position, refused in outcome.refused:
            self._origin(name, partition, messages[position], "dead-letters", refused)
        for position in outcome.late:
            self._origin(name, partition, messages[position], "late", None)

    def _origin(self, name: str, partition: int, message: Message, to: str, refused: Refused | None) -> None:
        offset = message.offset()
        headers: Headers = [
            ("topic", self._settings.topic(name)),
            ("partition", str(partition)),
            ("offset", str(offset)),
        ]
        if refused is not None:
            headers = [("reason", refused.reason), ("detail", refused.detail[:500]), *headers]
        target = partition_of(f"{name}/{partition}/{offset}", REFUSED_PARTITIONS)
        value = (message.value() or b"")[:REFUSED_BYTES]
        self._publisher.send(to, target, value, key=message.key(), headers=headers)

    # Publishing

    def _flush(self, patience_s: float | None = None) -> None:
        """Publishes what changed and waits until it is durable; then commits."""
        checkpoints: list[tuple[Source, Checkpoint]] = []
        for source, fold in self._folds.items():
            if self._flushed.get(source) == fold.position:
                continue
            for target, record in flush(*source, fold, self._settings.tallies_partitions):
                self._publisher.send("tallies", target, record)
            self._flushed[source] = fold.position
            checkpoints.append((source, fold.checkpoint()))
        self._publisher.settle(patience_s)
        self._commit(checkpoints)

    def _commit(self, checkpoints: Iterable[tuple[Source, Checkpoint]]) -> None:
        offsets = [
            TopicPartition(self._settings.topic(name), partition, checkpoint.offset, metadata=checkpoint.metadata())
            for (name, partition), checkpoint in checkpoints
            if checkpoint.reached > 0
        ]
        if not offsets:
            return
        if not commit(self._consumer, offsets):
            self._flushed.clear()  # once more with the next flush, or these stay uncommitted until they move

    # Assignment

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Builds each partition's fold from its commit. (Assigning the given objects back would break the consumer.)"""
        self._drop(consumer)
        found = starts(consumer, partitions, self._names, self._settings, self._catalogue)
        for start in found:
            self._folds[start.source] = start.fold
            if start.lost:
                self._metrics.events.labels(start.source[0], "lost").inc(start.lost)
        log.info("assigned", partitions=len(found))
        consumer.assign([start.begin for start in found])

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Publishes and commits what is in hand, so that the next owner need not read it again."""
        if self._folds:
            self._flush()
        self._drop(consumer)
        consumer.unassign()

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Somebody else owns them already: what is in hand is theirs to count."""
        log.warning("partitions lost", partitions=len(partitions))
        self._drop(consumer)
        consumer.unassign()

    def _drop(self, consumer: Consumer) -> None:
        self._pauses.end(consumer)  # else they would be paused still when they come back
        forget(self._folds, self._metrics)
        self._folds.clear()
        self._flushed.clear()
        self._gave_up.clear()

    # Time

    def _is_due(self, what: str, every_s: float) -> bool:
        now_s = time.monotonic()
        if now_s - self._due_s[what] < every_s:
            return False
        self._due_s[what] = now_s
        return True

    def _canaries(self) -> None:
        """Writes into each own partition every second, so that time moves in silence, by what stands in the log."""
        if self._settings.clock == "broker" and self._is_due("canary", self._settings.canary_s):
            for name, partition in self._folds:
                self._asides.send(name, partition, b"", headers=[(CANARY_HEADER, b"")])

    def _give_up(self) -> None:
        """Lets nobody wait any longer for partitions that no broker has led for `give_up_s`, until one leads them."""
        if not self._folds or not self._is_due("leaders", min(LEADERS_EVERY_S, self._settings.give_up_s / 4)):
            return
        led = leaders(self._consumer, set(self._names), LEADERS_TIMEOUT_S)
        has_leader = {(self._names[topic], partition): is_led for (topic, partition), is_led in led.items()}
        given_up = self._unavailable.see(has_leader, time.monotonic())
        for source in sorted(given_up & self._folds.keys() - self._gave_up):
            log.error("partition given up: no broker leads it", topic=source[0], partition=source[1],
                      after_s=self._settings.give_up_s)  # fmt: skip
            record = msgspec.msgpack.encode(TallyRecord(*source, rows=[], gave_up=True))
            for target in range(self._settings.tallies_partitions):
                self._publisher.send("tallies", target, record)
        self._gave_up = set(given_up & self._folds.keys())

    def _tell_health(self) -> None:
        if self._is_due("health", HEALTH_S):
            health = tally_health(self._folds, self._settings, self._metrics, self._instance, self._wall_ms())
            self._asides.send("health", 0, msgspec.json.encode(health), key=f"tally/{self._instance}".encode())


def _is_canary(message: Message) -> bool:
    headers = cast(list[tuple[str, bytes]], message.headers() or [])
    return any(name == CANARY_HEADER for name, _ in headers)


def _consumer_config(settings: Settings) -> dict[str, Any]:
    return client_config(
        settings.brokers,
        group_id=settings.topic("tally"),
        enable_auto_commit=False,
        enable_auto_offset_store=False,  # we commit what we name; to note each record's offset takes a lock a record
        auto_offset_reset="error",  # an offset that is gone is a blind stretch, told as such, never skipped
        partition_assignment_strategy="range",
        session_timeout_ms=10_000,  # a dead member's partitions move on within this time
        heartbeat_interval_ms=2_000,
        fetch_queue_backoff_ms=5,  # with the default of 1,000 a fast consumer stands idle two thirds of the time
        queued_max_messages_kbytes=131_072,
    )
