"""The project's own detector over a bench: every series at every tolerance in one bank, so that it takes minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streams.detection.bank import SeriesBank, SeriesRow
from streams.detection.history import SLOT_MIN
from tests.bench.detection.series import Bench

FIRST_BUCKET = 27_594_720  # epoch minutes of Monday, 20 June 2022, 00:00 UTC


class Found(NamedTuple):
    """A window, in minutes of the bench; `sign`: +1 surge, -1 drop. An open one ends with the bench."""

    sign: int
    started: int
    detected: int
    ended: int


Windows = list[list[Found]]  # of each series


class Collector:
    """Windows as they open and close, of `settings` times `series`, told by their flat position."""

    def __init__(self, settings: int, series: int) -> None:
        self._series = series
        self.windows: list[Windows] = [[[] for _ in range(series)] for _ in range(settings)]

    def add(self, at: int, found: Found) -> None:
        setting, series = divmod(at, self._series)
        self.windows[setting][series].append(found)


def run_detector(bench: Bench, tolerances: Sequence[float], *, told_until: int = 0) -> dict[float, Windows]:
    """Windows at each tolerance (false opens a year). The first `told_until` minutes come as history, not lived."""
    n = len(bench.truths)
    rows = [
        SeriesRow(f"s{i}", None, per_year, 1, surges=truth.sign > 0, drops=truth.sign < 0)
        for per_year in tolerances
        for i, truth in enumerate(bench.truths)
    ]
    bank = SeriesBank(rows, FIRST_BUCKET + told_until)
    if told_until:
        sums = bench.counts[:told_until].reshape(told_until // SLOT_MIN, SLOT_MIN, n).sum(axis=1).T
        bank.warm_up(FIRST_BUCKET // SLOT_MIN, np.tile(sums, (len(tolerances), 1)), np.full(len(rows), np.nan))
    return dict(zip(tolerances, lived(bank, bench.counts[told_until:], len(tolerances)), strict=True))


def lived(bank: SeriesBank, counts: np.ndarray[tuple[int, ...], np.dtype[np.float32]], settings: int) -> list[Windows]:
    """Steps `bank` through `counts`, which every one of the `settings` gets."""
    collector = Collector(settings, counts.shape[1])
    for count in counts:
        step = bank.step(np.tile(count, settings))
        for at in np.flatnonzero(step.closed):
            columns = (step.direction[at], step.started[at], step.detected[at], step.ended[at])
            collector.add(int(at), _found(*map(int, columns)))
    if len(counts):
        for at in np.flatnonzero(step.open):
            columns = (step.direction[at], step.started[at], step.detected[at], step.bucket)
            collector.add(int(at), _found(*map(int, columns)))
    return collector.windows


def _found(sign: int, started: int, detected: int, ended: int) -> Found:
    return Found(sign, started - FIRST_BUCKET, detected - FIRST_BUCKET, ended - FIRST_BUCKET)
