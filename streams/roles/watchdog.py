"""Ends a process that takes nothing in although its input grows: Faust is known to hang after rebalances.

The event loop cannot watch itself, so a thread does, and it asks the brokers with a client of its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.kafka.clients import client_config

EXIT_STUCK = 75  # EX_TEMPFAIL: started again, it goes on
LOOK_S = 5.0
ANSWER_TIMEOUT_S = 5.0
# Longer than a rebalance with the recovery of a large table takes (100 MB of changelog: some 10 s), or the writing of a
# large snapshot, and short beside the minutes that an operator would need.
PATIENCE_S = 120.0

log = structlog.get_logger("watchdog")


class Stall:
    """Tells progress from standing still: pure, fed with what was seen."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._progress = -1
        self._since_s: float | None = None

    def see(self, progress: int, behind: bool, now_s: float) -> bool:
        """Whether nothing has moved for `patience_s` although there was more to take in all that time.

        `progress`: any number that changes with each step forward. `now_s`: monotonic seconds.
        """
        if not behind or progress != self._progress:
            self._progress, self._since_s = progress, None
            if not behind:
                return False
        if self._since_s is None:
            self._since_s = now_s
        return now_s - self._since_s >= self._patience_s


class Watchdog:
    """Watches one agent's input topic. `positions`: of the partitions it owns, the next offset, None where unknown."""

    def __init__(
        self,
        brokers: str,
        group: str,
        topic: str,
        positions: Callable[[], Mapping[int, int | None]],
        progress: Callable[[], int],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._topic = topic
        self._positions = positions
        self._progress = progress
        self._patience_s = patience_s
        # It asks for the group's commits without ever joining it.
        self._consumer = Consumer(client_config(brokers, group_id=group, enable_auto_commit=False))

    def start(self) -> None:
        """Watches from a thread that ends with the process."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        stall = Stall(self._patience_s)
        while True:
            time.sleep(LOOK_S)
            if stall.see(self._progress(), self._is_behind(), time.monotonic()):
                log.error("took nothing in while the input grew: ending the process", patience_s=self._patience_s)
                os._exit(EXIT_STUCK)

    def _is_behind(self) -> bool:
        """Whether some owned partition holds more than was taken in. Who cannot be asked is not waited for."""
        positions = dict(self._positions())
        try:
            for partition, position in positions.items():
                tp = TopicPartition(self._topic, partition)
                _, end = self._consumer.get_watermark_offsets(tp, timeout=ANSWER_TIMEOUT_S)
                if position is None:
                    (committed,) = self._consumer.committed([tp], timeout=ANSWER_TIMEOUT_S)
                    position = max(committed.offset, 0)
                if end > position:
                    return True
        except KafkaException:
            return False
        return False
