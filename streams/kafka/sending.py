"""Send records and know that they have arrived."""

from __future__ import annotations

import time
from collections import Counter

from confluent_kafka import KafkaError, KafkaException, Message, Producer

# A record that has not arrived by then does not arrive: its broker is gone, and whoever waits wants to be told.
DELIVERY_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 10.0
CAUSES_SHOWN = 3


class SendError(RuntimeError):
    """Records have not arrived: one line with the cause and what to do about it."""


class Sender:
    """Sends to one cluster, in order within a partition and without copies. `settle` before you believe it."""

    def __init__(self, brokers: str, delivery_timeout_s: float = DELIVERY_TIMEOUT_S) -> None:
        self.delivered = 0
        self._brokers = brokers
        self._timeout_s = delivery_timeout_s
        self._failures: Counter[str] = Counter()
        self._producer = Producer(
            {
                "bootstrap.servers": brokers,
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 5,
                "message.timeout.ms": round(delivery_timeout_s * 1000),
                "log_level": 0,  # its complaints come as delivery reports, which we tell in our own words
            }
        )

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises SendError where there is none, or no Kafka."""
        try:
            found = self._producer.list_topics(timeout=ANSWER_TIMEOUT_S).topics.get(topic)
        except KafkaException as error:
            raise SendError(
                f"no Kafka answers at {self._brokers} ({error.args[0].str()}): start it, or set `brokers`"
            ) from error
        if found is None or not found.partitions:
            raise SendError(f"there is no topic {topic} at {self._brokers}: create it with `outages topics`")
        return len(found.partitions)

    def send(self, topic: str, partition: int, key: bytes | None, value: bytes) -> None:
        """Hands a record over. Waits while the queue is full; raises SendError when earlier ones failed."""
        while True:
            try:
                self._producer.produce(topic, value, key=key, partition=partition, on_delivery=self._reported)
                break
            except BufferError:
                self._producer.poll(0.1)  # the queue is full: let it drain
                self._raise()
            except KafkaException as error:
                cause = error.args[0].str()
                raise SendError(f"{topic} takes no records ({cause}): check it with `outages topics`") from error
        self._producer.poll(0)
        self._raise()

    def settle(self) -> None:
        """Returns when everything has arrived. Raises SendError for whatever has not."""
        deadline_s = time.monotonic() + self._timeout_s + 1
        left = 1
        while left and time.monotonic() < deadline_s:
            left = self._producer.flush(0.2)  # in short waits, so that a Ctrl-C is answered
        self._raise()
        if left:
            raise SendError(f"{left} records are still on their way to {self._brokers}: see whether its brokers run")

    def _reported(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.delivered += 1
        else:
            self._failures[f"{message.topic()}: {error.str()}"] += 1

    def _raise(self) -> None:
        if self._failures:
            causes = "; ".join(cause for cause, _ in self._failures.most_common(CAUSES_SHOWN))
            raise SendError(
                f"{self._failures.total()} records were not taken, {self.delivered} were ({causes}): "
                "see whether the brokers run, then send again; those that carry an `id` or a reporter count once"
            )
