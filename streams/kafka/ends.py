"""Where a partition begins and ends, asked patiently: just after a start or an election brokers do not know yet."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

PATIENCE_S = 30.0


def ends(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """(first offset, offset after the last). Raises KafkaException when nobody could say for half a minute."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            return int(low), int(high)
        except KafkaException as error:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.1 if error.args[0].retriable() else 0.5)
