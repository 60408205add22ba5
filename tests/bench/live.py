"""How long a bucket takes from the record that seals it to its report, while events keep coming at a steady pace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from confluent_kafka import Producer

from streams.contracts.events import INPUT_TOPICS
from streams.contracts.series import BucketReport, SeriesRecord
from streams.contracts.times import BUCKET_MS, bucket_of
from streams.kafka.admin import ensure_topics
from streams.kafka.topics import topic_specs
from streams.settings import Settings
from tests.bench.events import PARTITIONS, Load, Record, clock, draws, with_clocks
from tests.bench.running import Stage, await_buckets, await_heartbeat, child, reader
from tests.bench.topic import SINGLE

PREFIX = "live."
SPEED = 60  # event time runs so much faster than the wall: a bucket a second
LOAD = Load(events=200_000, seconds=40 * 60)  # 5,000 events a second of the wall, 40 buckets
# The first buckets meet processes that are still warming up.
SKIPPED_BUCKETS = 5


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from the sealing record to the report, one for each tallies partition and bucket."""

    seconds: list[float]

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.seconds, share))


def measure_delays(stage: Stage) -> Delays:
    """A live run of 40 s. Raises BenchError when detect does not keep up."""
    settings = replace_prefix(stage)
    ensure_topics(settings.brokers, topic_specs(settings, brokers=1))
    own = replace(stage, settings=settings, events=LOAD.events)
    output, result = stage.folder / "live-detect.out", stage.folder / "live.json"
    with child(own.argv("detect", 0, result), output) as detect:
        await_heartbeat(settings, "detect", detect, output)
        argv = [*own.argv("tally_alone", LOAD.events, result), "until-told"]
        with child(argv, stage.folder / "live.out") as tally:
            await_heartbeat(settings, "tally", tally, stage.folder / "live.out")
            sealed_s = _feed(own)
            await_buckets(settings, LOAD.end_ms // BUCKET_MS - 1, (tally, detect))
    return Delays(list(_delays(own, sealed_s)))


def replace_prefix(stage: Stage) -> Settings:
    """The settings with topics of their own."""
    return msgspec.structs.replace(stage.settings, prefix=PREFIX)


def _feed(stage: Stage) -> dict[int, float]:
    """Sends the load at its pace. Returns when (epoch seconds) each bucket's sealing record lay in every partition."""
    settings = stage.settings
    producer = Producer({"bootstrap.servers": settings.brokers, "linger.ms": 5, "compression.type": "lz4"})
    partitions = {t: 1 if t in SINGLE else settings.reports_partitions for t in INPUT_TOPICS} | {"errors": PARTITIONS}
    sealed_s: dict[int, float] = {}
    begun_s, begun_ms = time.monotonic(), None
    for record in with_clocks(draws(LOAD), LOAD):
        if isinstance(record, Record):
            producer.produce(settings.topic("errors"), record.value, key=record.key, partition=record.partition)
            continue
        producer.poll(0)
        begun_ms = record if begun_ms is None else begun_ms
        time.sleep(max(0.0, begun_s + (record - begun_ms) / 1000 / SPEED - time.monotonic()))
        for topic, count in partitions.items():
            for partition in range(count):
                producer.produce(settings.topic(topic), clock(record), partition=partition)
        producer.flush(30)
        watermark_ms = record - settings.allowed_delay_ms
        sealed_s.setdefault(watermark_ms // BUCKET_MS - 1, time.time())
    return sealed_s


def _delays(stage: Stage, sealed_s: dict[int, float]) -> Iterator[float]:
    """Of each report of errors that a live bucket had, by Kafka's time of the record."""
    decode = msgspec.json.Decoder(SeriesRecord).decode
    first = min(sealed_s) + 1 + SKIPPED_BUCKETS
    last = LOAD.end_ms // BUCKET_MS - 2  # the last clock of the load leaps, and seals several at once
    found: dict[tuple[int, int], float] = {}
    wanted = (last - first + 1) * stage.settings.tallies_partitions
    with reader(stage.settings, "series", 1) as consumer:
        while len(found) < wanted:
            for message in consumer.consume(1_000, timeout=1.0):
                value = message.value()
                report = decode(value) if message.error() is None and value else None
                if isinstance(report, BucketReport) and report.signal == "errors":
                    bucket = bucket_of(report.bucket)
                    if first <= bucket <= last:
                        found[report.partition, bucket] = message.timestamp()[1] / 1000 - sealed_s[bucket]
    yield from found.values()
