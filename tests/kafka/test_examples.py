"""The programs in docs/examples against a real broker, run as README says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.contracts.windows import Window
from streams.ingest.decode import BatchDecoder
from streams.ingest.refusals import Refused
from streams.kafka.admin import ensure_topics
from streams.kafka.embedded import RealBroker
from streams.kafka.records import whole
from streams.kafka.topics import topic_specs
from streams.settings import Settings
from streams.windows.cloudevents import encode, to_event
from tests.unit.windows.told import ended, told

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
WAIT_S = 60


@pytest.fixture
def environ(kafka: RealBroker, prefix: str) -> dict[str, str]:
    """What tells an example where to go; all topics made."""
    ensure_topics(kafka.bootstrap, topic_specs(Settings(prefix=prefix), brokers=1))
    return {**os.environ, "OUTAGES_BROKERS": kafka.bootstrap, "OUTAGES_PREFIX": prefix}


def publish(kafka: RealBroker, prefix: str, *windows: Window) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for window in windows:
        producer.produce(f"{prefix}windows", encode(to_event(window, prefix)), key=window.window, partition=0)
    assert producer.flush(20) == 0


@contextmanager
def running(script: str, environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The example, ended after the block, or after WAIT_S so that a silent one does not hang the suite."""
    argv = [sys.executable, "-u", str(EXAMPLES / script)]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) as process:
        alarm = threading.Timer(WAIT_S, process.kill)
        alarm.start()
        try:
            yield process
        finally:
            alarm.cancel()
            process.kill()


def test_the_consumer_tells_each_revision_once(kafka: RealBroker, prefix: str, environ: dict[str, str]) -> None:
    first, last = told(), ended()
    assert first.revision < last.revision
    publish(kafka, prefix, first, last, first, last)
    with running("consume_windows.py", environ) as consumer:
        assert consumer.stdout is not None
        lines = [consumer.stdout.readline().split() for _ in range(2)]
        publish(kafka, prefix, last, told(window="twitter-20220714T200000Z"))
        lines.append(consumer.stdout.readline().split())
    assert [line[:3] for line in lines[:2]] == [
        [first.time, "twitter", first.change],
        [last.time, "twitter", last.change],
    ]
    assert lines[2][1:3] == ["twitter", first.change]


def test_what_the_producer_sends_is_taken(kafka: RealBroker, prefix: str, environ: dict[str, str]) -> None:
    subprocess.run([sys.executable, str(EXAMPLES / "send_events.py")], env=environ, timeout=WAIT_S, check=True)
    for topic, key in (("errors", b"8c2f"), ("reports", b"opaque-id")):
        (record,) = whole(kafka.bootstrap, prefix + topic)
        assert record.key == key
        assert json.loads(record.value or b"")["service"] == "checkout"
        assert not isinstance(BatchDecoder(topic).one(record.value or b""), Refused)
