"""tally's two ways to write: what must arrive before anything is committed, and what nobody waits for."""

from __future__ import annotations

import contextlib
import time

from confluent_kafka import KafkaError, Message, Producer

from streams.kafka.clients import client_config
from streams.settings import Settings

Headers = list[tuple[str, str | bytes | None]]

# A second canary or heartbeat is due by then: the first one need not be kept for a partition that nobody leads.
ASIDE_TIMEOUT_MS = 5_000


class PublishError(RuntimeError):
    """Records did not arrive: whatever depends on them may not be committed."""


class Publisher:
    """Writes in order and without copies. Nothing is to be believed before `settle` has returned."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._failures: list[str] = []
        self._producer = Producer(
            client_config(
                settings.brokers,
                enable_idempotence=True,  # in order, and no copy of a retried batch
                acks="all",
                compression_type="lz4",
                linger_ms=5,
                message_max_bytes=8 * 1024 * 1024,  # a part is 512 kB, and the broker has the last word
            )
        )

    def send(
        self, topic: str, partition: int, value: bytes | None, key: bytes | None = None, headers: Headers | None = None
    ) -> None:
        """Hands a record over; waits while the queue is full. `topic` without prefix."""
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

    def poll(self) -> None:
        """Takes in delivery reports."""
        self._producer.poll(0)

    def settle(self, patience_s: float | None = None) -> None:
        """Returns when every record has arrived. Raises PublishError if one has not, or after `patience_s`.

        Without `patience_s` it waits as long as the client retries, five minutes: a broker that restarts is back then.
        """
        deadline_s = None if patience_s is None else time.monotonic() + patience_s
        while self._producer.flush(1.0) and not self._failures:
            if deadline_s is not None and time.monotonic() > deadline_s:
                raise PublishError(f"no broker took the last records within {patience_s:.0f} s; they are not committed")
        if self._failures:
            raise PublishError(f"could not publish ({self._failures[0]}); nothing is committed")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failures.append(f"{message.topic()}: {error.str()}")


class Asides:
    """Writes canaries and heartbeats: what does not arrive soon is given up, since the next one says it anew."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = Producer(
            client_config(settings.brokers, acks="all", linger_ms=5, message_timeout_ms=ASIDE_TIMEOUT_MS)
        )

    def send(
        self, topic: str, partition: int, value: bytes | None, key: bytes | None = None, headers: Headers | None = None
    ) -> None:
        """Hands a record over, if there is room for it. `topic` without prefix."""
        with contextlib.suppress(BufferError):  # no broker takes any: one more would say nothing new
            self._producer.produce(self._settings.topic(topic), value, key=key, partition=partition, headers=headers)
        self._producer.poll(0)

    def finish(self, patience_s: float) -> None:
        """Waits for the last ones, no longer than `patience_s`."""
        self._producer.flush(patience_s)
