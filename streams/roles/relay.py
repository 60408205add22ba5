"""Topics people already have, told by `[[source]]`: read, mapped, and written into our own input topics.

Not read by tally itself, because counting exactly needs what only our own topics promise: append times of the broker,
canaries, and one partition for all repeats of a record. A record is relayed at least once; a repeat carries the same id
(its own, or where it came from) into the same partition and pane, where it counts once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec
import structlog
from confluent_kafka import Consumer, KafkaException, Message, Producer

from streams.ingest.decode import MAX_RECORD_BYTES
from streams.ingest.placement import partition_of, record_key
from streams.ingest.sources import SourceMapping
from streams.kafka.clients import client_config
from streams.settings import Settings

ORIGIN_HEADER = "outages-origin"
BATCH_RECORDS = 2_000
log = structlog.get_logger("relay")


class RelayError(RuntimeError):
    """Records could not be passed on: the process ends, and goes on from its last commit."""


class Relay:
    """Relays every source of the settings. `run` in a thread of its own until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mappings = {source.topic: SourceMapping(source) for source in settings.source}
        self._signals = {source.topic: source.signal for source in settings.source}
        self._partitions = {"errors": settings.errors_partitions, "reports": settings.reports_partitions}
        self._failures: list[str] = []
        self._stopped = threading.Event()
        self._producer = Producer(client_config(settings.brokers, enable_idempotence=True, compression_type="lz4"))
        self._consumer = Consumer(
            client_config(
                settings.brokers,
                group_id=settings.topic("relay"),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                partition_assignment_strategy="range",
                allow_auto_create_topics=False,
                fetch_queue_backoff_ms=5,
            )
        )

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        """Relays until stopped. Raises RelayError or KafkaException for anything unexpected."""
        self._consumer.subscribe(list(self._mappings))
        log.info("relaying", topics=",".join(self._mappings))
        try:
            while not self._stopped.is_set():
                messages = self._consumer.consume(BATCH_RECORDS, timeout=0.2)
                if messages:
                    self._pass_on(messages)
        finally:
            self._consumer.close()

    def start(self, on_failure: Callable[[], None]) -> threading.Thread:
        """Runs in a thread; `on_failure` is called when it ended for anything but `stop`."""

        def body() -> None:
            try:
                self.run()
            except BaseException:
                log.exception("the relay of [[source]] topics has ended")
                on_failure()

        thread = threading.Thread(target=body, name="relay", daemon=True)
        thread.start()
        return thread

    def _pass_on(self, messages: list[Message]) -> None:
        """Writes a batch, waits until it is durable, then commits it."""
        for message in messages:
            error = message.error()
            if error is None:
                self._relay(message)
            elif error.fatal() or not error.retriable():
                raise KafkaException(error)
        while self._producer.flush(1.0) and not self._failures:
            pass
        if self._failures:
            raise RelayError(f"could not pass records on ({self._failures[0]}); nothing is committed")
        self._consumer.commit(asynchronous=False)

    def _relay(self, message: Message) -> None:
        topic, value = str(message.topic()), message.value() or b""
        origin = f"{topic}/{message.partition()}/{message.offset()}"
        key, mapped = self._mapped(topic, value, origin)
        if mapped is None:
            return
        signal = self._signals[topic]
        target = partition_of(key, self._partitions[signal])
        while True:
            try:
                self._producer.produce(
                    self._settings.topic(signal),
                    mapped,
                    key=key,
                    partition=target,
                    headers=[(ORIGIN_HEADER, origin)],
                    on_delivery=lambda error, _: self._failures.append(error.str()) if error is not None else None,
                )
                return
            except BufferError:
                self._producer.poll(0.1)

    def _mapped(self, topic: str, value: bytes, origin: str) -> tuple[str, bytes | None]:
        """Key and record for our topic; no record where the source's filter leaves it out.

        What cannot be read goes on as it is: tally refuses it and says why, as with any record.
        """
        try:
            event = self._mappings[topic].event(msgspec.json.decode(value))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return origin, value[: MAX_RECORD_BYTES + 1]
        if event is None:
            return origin, None
        event.setdefault("id", origin)
        return record_key(self._signals[topic], event), msgspec.json.encode(event)
