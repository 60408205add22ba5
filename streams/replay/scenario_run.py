"""A scenario as logs: its records, placed and timed as the replayer does it, and the history of its baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from streams.catalogue import Catalogue
from streams.contracts.events import INPUT_TOPICS
from streams.contracts.tallies import History
from streams.contracts.times import rfc3339
from streams.contracts.windows import Window
from streams.detection.history_records import pack_sums
from streams.ingest.placement import partition_of
from streams.replay.loading import load_scenario
from streams.replay.pipeline import Pipeline
from streams.replay.scenario import Scenario
from streams.replay.synthesis import history, records
from streams.settings import Settings

CLOCK_EVERY_MS = 10_000  # one pane: finer would seal nothing sooner
TURN_MS = 300_000  # event time between two turns of the pipeline: changes nothing but speed and memory
find_scenario = load_scenario


class Placed(NamedTuple):
    """A record of the replay. `partition` None: a clock record, for every partition of every input topic."""

    topic: str
    partition: int | None
    key: bytes
    value: bytes
    time_ms: int


def partitions_of(settings: Settings) -> dict[str, int]:
    """How many partitions each input topic has."""
    return {
        "errors": settings.errors_partitions,
        "reports": settings.reports_partitions,
        "statements": 1,
        "feedback": 1,
    }


def placed_records(scenario: Scenario, settings: Settings) -> Iterator[Placed]:
    """All records in arrival order, with a clock record each ten seconds of event time.

    The clock runs on for as long after the last record as its panes need to be sealed.
    """
    partitions = partitions_of(settings)
    clock_ms = int(scenario.start_ms)
    yield _clock(clock_ms)
    for record in records(scenario):
        while record.time_ms >= clock_ms + CLOCK_EVERY_MS:
            clock_ms += CLOCK_EVERY_MS
            yield _clock(clock_ms)
        target = partition_of(record.key.decode(), partitions[record.topic])
        yield Placed(record.topic, target, record.key, record.value, record.time_ms)
    last_ms = scenario.end_ms + settings.allowed_delay_ms
    while clock_ms < last_ms:
        clock_ms += CLOCK_EVERY_MS
        yield _clock(clock_ms)


def history_records(scenario: Scenario) -> Iterator[History]:
    """What the baselines begin with."""
    for series in history(scenario):
        yield History(
            series.service,
            series.signal,
            series.region,
            series.start_slot,
            pack_sums(series.sums),
            series.excess_variance,
        )


def backtest_scenario(
    scenario: Scenario,
    catalogue: Catalogue,
    settings: Settings,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Window]:
    """Every window revision of a scenario, by the pure core. `on_progress(ms of event time done, in all)`."""
    partitions = partitions_of(settings)
    pipeline = Pipeline(
        catalogue,
        mode="record",
        partitions=partitions,
        prefix=settings.prefix,
        allowed_delay_s=settings.allowed_delay_s,
        tallies_partitions=settings.tallies_partitions,
    )
    pipeline.warm_up(history_records(scenario))
    every = [(topic, p) for topic in INPUT_TOPICS for p in range(partitions[topic])]
    turned_ms = int(scenario.start_ms)
    for record in placed_records(scenario, settings):
        if record.partition is not None:
            pipeline.append(record.topic, record.partition, record.value)
            continue
        for topic, partition in every:
            pipeline.append(topic, partition, record.value)
        if record.time_ms - turned_ms >= TURN_MS:
            turned_ms = record.time_ms
            yield from pipeline.turn()
            if on_progress is not None:
                on_progress(record.time_ms - scenario.start_ms, scenario.end_ms - scenario.start_ms)
    yield from pipeline.turn()


def _clock(clock_ms: int) -> Placed:
    value = msgspec.json.encode({"clock": rfc3339(clock_ms)})
    return Placed("", None, b"", value, clock_ms)
