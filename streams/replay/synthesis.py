"""A scenario as records in arrival order: synthesised through the cited points, the same on every run.

levels (curve) -> counts a minute (draws, series) -> records (report_records, error_records) -> arrival order
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import msgspec
import numpy as np

from streams.contracts.times import rfc3339
from streams.replay.batch import Batch, LogRecord, Writer
from streams.replay.curve import HOUR_MS, MINUTE_MS
from streams.replay.draws import Counts
from streams.replay.error_records import ErrorCounts
from streams.replay.report_records import SingleReports, TotalReports
from streams.replay.scenario import CitedStatement, Errors, Scenario
from streams.replay.series import HistorySeries, ScenarioSeries, all_series

__all__ = ["HistorySeries", "LogRecord", "history", "records"]

# Records are made an hour of event time at a go: vectors long enough for numpy, memory of one hour only.
STRETCH_MS = HOUR_MS


def records(scenario: Scenario) -> Iterator[LogRecord]:
    """All records of a scenario in arrival order, without clock records.

    Arrival follows event time by up to 15 s (a collector's interval and the way), so neighbours are out of order but
    nothing is late. Deterministic: a function of the scenario alone.
    """
    made = [_Made.of(series) for series in all_series(scenario)]
    waiting: list[LogRecord] = []
    for start_ms, end_ms in _stretches(scenario.start_ms, scenario.end_ms):
        batches = [one.stretch(scenario.start_ms, start_ms, end_ms) for one in made]
        batches += _statements(scenario, start_ms, end_ms)
        waiting = _in_arrival_order(waiting, batches)
        ready = sum(record.time_ms < end_ms for record in waiting)
        yield from waiting[:ready]
        waiting = waiting[ready:]
    yield from waiting


def _stretches(start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """Full hours, so that no quarter of an hour is torn apart; the first and the last may be shorter."""
    while start_ms < end_ms:
        border_ms = min((start_ms // STRETCH_MS + 1) * STRETCH_MS, end_ms)
        yield start_ms, border_ms
        start_ms = border_ms


def history(scenario: Scenario) -> Iterator[HistorySeries]:
    """What the days before the scenario held, as sums of ten-minute slots that end exactly at its start.

    For each series the service as a whole (`region` None), then each region; regions sum to the whole. Regions are
    named as in the events: one that the catalogue does not list is `other` to its reader.
    """
    for series in all_series(scenario):
        yield from series.history()


@dataclass(frozen=True, slots=True)
class _Made:
    """A series with its counts drawn and its writer ready."""

    counts: Counts
    writer: Writer

    @classmethod
    def of(cls, series: ScenarioSeries) -> _Made:
        drawn = series.minute_counts()
        feed = series.feed
        if isinstance(feed, Errors):
            return cls(drawn.counts, ErrorCounts(series, feed, drawn.regions))
        if feed.total_every_s is not None:
            return cls(drawn.counts, TotalReports(series, feed, drawn.regions, feed.total_every_s))
        return cls(drawn.counts, SingleReports(series, feed, drawn.regions))

    def stretch(self, first_ms: int, start_ms: int, end_ms: int) -> Batch:
        rows = slice((start_ms - first_ms) // MINUTE_MS, (end_ms - first_ms) // MINUTE_MS)
        return self.writer.batch(start_ms, self.counts[rows])


def _in_arrival_order(waiting: list[LogRecord], batches: list[Batch]) -> list[LogRecord]:
    """Those that waited and the new ones by arrival; ties stay in the order of the file."""
    for batch in batches:
        rows = zip(repeat(batch.topic), batch.keys, batch.values, batch.arrival_ms.tolist(), strict=False)
        waiting += map(LogRecord._make, rows)
    order = np.argsort(np.array([record.time_ms for record in waiting], dtype=np.int64), kind="stable")
    return [waiting[i] for i in order.tolist()]


def _statements(scenario: Scenario, start_ms: int, end_ms: int) -> list[Batch]:
    said = [statement for statement in scenario.statements if start_ms <= statement.time_ms < end_ms]
    times_ms = np.array([statement.time_ms for statement in said], dtype=np.int64)
    values = [_statement_value(statement, scenario.id) for statement in said]
    return [Batch("statements", times_ms, [statement.about.encode() for statement in said], values)]


def _statement_value(said: CitedStatement, scenario: str) -> bytes:
    fields: dict[str, str | None] = {
        "about": said.about,
        "time": rfc3339(said.time_ms),
        "status": said.status,
        "by": said.by,
        "text": said.text,
        "lang": said.lang if said.text else None,
        "url": said.url,
        "cause": said.cause,
        "scenario": scenario,
    }
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
