"""Smooth series for tests: a day of a high and a low, and Gaussian noise. Everything is seeded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.detection.bank import SeriesBank, SeriesRow
from tests.unit.detection.banks import DAY, MONDAY, run

NOISE = 0.01

Counts = NDArray[np.float64]
Window = tuple[int, int, int, int | None]  # direction; minutes after the first bucket of start, detection and end


def smooth_row(name: str = "s0", per_year: float = 4.0, *, surges: bool = True, drops: bool = True) -> SeriesRow:
    return SeriesRow(name, None, per_year, 1, surges, drops, "smooth")


def smooth(buckets: int, seed: int = 3, series: int = 1, first: int = MONDAY) -> Counts:
    """(buckets, series) about 5,000 a minute, between two thirds and one and a half times that."""
    minute = np.arange(first, first + buckets)[:, None]
    mean = 5000 * np.exp(0.4 * np.sin(2 * np.pi * minute / DAY))
    noise = NOISE * np.random.default_rng(seed).standard_normal((buckets, series))
    counts: Counts = np.rint(mean * (1 + noise))
    return counts


def windows_of(counts: Counts, row: SeriesRow | None = None, bucket_min: int = 1) -> list[Window]:
    """Those of a single series."""
    bank = SeriesBank([row or smooth_row()], MONDAY // bucket_min, bucket_min=bucket_min)
    first = bank.bucket
    found: list[Window] = []
    for step in run(bank, counts):
        window = (int(step.direction[0]), int(step.started[0]) - first, int(step.detected[0]) - first)
        if step.closed[0]:
            found.append((*window, int(step.ended[0]) - first))
    if step.open[0]:
        found.append((*window, None))
    return found


def starts(windows: Sequence[Window]) -> list[int]:
    return [window[1] for window in windows]
