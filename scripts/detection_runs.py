"""What the pictures of docs/detection.md show: series run through the detector, nothing drawn by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.detection.bank import SeriesBank, SeriesRow
from streams.detection.history import SLOT_MIN
from streams.replay.loading import load_scenario
from streams.replay.series import all_series
from tests.bench.detection.backgrounds import DAY_MIN, RECIPES, draw_backgrounds

Floats = NDArray[np.float64]

MONDAY = 27_594_720  # epoch minutes of 20 June 2022, 00:00 UTC
HISTORY_DAYS = 14
PER_YEAR = 4.0  # the default
SEED = 5


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of the run: first and last of the outage, and the one in which it was told. `ended` None: open."""

    sign: int
    started: int
    detected: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A run by minute. `lean`: evidence as a share of what opens a window, + surge, - drop, at most 1."""

    counts: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    lean: Floats
    windows: tuple[Window, ...]


def run(bank: SeriesBank, counts: Floats) -> Shown:
    """The first series of `bank` through `counts` (NaN: blind)."""
    first = bank.bucket
    steps = [bank.step(np.array([count])) for count in counts]
    windows = [
        Window(int(s.direction[0]), int(s.started[0]) - first, int(s.detected[0]) - first, int(s.ended[0]) - first)
        for s in steps
        if s.closed[0]
    ]
    last = steps[-1]
    if last.open[0]:
        windows.append(Window(int(last.open[0]), int(last.started[0]) - first, int(last.detected[0]) - first, None))

    def column(name: str) -> Floats:
        return np.array([getattr(step, name)[0] for step in steps])

    return Shown(counts, column("expected"), column("lower"), column("upper"), column("lean"), tuple(windows))


def usual(recipe: str, level: float, days: int, *, drops: bool = True) -> tuple[SeriesBank, Floats]:
    """A bank warmed by two weeks of one of the bench's recipes, and the counts of the `days` that follow."""
    drawn = draw_backgrounds(level, len(RECIPES), HISTORY_DAYS + days, SEED)
    column = drawn.recipes.index(recipe)
    counts = drawn.counts(SEED)[:, column].astype(np.float64)
    bank = SeriesBank([SeriesRow(recipe, None, PER_YEAR, 1, drops=drops)], MONDAY)
    past = counts[: HISTORY_DAYS * DAY_MIN].reshape(-1, SLOT_MIN).sum(axis=1)
    bank.warm_up(MONDAY // SLOT_MIN - len(past), past[None], np.array([1 / drawn.dispersions[column]]))
    return bank, counts[HISTORY_DAYS * DAY_MIN :]


def twitter(minutes: int) -> Shown:
    """Reports on Twitter from 11:00 UTC on 14 July 2022, as the shipped scenario synthesises them."""
    scenario = load_scenario("twitter-2022-07-14")
    series = next(s for s in all_series(scenario) if (s.service.id, s.signal) == ("twitter", "reports"))
    whole = next(past for past in series.history() if past.region is None)
    bank = SeriesBank([SeriesRow("twitter", None, PER_YEAR, 1, drops=False)], scenario.start_ms // 60_000)
    bank.warm_up(whole.start_slot, whole.sums[None].astype(np.float64), np.array([whole.excess_variance]))
    return run(bank, series.minute_counts().counts.sum(axis=1)[:minutes].astype(np.float64))
