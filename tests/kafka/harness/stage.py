"""One prefix on a broker, ready to be played on: settings, topics, a log, and what must come of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from streams.alerts.book import AlertBook
from streams.alerts.cloudevents import encode
from streams.catalogue import load_catalogue
from streams.contracts.times import BUCKET_MS
from streams.contracts.windows import Window
from streams.replay.events_file import backtest_events
from streams.replay.pipeline import Pipeline
from streams.replay.scenario_run import Placed, partitions_of
from streams.roles.ready import make_ready
from streams.settings import Settings
from tests.kafka.harness.feed import feed, feedback
from tests.kafka.harness.outcome import Outcome
from tests.kafka.harness.truth import Truth

_encode = msgspec.json.Encoder().encode


def stage(brokers: str, prefix: str, folder: Path, *, snapshot_s: float = 3.0) -> Settings:
    """Settings with few partitions and quick flushes, and their topics made."""
    settings = Settings(
        brokers=brokers,
        prefix=prefix,
        clock="record",
        errors_partitions=3,
        reports_partitions=3,
        tallies_partitions=4,
        flush_ms=250,
        snapshot_s=snapshot_s,
        metrics_port=0,
        data_dir=folder,
    )
    make_ready(settings)
    return settings


def log_with_feedback(settings: Settings, *, seed: int, minutes: int, scale: float = 1.0) -> list[Placed]:
    """The log of `feed`, with an operator's words on the first window that comes of it, and on one there is not."""
    first = windows_of(feed(settings, seed=seed, minutes=minutes, scale=scale), settings)[0]
    said = (
        feedback(settings, first, "acknowledged", 36.2),
        feedback(settings, first, "false_alarm", 49.5),
        feedback(settings, first, "confirmed", 51.5),
        feedback(settings, "nothing-20220714T000000Z", "confirmed", 51.5),
    )
    return feed(settings, seed=seed, minutes=minutes, scale=scale, said=said)


def windows_of(log: list[Placed], settings: Settings) -> list[str]:
    """The ids of the windows that a log leads to, in order."""
    partitions = partitions_of(settings)
    pipeline = Pipeline(
        load_catalogue(None),
        mode="record",
        partitions=partitions,
        prefix=settings.prefix,
        allowed_delay_s=settings.allowed_delay_s,
        tallies_partitions=settings.tallies_partitions,
    )
    for record in log:
        places = [(record.topic, record.partition)] if record.partition is not None else _every(partitions)
        for topic, partition in places:
            pipeline.append(topic, partition, record.value)
    return list(dict.fromkeys(window.window for window in pipeline.turn()))


def _every(partitions: dict[str, int]) -> list[tuple[str, int]]:
    return [(topic, p) for topic, count in partitions.items() for p in range(count)]


def last_bucket(log: list[Placed], settings: Settings) -> int:
    """The last bucket that the log's clocks seal."""
    return (log[-1].time_ms - settings.allowed_delay_ms) // BUCKET_MS - 1


def backtested(dump: Path, settings: Settings, **more: object) -> list[bytes]:
    """The windows that the pure core makes of a dump."""
    windows = backtest_events(
        dump,
        load_catalogue(None),
        prefix=settings.prefix,
        allowed_delay_s=settings.allowed_delay_s,
        tallies_partitions=settings.tallies_partitions,
        **more,  # type: ignore[arg-type]
    )
    return [_encode(window) for window in windows]


def check_counts(outcome: Outcome, truth: Truth, last: int) -> None:
    """Every sealed bucket is the offline count, and what was published twice is the same."""
    assert outcome.differing == []
    expected = {key: count for key, count in truth.counts.items() if key[1] <= last}
    assert sum(expected.values()) > 0
    wrong = {
        k: (expected.get(k), outcome.counts.get(k))
        for k in expected | outcome.counts
        if expected.get(k) != outcome.counts.get(k)
    }
    assert wrong == {}


def alerts_of(windows: list[bytes], settings: Settings) -> list[bytes]:
    """The alerts that a list of revisions leads to."""
    book = AlertBook()
    told = [book.take(msgspec.json.decode(window, type=Window)) for window in windows]
    return [encode(alert, settings.prefix) for alert in told if alert is not None]


def check_passed_on(outcome: Outcome, truth: Truth) -> None:
    """What was refused or late stands in its topic, with its bytes."""
    assert truth.refused
    assert truth.late
    assert {origin: record.value or b"" for origin, record in outcome.dead.items()} == truth.refused
    assert {origin: record.value or b"" for origin, record in outcome.late.items()} == truth.late
