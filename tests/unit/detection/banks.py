"""Banks and counts for the tests of the detector. Everything is seeded; a day has a high and a low."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.detection.bank import BankStep, SeriesBank, SeriesRow

MONDAY = 27_609_120  # epoch minutes of 2022-06-30 00:00 UTC
DAY = 1440
TWO_WEEKS = 2016  # slots
WEEKLY = 52.0  # tolerated false opens a year

Counts = NDArray[np.float64]


def rows(*levels: float, per_year: float = WEEKLY, surges: bool = True, drops: bool = True) -> list[SeriesRow]:
    return [SeriesRow(f"s{i}", None, per_year, 1, surges, drops) for i, _ in enumerate(levels)]


def means(levels: Sequence[float], first: int, buckets: int) -> Counts:
    """(buckets, series): a sine between half and one and a half times the level."""
    minute = np.arange(first, first + buckets)[:, None]
    curve: Counts = np.asarray(levels) * (1 + 0.5 * np.sin(2 * np.pi * minute / DAY))
    return curve


def draw(mean: Counts, seed: int = 1) -> Counts:
    """Negative-binomial counts with a dispersion of 50."""
    rng = np.random.default_rng(seed)
    counts: Counts = rng.poisson(mean * rng.gamma(50, 1 / 50, mean.shape)).astype(np.float64)
    return counts


def run(bank: SeriesBank, counts: Iterable[Any]) -> list[BankStep]:
    return [bank.step(np.asarray(row, np.float64)) for row in counts]


def warmed(levels: Sequence[float], **options: Any) -> SeriesBank:
    """A bank at MONDAY that has two weeks of `means` behind it."""
    bank = SeriesBank(rows(*levels, **options), MONDAY)
    bank.restore(_warm(tuple(levels)))
    return bank


@lru_cache
def _warm(levels: tuple[float, ...]) -> dict[str, NDArray[Any]]:
    bank = SeriesBank(rows(*levels), MONDAY)
    bank.warm_up(MONDAY // 10 - TWO_WEEKS, *history(levels))
    return bank.snapshot()


def history(levels: Sequence[float], slots: int = TWO_WEEKS) -> tuple[Counts, Counts]:
    """Sums of the slots before MONDAY, and the excess variance of a bucket."""
    past = draw(means(levels, MONDAY - slots * 10, slots * 10), seed=99)
    return past.reshape(slots, 10, -1).sum(axis=1).T, np.full(len(levels), 0.02)
