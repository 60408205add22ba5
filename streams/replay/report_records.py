"""People's reports as records: one by one with an opaque reporter, or as an importer's totals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.contracts.times import QUARTER_MS
from streams.replay.batch import DELAY_MS, Batch, member, opaque, quoted, repeat_cells, times_text
from streams.replay.curve import MINUTE_MS
from streams.replay.draws import Counts, pick, split
from streams.replay.scenario import Reports
from streams.replay.series import ScenarioSeries

SECOND_MS = 1_000
SECONDS_PER_MINUTE = 60


class SingleReports:
    """Each report a record of its own. Repeats of a reporter within the minute come on top of the counts."""

    def __init__(self, series: ScenarioSeries, feed: Reports, regions: list[str]) -> None:
        self._series, self._feed = series, feed
        self._rng = series.rng("events")
        self._sent = 0  # reports so far: the number of the next one, and of its reporter
        self._regions = [member("region", region) for region in regions]
        self._symptoms = [member("symptom", symptom) for symptom in feed.symptoms] or [""]
        self._symptom_shares = list(feed.symptoms.values()) or [1.0]
        self._texts = [member("text", said.text) + member("lang", said.lang) for said in feed.texts] + [""]
        self._text_shares = [said.share for said in feed.texts]
        self._text_shares.append(max(0.0, 1.0 - sum(self._text_shares)))
        self._head = f'"service":{quoted(series.service.id)},"time":"'
        self._tail = member("source", feed.source) + member("scenario", series.scenario.id) + "}"

    def batch(self, start_ms: int, counts: Counts) -> Batch:
        """See Writer."""
        rng = self._rng
        minute, region = repeat_cells(counts)
        size = len(minute)
        times_ms = start_ms + minute * MINUTE_MS + rng.integers(0, MINUTE_MS, size)
        order = np.argsort(times_ms, kind="stable")
        times_ms, region = times_ms[order], region[order]
        reporter = self._reporters(times_ms)
        symptom = pick(rng, self._symptom_shares, size)
        text = pick(rng, self._text_shares, size)
        doubled = np.flatnonzero(rng.random(size) < self._feed.repeats)
        rest_ms = MINUTE_MS - times_ms[doubled] % MINUTE_MS  # within the minute, hence the quarter
        later_ms = times_ms[doubled] + (rng.random(len(doubled)) * rest_ms).astype(np.int64)
        rows = np.concatenate([np.arange(size), doubled])
        times_ms = np.concatenate([times_ms, later_ms])
        names = opaque(self._series, "reporters", reporter[rows])
        ids = opaque(self._series, "ids", 2 * (self._sent + rows) + (np.arange(len(rows)) >= size))
        self._sent += size
        values = self._values(ids, times_ms, region[rows], symptom[rows], text[rows], names)
        arrival_ms = times_ms + rng.integers(*DELAY_MS, len(rows))
        return Batch("reports", arrival_ms, [name.encode() for name in names], values)

    def _reporters(self, times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Reporters' numbers of events in order of time: a new one, or one of an earlier quarter of an hour."""
        numbers = self._sent + np.arange(len(times_ms))
        again = self._rng.random(len(times_ms)) < self._feed.again
        _, starts = np.unique(times_ms // QUARTER_MS, return_index=True)
        for first, last in pairwise([*starts.tolist(), len(times_ms)]):
            before = self._sent + first
            # Without replacement: nobody comes again twice in a quarter, or a curve's counts would sink by duplicates.
            rows = first + np.flatnonzero(again[first:last])[:before]
            numbers[rows] = self._rng.choice(before, len(rows), replace=False) if before else numbers[rows]
        return numbers

    def _values(
        self,
        ids: list[str],
        times_ms: NDArray[np.int64],
        region: NDArray[np.int64],
        symptom: NDArray[np.int64],
        text: NDArray[np.int64],
        reporters: list[str],
    ) -> list[bytes]:
        head, tail, regions, symptoms, texts = self._head, self._tail, self._regions, self._symptoms, self._texts
        rows = zip(ids, times_text(times_ms), region.tolist(), symptom.tolist(), text.tolist(), reporters, strict=True)
        return [
            f'{{"id":"r-{i}",{head}{at}Z"{regions[r]}{symptoms[s]}{texts[t]},"reporter":"{who}"{tail}'.encode()
            for i, at, r, s, t, who in rows
        ]


class TotalReports:
    """An importer's totals: one record per region and interval with a count, and nobody's name."""

    def __init__(self, series: ScenarioSeries, feed: Reports, regions: list[str], every_s: int) -> None:
        self._series = series
        self._every_s = every_s
        self._rng = series.rng("events")
        self._sent = 0
        self._regions = [member("region", region) for region in regions]
        self._head = f'"service":{quoted(series.service.id)},"time":"'
        self._tail = member("source", feed.source) + member("scenario", series.scenario.id) + "}"

    def batch(self, start_ms: int, counts: Counts) -> Batch:
        """See Writer."""
        per_minute = SECONDS_PER_MINUTE // self._every_s
        parts = split(self._rng, counts, np.ones(per_minute)) if per_minute > 1 else counts[:, :, None]
        minute, region, part = np.nonzero(parts)
        count = parts[minute, region, part]
        begin_ms = start_ms + minute * MINUTE_MS + part * self._every_s * SECOND_MS
        times_ms = begin_ms + self._rng.integers(0, self._every_s * SECOND_MS, len(minute))
        arrival_ms = interval_end(times_ms, begin_ms, self._every_s) + self._rng.integers(*DELAY_MS, len(minute))
        ids = opaque(self._series, "ids", self._sent + np.arange(len(minute)))
        self._sent += len(minute)
        head, tail, regions = self._head, self._tail, self._regions
        rows = zip(ids, times_text(times_ms), region.tolist(), count.tolist(), strict=True)
        values = [f'{{"id":"r-{i}",{head}{at}Z"{regions[r]},"count":{n}{tail}'.encode() for i, at, r, n in rows]
        return Batch("reports", arrival_ms, [f"r-{i}".encode() for i in ids], values)


def interval_end(times_ms: NDArray[np.int64], begin_ms: NDArray[np.int64], every_s: int) -> NDArray[np.int64]:
    """When a collector sends: at the end of its interval, but never later than ten seconds after the record's time.

    Longer would make the records late: 20 s are allowed, and the way takes up to five.
    """
    return np.minimum(begin_ms + every_s * SECOND_MS, times_ms + 10 * SECOND_MS)
