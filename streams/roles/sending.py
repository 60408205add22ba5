"""Sending lines into an input topic: screened first, placed as every record of ours, delivered or told about."""

from __future__ import annotations

from typing import Protocol

from streams.catalogue import Catalogue
from streams.ingest.lines import Numbered
from streams.ingest.placement import partition_of
from streams.ingest.refusals import REMEDY
from streams.kafka.admin import touch_topics
from streams.kafka.sending import Sender
from streams.roles.ready import is_mock_cluster
from streams.settings import Settings
from streams.tally.screen import SAID_TOPICS, Screen


class Listener(Protocol):
    """Hears what is amiss with the lines."""

    def refused(self, line: int, reason: str, detail: str, remedy: str) -> None: ...
    def unknown(self, line: int, name: str) -> None: ...


class Sending:
    """Takes lines until `finish`. `sent`, `refused`, `late`: so many lines so far.

    Raises TopicError or SendError where there is no Kafka or no topic, or where records do not arrive.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, topic: str, listener: Listener) -> None:
        self.sent = self.refused = self.late = 0
        self._listener = listener
        self._topic = settings.topic(topic)
        if is_mock_cluster(settings.brokers):
            touch_topics(settings.brokers, [self._topic])
        self._sender = Sender(settings.brokers)
        self._screen = Screen(topic, catalogue, settings.clock, settings.allowed_delay_ms)
        found = self._sender.partitions(self._topic)
        # By contract these have one; a mock cluster makes more, of which the others stay empty.
        self._partitions = 1 if topic in SAID_TOPICS else found

    def take(self, lines: list[Numbered], now_ms: int) -> None:
        """Screens lines and sends the good ones. `now_ms`: this machine's clock."""
        values = [value for _, value in lines]
        screened = self._screen.judge(values, now_ms)
        for position, why in screened.refused:
            self._listener.refused(lines[position][0], why.reason, why.detail, REMEDY[why.reason])
        for position, name in screened.unknown:
            self._listener.unknown(lines[position][0], name)
        for position, key in screened.keys.items():
            if key is None:  # a clock record moves the partition that it lies in, so every one gets it
                for partition in range(self._partitions):
                    self._sender.send(self._topic, partition, None, values[position])
            else:
                self._sender.send(self._topic, partition_of(key, self._partitions), key.encode(), values[position])
        self.sent += len(screened.keys)
        self.refused += len(screened.refused)
        self.late += screened.late

    def finish(self) -> None:
        """Returns when all that was sent has arrived."""
        self._sender.settle()
