"""Machines' errors as records: counts of collectors, and a sample of single errors with their users."""

from __future__ import annotations

import numpy as np

from streams.replay.batch import DELAY_MS, Batch, member, opaque, quoted, repeat_cells, times_text
from streams.replay.curve import MINUTE_MS
from streams.replay.draws import Counts, pick, split
from streams.replay.report_records import SECOND_MS, SECONDS_PER_MINUTE, interval_end
from streams.replay.scenario import Collector, Errors
from streams.replay.series import ScenarioSeries

USERS_PER_ERROR = 0.6  # a user who meets an error tries again: fewer users than sampled errors; assumed


class ErrorCounts:
    """One record per collector, region, type and interval, and the sampled errors one by one."""

    def __init__(self, series: ScenarioSeries, feed: Errors, regions: list[str]) -> None:
        self._series, self._feed = series, feed
        self._rng = series.rng("events")
        self._sent = 0  # records so far
        self._sampled = 0  # single errors so far
        self._regions = [member("region", region) for region in regions]
        self._kinds = [
            member("type", kind.type) + member("message", kind.message) + member("dependency", kind.dependency)
            for kind in feed.kinds
        ]
        self._kind_shares = np.array([kind.share for kind in feed.kinds])
        serving = [_collector(feed.collectors, region).source for region in regions]
        self._sources = [member("source", source) for source in serving]
        self._keys = [f"{series.service.id}-{source}".encode() for source in serving]
        self._head = f'"service":{quoted(series.service.id)},"time":"'
        self._tail = member("scenario", series.scenario.id) + "}"

    def batch(self, start_ms: int, counts: Counts) -> Batch:
        """See Writer."""
        sample = self._feed.sample
        if sample is None or sample.share == 0:
            return self._counted(start_ms, counts)
        singles = np.asarray(self._rng.binomial(counts, sample.share), dtype=np.int64)
        counted, single = self._counted(start_ms, counts - singles), self._single(start_ms, singles, sample.source)
        arrival_ms = np.concatenate([counted.arrival_ms, single.arrival_ms])
        return Batch("errors", arrival_ms, counted.keys + single.keys, counted.values + single.values)

    def _counted(self, start_ms: int, counts: Counts) -> Batch:
        every_s = self._feed.count_every_s
        per_minute = SECONDS_PER_MINUTE // every_s
        cells = split(self._rng, counts, np.tile(self._kind_shares, per_minute))
        minute, region, cell = np.nonzero(cells)
        count = cells[minute, region, cell]
        kind = cell % len(self._kinds)
        begin_ms = start_ms + minute * MINUTE_MS + (cell // len(self._kinds)) * every_s * SECOND_MS
        times_ms = begin_ms + self._rng.integers(0, every_s * SECOND_MS, len(minute))
        arrival_ms = interval_end(times_ms, begin_ms, every_s) + self._rng.integers(*DELAY_MS, len(minute))
        ids = opaque(self._series, "ids", self._sent + np.arange(len(minute)))
        self._sent += len(minute)
        head, tail, regions, kinds, sources = self._head, self._tail, self._regions, self._kinds, self._sources
        where = region.tolist()
        rows = zip(ids, times_text(times_ms), where, kind.tolist(), count.tolist(), strict=True)
        values = [
            f'{{"id":"e-{i}",{head}{at}Z"{regions[r]}{kinds[k]},"count":{n}{sources[r]}{tail}'.encode()
            for i, at, r, k, n in rows
        ]
        keys = [self._keys[r] for r in where]
        again = np.flatnonzero(self._rng.random(len(minute)) < self._feed.resent)
        later_ms = arrival_ms[again] + self._rng.integers(100, 1_000, len(again))
        rows_again = again.tolist()
        return Batch(
            "errors",
            np.concatenate([arrival_ms, later_ms]),
            keys + [keys[i] for i in rows_again],
            values + [values[i] for i in rows_again],
        )

    def _single(self, start_ms: int, counts: Counts, source: str) -> Batch:
        minute, region = repeat_cells(counts)
        size = len(minute)
        times_ms = start_ms + minute * MINUTE_MS + self._rng.integers(0, MINUTE_MS, size)
        kind = pick(self._rng, self._kind_shares.tolist(), size)
        numbers = self._sampled + np.arange(size)
        ids = opaque(self._series, "single-ids", numbers)
        users = opaque(self._series, "users", (numbers * USERS_PER_ERROR).astype(np.int64))
        self._sampled += size
        head, regions, kinds = self._head, self._regions, self._kinds
        tail = member("source", source) + self._tail
        rows = zip(ids, times_text(times_ms), region.tolist(), kind.tolist(), users, strict=True)
        values = [
            f'{{"id":"e-{i}",{head}{at}Z"{regions[r]}{kinds[k]},"user":"{user}"{tail}'.encode()
            for i, at, r, k, user in rows
        ]
        return Batch("errors", times_ms + self._rng.integers(*DELAY_MS, size), [i.encode() for i in ids], values)


def _collector(collectors: list[Collector], region: str) -> Collector:
    """The collector that serves a region: the one that lists it, else the one that serves the rest."""
    for collector in collectors:
        if region in collector.regions:
            return collector
    return next(collector for collector in collectors if not collector.regions)
