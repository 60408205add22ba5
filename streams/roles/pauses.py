"""Pausing partitions that have run far ahead of the slowest one while tally catches up."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from confluent_kafka import Consumer, TopicPartition

from streams.roles.assigned import Source
from streams.settings import Settings
from streams.tally.pacing import Progress, to_pause
from streams.tally.source import Fold


class Pauses:
    """Which of a consumer's partitions are paused."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._paused: set[Source] = set()

    def pace(self, consumer: Consumer, folds: Mapping[Source, Fold], given_up: Collection[Source]) -> None:
        """Pauses those far ahead and resumes the others, so that unsealed panes stay few."""
        progress = {}
        for (name, partition), fold in folds.items():
            if (name, partition) in given_up:
                continue  # nobody waits for it
            _, high = consumer.get_watermark_offsets(TopicPartition(self._settings.topic(name), partition), cached=True)
            progress[name, partition] = Progress(fold.watermark_ms, at_end=fold.position >= high)
        pause = to_pause(progress, round(self._settings.pause_ahead_s * 1000))
        if pause - self._paused:
            consumer.pause(self._full(pause - self._paused))
        self._resume(consumer, self._paused - pause)
        self._paused = pause

    def end(self, consumer: Consumer) -> None:
        """Resumes all of them."""
        self._resume(consumer, self._paused)
        self._paused = set()

    def _resume(self, consumer: Consumer, sources: set[Source]) -> None:
        if sources:
            consumer.resume(self._full(sources))

    def _full(self, sources: set[Source]) -> list[TopicPartition]:
        return [TopicPartition(self._settings.topic(name), partition) for name, partition in sorted(sources)]
