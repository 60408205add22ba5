"""The mock cluster inside librdkafka: the real protocol on loopback, without Java and without a disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

from streams.kafka.embedded.broker import ReachableBroker

# librdkafka's default for a topic that appears by being asked for (rdkafka_mock.c: defaults.partition_cnt). All topics
# have so many: there is no controller that could create them otherwise.
MOCK_PARTITIONS = 4

NOTE = (
    f"librdkafka's mock cluster in this process: every topic has {MOCK_PARTITIONS} partitions of about 5 MB, "
    "the oldest records go first, and nothing survives the end of the process"
)


@contextmanager
def mock_broker() -> Iterator[ReachableBroker]:
    """A mock cluster that lives in the calling process as long as the block does.

    Other processes of this machine reach it like any broker. There is no controller: topics cannot be created, they
    appear when they are first asked for (`admin.touch_topics`).
    """
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    brokers = producer.list_topics(timeout=10).brokers.values()
    yield ReachableBroker(",".join(f"{broker.host}:{broker.port}" for broker in brokers), "mock", NOTE)
    producer.flush(0)  # the cluster dies with its producer: this also keeps the producer alive until here
