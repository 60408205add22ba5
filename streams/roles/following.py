"""Reading our own output topics as they grow, for whoever shows them: no group, nothing committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.kafka.clients import client_config
from streams.kafka.ends import ends
from streams.settings import Settings


class Followed(NamedTuple):
    """One record; `topic` without prefix."""

    topic: str
    key: bytes | None
    value: bytes | None


class Follower:
    """Partition 0 of some topics from their beginning on."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._settings = settings
        self._positions = dict.fromkeys(topics, 0)
        config = client_config(
            settings.brokers,
            group_id="unused",
            enable_auto_commit=False,
            fetch_message_max_bytes=8 * 1024 * 1024,
            fetch_wait_max_ms=100,
        )
        self._consumer = Consumer(config)
        self._asker = Consumer(config)  # behind a waiting fetch each question would wait as long as that
        self._consumer.assign([TopicPartition(settings.topic(topic), 0, 0) for topic in topics])

    def read(self, timeout_s: float) -> Iterator[Followed]:
        """What has come since the last call; waits up to `timeout_s` for the first. Raises KafkaException."""
        for message in self._consumer.consume(1000, timeout=timeout_s):
            error = message.error()
            if error is not None:
                if error.retriable() or error.code() == KafkaError._ALL_BROKERS_DOWN:
                    continue
                raise KafkaException(error)
            topic = str(message.topic()).removeprefix(self._settings.prefix)
            self._positions[topic] = int(message.offset() or 0) + 1
            yield Followed(topic, message.key(), message.value())

    def end(self, topic: str) -> int:
        """The offset after the last record there is."""
        return ends(self._asker, self._settings.topic(topic), 0)[1]

    def is_at_end(self, topic: str) -> bool:
        """Whether everything there is has been read."""
        return self._positions[topic] >= self.end(topic)

    def close(self) -> None:
        self._consumer.close()
        self._asker.close()
