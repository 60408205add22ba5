"""A partition that no broker leads holds nobody up for ever: its buckets are sealed as incomplete until it is back.

That it is not led is played: what is told of leaders is ours, and nothing is written into the partition meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import msgspec
import pytest
from confluent_kafka import Consumer

from streams.catalogue import load_catalogue
from streams.contracts.events import INPUT_TOPICS
from streams.contracts.series import BucketReport, SeriesRecord
from streams.contracts.times import BUCKET_MS, bucket_of, rfc3339
from streams.kafka.embedded import RealBroker
from streams.kafka.records import whole
from streams.kafka.sending import Sender
from streams.metrics import Metrics
from streams.replay.scenario_run import partitions_of
from streams.roles import tally as tally_role
from streams.settings import Settings
from tests.kafka.harness.feed import START_MS
from tests.kafka.harness.fleet import fleet
from tests.kafka.harness.outcome import Watch
from tests.kafka.harness.stage import stage

GONE = ("errors", 1)
BUCKETS = 5
LAST = START_MS // BUCKET_MS + BUCKETS - 1


class Brokers:
    """Says of every partition that it is led, but of one that is gone."""

    def __init__(self, settings: Settings) -> None:
        self._full = (settings.topic(GONE[0]), GONE[1])
        self._partitions = {settings.topic(t): n for t, n in partitions_of(settings).items()}
        self.gone = True

    def leaders(self, consumer: Consumer, topics: set[str], timeout_s: float) -> dict[tuple[str, int], bool]:
        every = [(topic, p) for topic in sorted(topics) for p in range(self._partitions[topic])]
        return {place: not (self.gone and place == self._full) for place in every}


def tick(settings: Settings, begin_ms: int, end_ms: int, *, gone: bool) -> None:
    """Clock records each ten seconds into every partition, or every one that is not gone."""
    sender = Sender(settings.brokers)
    places = [(t, p) for t in INPUT_TOPICS for p in range(partitions_of(settings)[t]) if not (gone and (t, p) == GONE)]
    for clock_ms in range(begin_ms, end_ms + 1, 10_000):
        for topic, partition in places:
            sender.send(settings.topic(topic), partition, None, msgspec.json.encode({"clock": rfc3339(clock_ms)}))
    sender.settle()


def test_a_partition_without_leader_is_given_up_and_taken_back(
    kafka: RealBroker, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = msgspec.structs.replace(stage(kafka.bootstrap, prefix, tmp_path), give_up_s=2.0)
    brokers = Brokers(settings)
    monkeypatch.setattr(tally_role, "leaders", brokers.leaders)
    tally = tally_role.Tally(settings, load_catalogue(None), Metrics())
    thread = Thread(target=tally.run, daemon=True)
    thread.start()
    first_end_ms, second_end_ms = (LAST + 1) * BUCKET_MS + 20_000, (LAST + BUCKETS + 1) * BUCKET_MS + 20_000
    try:
        with fleet(settings, tmp_path, "detect-1", "correlate-1") as members:
            watch = Watch(settings, members)
            tick(settings, START_MS, first_end_ms, gone=True)
            watch.until("buckets without the one that is gone", lambda: watch.reaches(LAST), 60)
            brokers.gone = False
            tick(settings, START_MS, second_end_ms, gone=False)
            watch.until("buckets with all of them", lambda: watch.reaches(LAST + BUCKETS), 60)
            watch.close()
    finally:
        tally.stop()
        thread.join(timeout=20)
    incomplete = incomplete_buckets(settings)
    assert set(range(START_MS // BUCKET_MS, LAST + 1)) <= incomplete
    assert LAST + BUCKETS not in incomplete


def incomplete_buckets(settings: Settings) -> set[int]:
    """Buckets of errors that were sealed without all that they hold."""
    reports = [
        msgspec.json.decode(record.value or b"", type=SeriesRecord)
        for record in whole(settings.brokers, settings.topic("series"))
    ]
    return {
        bucket_of(r.bucket) for r in reports if isinstance(r, BucketReport) and r.signal == "errors" and r.incomplete
    }
