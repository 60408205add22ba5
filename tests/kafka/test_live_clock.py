"""The broker's clock (`clock = "broker"`): time moves by append times and canaries, also in silence."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from streams.contracts.times import BUCKET_MS, rfc3339
from streams.ingest.placement import partition_of, record_key
from streams.kafka.embedded import RealBroker
from streams.kafka.records import whole
from streams.kafka.sending import Sender
from streams.settings import Settings
from tests.kafka.harness.fleet import fleet
from tests.kafka.harness.outcome import Watch, outcome_of
from tests.kafka.harness.stage import check_counts, stage
from tests.kafka.harness.truth import input_logs, naive_count

MEMBERS = ("tally-1", "tally-2", "detect-1", "correlate-1")
DELAY_S = 2.0
LEAST_S = 12.0  # of sending: long enough to kill a tally in the middle and have it back


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Live:
    """Sends what happens now, some of it late, misdated or broken."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sender = Sender(settings.brokers)
        self._random = Random(4)
        self._count = 0

    def send_some(self) -> None:
        """A handful of records."""
        for _ in range(10):
            self._count += 1
            topic = self._random.choice(["errors", "reports"])
            old_ms = self._random.choice([0, 100, 900, 1_500])
            if self._count % 40 == 0:
                old_ms = 30_000  # late
            elif self._count % 55 == 0:
                old_ms = -90_000  # ahead of the broker by more than a minute
            event = {
                "service": self._random.choice(["twitter", "aws"]),
                "time": rfc3339(now_ms() - old_ms),
                "id": f"i{self._count}",
            }
            self._send(topic, event)
            if self._count % 30 == 0:
                self._send(topic, event)
        if self._count % 100 == 0:
            self._send("errors", {"clock": rfc3339(now_ms() + 3_600_000)})  # not allowed here: nobody may push time
        self._sender.settle()

    def _send(self, topic: str, event: dict[str, Any]) -> None:
        key = record_key(topic, event)
        partitions = self._settings.errors_partitions if topic == "errors" else self._settings.reports_partitions
        value = json.dumps(event).encode()
        self._sender.send(self._settings.topic(topic), partition_of(key, partitions), key.encode(), value)


@pytest.mark.timeout(240)
def test_live_events_are_counted_exactly_and_buckets_seal_in_silence(
    kafka: RealBroker, prefix: str, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(
        stage(kafka.bootstrap, prefix, tmp_path), clock="broker", allowed_delay_s=DELAY_S, canary_s=0.5
    )
    with fleet(settings, tmp_path, *MEMBERS) as members:
        watch = Watch(settings, members)
        watch.everybody(len(MEMBERS))
        live = Live(settings)
        begun_ms = now_ms()
        last = (begun_ms + round(LEAST_S * 1000)) // BUCKET_MS
        killed = False
        while now_ms() < (last + 1) * BUCKET_MS:
            live.send_some()
            watch.look(0.2)
            if not killed and now_ms() - begun_ms > 4_000:
                killed = members.send("tally-1", signal.SIGKILL)
        # From here on nothing is sent.
        waited_s = watch.until("the last bucket sealed in silence", lambda: watch.reaches(last), 60)
        print(f"sealed {waited_s:.1f} s after its end, of which {DELAY_S:.0f} s are the allowed delay")
        lags_s = [h.lag_s for h in watch.last.values() if h.role == "tally" and h.lag_s is not None]
        watch.close()
        assert killed
        assert min(lags_s) < 30
        assert [ended.code for ended in members.ended] == [-signal.SIGKILL]
    logs = input_logs(settings)
    outcome, truth = outcome_of(settings), naive_count(logs, settings)
    assert sum(truth.counts.values()) > 200
    check_counts(outcome, truth, last)
    assert {origin: record.value or b"" for origin, record in outcome.late.items()} == truth.late
    assert truth.late
    reasons = {record.header("reason") for record in outcome.dead.values()}
    assert reasons == {"time_in_future", "clock_not_allowed"}
    canaries = [r for r in whole(settings.brokers, settings.topic("statements")) if r.is_canary]
    assert len(canaries) >= LEAST_S  # two a second were asked for; who was killed wrote none for a while
