"""Running one subject: a process of its own on one core, the broker and everything else on the other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil
from confluent_kafka import Consumer, TopicPartition

from streams.contracts.health import Health
from streams.contracts.series import BucketReport, SeriesRecord
from streams.contracts.times import bucket_of
from streams.kafka.clients import client_config
from streams.processes import start_child, stop_children
from streams.settings import Settings
from streams.tally.parts import decode_tally

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180.0  # a subject that has not finished by then has hung
DETECT_START_S = 60.0


class BenchError(RuntimeError):
    """The benchmark cannot go on: one line with the cause."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the subject and everything else run on; -1 where processes cannot be pinned."""

    subject: int
    others: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one subject. `counts`: by partition (-1 where not told), service and pane. `first`: see Meter.end."""

    events: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    counts: dict[tuple[int, str, int], int]
    first: list[int] | None = None
    begun_s: float = 0.0

    @property
    def per_cpu_s(self) -> float:
        return self.events / self.cpu_s

    @property
    def per_s(self) -> float:
        return self.events / self.wall_s


def cores() -> Cores:
    """The first two cores that this process may use; both roles on one where there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(-1, -1)
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[-1])


@dataclass(frozen=True, slots=True)
class Stage:
    """Where subjects run: `settings` with the broker, and a folder of this round."""

    settings: Settings
    folder: Path
    cores: Cores
    events: int

    def argv(self, subject: str, events: int, result: Path, *, python: str = sys.executable) -> list[str]:
        """The command line of one subject."""
        s = self.settings
        places = [s.brokers, s.topic("errors"), str(events), str(result), str(self.cores.subject), str(self.folder)]
        return [python, "-m", f"tests.bench.subjects.{subject}", *places]

    def run(self, subject: str, events: int, *more: str, python: str = sys.executable) -> Measured:
        """One subject from start to end. Raises BenchError with what it said when it fails."""
        result = self.folder / f"{subject}.json"
        argv = [*self.argv(subject, events, result, python=python), *more]
        with child(argv, self.folder / f"{subject}.out") as process:
            await_end(process, self.folder / f"{subject}.out")
        return read_result(result)


@contextmanager
def child(argv: list[str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block."""
    with output.open("wb") as file:
        process = start_child(argv, output=file, cwd=ROOT)
        try:
            yield process
        finally:
            stop_children([process], 5.0)


def await_end(process: subprocess.Popen[bytes], output: Path) -> None:
    """Until it has ended well. Raises BenchError."""
    try:
        code = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{output.stem} did not finish within {PATIENCE_S:.0f} s, see {output}") from error
    if code != 0:
        said = output.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise BenchError(f"{output.stem} ended with code {code}: {said[0]}")


def read_result(path: Path) -> Measured:
    found: dict[str, Any] = json.loads(path.read_text())
    counts = {(partition, service, pane): n for partition, service, pane, n in found.pop("counts")}
    return Measured(counts=counts, **found)


def run_pair(stage: Stage, last_bucket: int) -> tuple[Measured, float, dict[tuple[str, int], int]]:
    """tally and detect together until detect has reported every bucket up to the last one with events.

    Returns tally's and detect's CPU and wall together, detect's CPU seconds alone, and what detect counted by service
    and bucket.
    """
    result = stage.folder / "pair.json"
    output = stage.folder / "detect.out"
    with child(stage.argv("detect", 0, result), output) as detect:
        await_heartbeat(stage.settings, "detect", detect, output)
        process = psutil.Process(detect.pid)
        before_s = _cpu_s(process)
        argv = [*stage.argv("tally_alone", stage.events, result), "until-told"]
        with child(argv, stage.folder / "pair.out") as tally:
            counted, at_s = await_buckets(stage.settings, last_bucket, (tally, detect))
            detect_s = _cpu_s(process) - before_s
            os.kill(tally.pid, signal.SIGTERM)
            await_end(tally, stage.folder / "pair.out")
    alone = read_result(result)
    both = Measured(alone.events, alone.cpu_s + detect_s, at_s - alone.begun_s, alone.peak_mb, {}, None, alone.begun_s)
    return both, detect_s, counted


@dataclass(frozen=True, slots=True)
class SeriesPass:
    """What scoring many series took, by bucket, in milliseconds of CPU; and what it holds, without snapshots."""

    series: int
    judged_ms: list[float]
    whole_ms: list[float]
    state_bytes: int
    report_bytes: int
    warm_up_s: float
    peak_mb: float


def run_series_pass(stage: Stage, series: int, buckets: int) -> SeriesPass:
    """Scores so many series in a process of its own. Raises BenchError."""
    result, output = stage.folder / "series_pass.json", stage.folder / "series_pass.out"
    places = [str(series), str(buckets), str(result), str(stage.cores.subject)]
    with child([sys.executable, "-m", "tests.bench.subjects.series_pass", *places], output) as process:
        await_end(process, output)
    return SeriesPass(**json.loads(result.read_text()))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def await_heartbeat(settings: Settings, role: str, process: subprocess.Popen[bytes], output: Path) -> None:
    """Until a role says on `health` that it reads. Raises BenchError."""
    deadline_s = time.monotonic() + DETECT_START_S
    with reader(settings, "health", 1) as consumer:
        while time.monotonic() < deadline_s and process.poll() is None:
            for message in consumer.consume(100, timeout=0.2):
                value = message.value()
                if message.error() is None and value:
                    health = msgspec.json.decode(value, type=Health)
                    if health.role == role:
                        return
    raise BenchError(f"{role} did not start, see {output}")


def await_buckets(
    settings: Settings, last_bucket: int, processes: tuple[subprocess.Popen[bytes], ...]
) -> tuple[dict[tuple[str, int], int], float]:
    """What detect counted by service and bucket, and when (monotonic) the last report was there. Raises BenchError."""
    decode = msgspec.json.Decoder(SeriesRecord).decode
    counted: dict[tuple[str, int], int] = {}
    missing = set(range(settings.tallies_partitions))
    deadline_s = time.monotonic() + PATIENCE_S
    with reader(settings, "series", 1) as consumer:
        while missing:
            if time.monotonic() > deadline_s or any(process.poll() is not None for process in processes):
                raise BenchError(f"detect did not report bucket {last_bucket} of partitions {sorted(missing)}")
            for message in consumer.consume(100, timeout=0.05):
                value = message.value()
                report = decode(value) if message.error() is None and value else None
                if not isinstance(report, BucketReport) or report.signal != "errors":
                    continue
                bucket = bucket_of(report.bucket)
                for service, observed in zip(report.services, report.observed, strict=True):
                    if observed:
                        counted[service, bucket] = observed
                if bucket >= last_bucket:
                    missing.discard(report.partition)
    return counted, time.monotonic()


def tally_counts(settings: Settings) -> dict[tuple[int, str, int], int]:
    """What stands in `tallies`, by source partition, service and pane: of repeated rows the largest."""
    counts: dict[tuple[int, str, int], int] = {}
    with reader(settings, "tallies", settings.tallies_partitions) as consumer:
        left = {
            p: high
            for p in range(settings.tallies_partitions)
            if (high := consumer.get_watermark_offsets(TopicPartition(settings.topic("tallies"), p), timeout=10)[1])
        }
        while left:
            for message in consumer.consume(1_000, timeout=1.0):
                partition, value = message.partition(), message.value()
                if message.error() is not None or partition not in left or value is None:
                    continue
                tally = decode_tally(value)
                if tally.topic == "errors":
                    for row in tally.rows:
                        key = (tally.partition, row.service, row.pane)
                        counts[key] = max(counts.get(key, 0), sum(row.regions.values()))
                if (message.offset() or 0) + 1 >= left[partition]:
                    del left[partition]
    return counts


@contextmanager
def reader(settings: Settings, topic: str, partitions: int) -> Iterator[Consumer]:
    """All of a topic of ours from its beginning on."""
    config = client_config(
        settings.brokers,
        group_id="bench-reader",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_message_max_bytes=8 * 1024 * 1024,
        fetch_wait_max_ms=50,
        fetch_queue_backoff_ms=5,
    )
    consumer = Consumer(config)
    with contextlib.closing(consumer):
        consumer.assign([TopicPartition(settings.topic(topic), p, 0) for p in range(partitions)])
        yield consumer
