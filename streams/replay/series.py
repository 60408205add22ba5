"""One (service, signal) of a scenario: its levels and the counts drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.contracts.events import Signal
from streams.replay.curve import MINUTE_MS, level, region_shares, usual_level
from streams.replay.draws import Counts, Wander, history_start_ms, negative_binomial, split, stream
from streams.replay.loading import SLOT_MS
from streams.replay.scenario import Feed, Scenario, ScenarioService

MINUTES_PER_SLOT = SLOT_MS // MINUTE_MS


class HistorySeries(NamedTuple):
    """Past counts of one series: `sums` of ten-minute slots from `start_slot` (epoch minutes // 10) on.

    `region` None: the service as a whole, which is the sum of its regions. `excess_variance`: of one minute, relative
    to its mean squared.
    """

    service: str
    signal: Signal
    region: str | None
    start_slot: int
    sums: NDArray[np.uint32]
    excess_variance: float


@dataclass(frozen=True, slots=True)
class MinuteCounts:
    """Counts of one series for every minute of a scenario, shape (minutes, regions)."""

    regions: list[str]
    counts: Counts


@dataclass(frozen=True, slots=True)
class ScenarioSeries:
    """One witness of one service in a scenario."""

    scenario: Scenario
    service: ScenarioService
    signal: Signal
    feed: Feed

    def rng(self, purpose: str) -> np.random.Generator:
        """This series' own random stream for a purpose; the same one at every call."""
        return stream(self.scenario.seed, self.service.id, self.signal, purpose)

    def minutes_ms(self) -> NDArray[np.int64]:
        """Begin of every minute of the scenario."""
        return np.arange(self.scenario.start_ms, self.scenario.end_ms, MINUTE_MS, dtype=np.int64)

    def levels(self) -> NDArray[np.float64]:
        """Expected events of every minute of the scenario, without noise and drift."""
        return level(self.feed.usual, self.service.zone, self.feed.curve, self.minutes_ms() + MINUTE_MS // 2)

    def minute_counts(self) -> MinuteCounts:
        """Draws the scenario's counts. The drift moves the usual level only: a curve goes through its points."""
        starts = self.minutes_ms()
        middles = starts + MINUTE_MS // 2
        curve = self.feed.curve
        cited = np.zeros(len(starts), dtype=bool)
        if curve:
            cited = (middles >= curve[0].time_ms) & (middles <= curve[-1].time_ms)
        means = np.where(cited, self.levels(), self.levels() * self._wander().at(middles))
        dispersion = np.where(cited, self.feed.curve_dispersion, self.feed.usual.dispersion)
        rng = self.rng("minutes")
        totals = negative_binomial(rng, means, dispersion)
        names, shares = region_shares(self.service.regions, middles)
        return MinuteCounts(names, split(rng, totals, shares))

    def history(self) -> list[HistorySeries]:
        """The usual level of the days before, as sums of slots: the whole service, then each of its regions."""
        begin_ms = history_start_ms(self.scenario.start_ms, self.scenario.history_days)
        slots_ms = np.arange(begin_ms, self.scenario.start_ms, SLOT_MS, dtype=np.int64)
        middles = slots_ms + SLOT_MS // 2
        usual = self.feed.usual
        means = usual_level(usual, self.service.zone, middles) * MINUTES_PER_SLOT * self._wander().at(middles)
        rng = self.rng("history")
        # Ten independent minutes add up: the variance beyond Poisson of their sum is a tenth, relative to its mean.
        totals = negative_binomial(rng, means, np.full(len(means), usual.dispersion / MINUTES_PER_SLOT))
        names, shares = region_shares(self.service.regions[:1], middles)
        parts = split(rng, totals, shares)
        start_slot = begin_ms // SLOT_MS
        columns: list[tuple[str | None, Counts]] = [(None, totals)]
        columns += [(name, parts[:, j]) for j, name in enumerate(names) if name]
        return [
            HistorySeries(self.service.id, self.signal, region, start_slot, sums.astype(np.uint32), usual.dispersion)
            for region, sums in columns
        ]

    def _wander(self) -> Wander:
        begin_ms = history_start_ms(self.scenario.start_ms, self.scenario.history_days)
        return Wander(self.rng("wander"), self.feed.usual.wander, begin_ms, self.scenario.end_ms)


def all_series(scenario: Scenario) -> list[ScenarioSeries]:
    """Every series of a scenario, in the file's order, errors before reports."""
    series = []
    for service in scenario.services:
        if service.errors is not None:
            series.append(ScenarioSeries(scenario, service, "errors", service.errors))
        if service.reports is not None:
            series.append(ScenarioSeries(scenario, service, "reports", service.reports))
    return series
