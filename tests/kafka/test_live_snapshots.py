"""Damaged snapshots: refused, told about, and made up for by reading again; the windows come out the same."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from streams.kafka.embedded import RealBroker
from streams.kafka.records import whole
from streams.roles.replayer import Replayer
from streams.settings import Settings
from tests.kafka.harness.fleet import fleet
from tests.kafka.harness.outcome import Feeding, Watch, newest_of, outcome_of
from tests.kafka.harness.stage import backtested, check_counts, last_bucket, log_with_feedback, stage
from tests.kafka.harness.truth import input_logs, naive_count, write_dump

MINUTES = 56
CRC_BYTES = 4  # before the body of a manifest


class Changelog:
    """A role's changelog, to do damage to."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._brokers = settings.brokers
        self._topic = settings.topic(f"{role}-state-changelog")
        self._records = {(r.partition, r.key or b""): r.value for r in whole(settings.brokers, self._topic)}
        self._producer = Producer({"bootstrap.servers": settings.brokers, "log_level": 0})

    def manifests(self, partition: int) -> list[bytes]:
        """Keys of the partition's manifests, the newest first."""
        keys = [key for (p, key), value in self._records.items() if p == partition and value and b"/m/" in key]
        return sorted(keys, key=lambda key: -int(self._body(partition, key)[2]))

    def newest_block(self, partition: int) -> bytes:
        """The key of a block that the newest manifest alone has."""
        newest, older = (self._keys(partition, key) for key in self.manifests(partition)[:2])
        return sorted(newest - older)[0]

    def flip(self, partition: int, key: bytes) -> None:
        """One bit in the middle of a record is another one now."""
        value = bytearray(self._records[partition, key] or b"")
        value[len(value) // 2] ^= 0x10
        self._producer.produce(self._topic, bytes(value), key=key, partition=partition)
        assert self._producer.flush(10) == 0

    def _body(self, partition: int, key: bytes) -> list[Any]:
        body: list[Any] = msgspec.msgpack.decode((self._records[partition, key] or b"")[CRC_BYTES:])
        return body  # version, topic id, offset, blocks

    def _keys(self, partition: int, manifest: bytes) -> set[bytes]:
        return {key.encode() for block in self._body(partition, manifest)[3] for key in block[1]}


@pytest.mark.timeout(240)
def test_a_damaged_snapshot_is_refused_and_the_state_read_again(kafka: RealBroker, prefix: str, tmp_path: Path) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path, snapshot_s=1.5)
    log = log_with_feedback(settings, seed=6, minutes=MINUTES)
    last = last_bucket(log, settings)
    with fleet(settings, tmp_path, "tally-1", "detect-1", "correlate-1") as members:
        watch = Watch(settings, members)
        watch.everybody(3)
        feeding = Feeding(Replayer(settings, paced=False), log, speed=150)
        watch.until("the outage under way", lambda: feeding.clock_ms > log[0].time_ms + 34 * 60_000, 90)
        for name in ("detect-1", "correlate-1"):
            members.end(name, signal.SIGKILL, 10)
        detect, correlate = Changelog(settings, "detect"), Changelog(settings, "correlate")
        detect.flip(0, detect.manifests(0)[0])  # an older one is left
        for key in detect.manifests(1):  # none is left
            detect.flip(1, key)
        detect.flip(2, detect.newest_block(2))
        correlate.flip(0, correlate.manifests(0)[0])
        members.add("detect-2", "correlate-2")
        feeding.hurry()
        watch.to_the_end(feeding, last)
        watch.close()
        refused = [line for line in members.log("detect-2").splitlines() if "snapshot refused" in line]
        for partition, why in ((0, "manifest has changed"), (1, "manifest has changed"), (2, "block")):
            assert any(f"snapshot {partition}/" in line and why in line for line in refused)
        assert "snapshot refused" in members.log("correlate-2")
        assert members.ended == []
    logs = input_logs(settings)
    write_dump(logs, tmp_path / "dump.ndjson")
    outcome = outcome_of(settings)
    check_counts(outcome, naive_count(logs, settings), last)
    expected = backtested(tmp_path / "dump.ndjson", settings)
    assert len(newest_of(expected)) >= 2
    assert outcome.windows == expected
