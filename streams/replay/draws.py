"""Counts drawn from levels, the same on each run and each machine.

Every series has random streams of its own, named by scenario seed, service, signal and purpose, so that one service
more in a file changes nothing of the others. PCG64 is named because numpy may change its default generator.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.contracts.times import DAY_MS
from streams.replay.curve import HOUR_MS, rounded

Counts = NDArray[np.int64]


def stream(seed: int, service: str, signal: str, purpose: str) -> np.random.Generator:
    """The random stream of one purpose of one series."""
    name = zlib.crc32(f"{service}/{signal}/{purpose}".encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name])))


def negative_binomial(rng: np.random.Generator, means: NDArray[np.float64], dispersion: NDArray[np.float64]) -> Counts:
    """Counts with the given means and variance `mean + dispersion * mean**2` (Gamma-Poisson; Poisson where 0).

    Every element draws a gamma, so that a change of one dispersion does not move the stream of the others.
    """
    shape = 1.0 / np.maximum(dispersion, 1e-9)
    factors = rng.gamma(shape, 1.0 / shape)
    return np.asarray(rng.poisson(means * np.where(dispersion > 0, factors, 1.0)), dtype=np.int64)


def split(rng: np.random.Generator, totals: Counts, shares: NDArray[np.float64]) -> Counts:
    """Each total divided at random by its row of `shares` (which may be one row for all); shape (totals, shares)."""
    rows = shares / shares.sum(axis=-1, keepdims=True)
    return np.asarray(rng.multinomial(totals, rows), dtype=np.int64)


def pick(rng: np.random.Generator, shares: Sequence[float], size: int) -> Counts:
    """Indexes drawn by `shares`, which need not sum to one."""
    edges = np.cumsum(np.array(shares, dtype=np.float64))
    found = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.asarray(np.minimum(found, len(shares) - 1), dtype=np.int64)


class Wander:
    """The slow drift of a series' level: a factor by hour, around one, that forgets in about a day."""

    HOLD = 0.96  # correlation from one hour to the next: half is forgotten after 17 hours

    def __init__(self, rng: np.random.Generator, amount: float, from_ms: int, to_ms: int) -> None:
        """Draws all hours from `from_ms` to `to_ms`; `amount` is the standard deviation as a share of the level."""
        self._from_hour = from_ms // HOUR_MS
        hours = to_ms // HOUR_MS - self._from_hour + 2
        kicks = rng.standard_normal(hours) * amount * (1 - self.HOLD**2) ** 0.5
        drift, now = np.zeros(hours), float(rng.standard_normal()) * amount
        for i in range(hours):
            now = self.HOLD * now + kicks[i]
            drift[i] = now
        self._factors = rounded(np.clip(1.0 + drift, 0.3, 3.0))

    def at(self, times_ms: NDArray[np.int64]) -> NDArray[np.float64]:
        """The factor at each time, linear between hours."""
        hours = times_ms / HOUR_MS - self._from_hour
        return rounded(np.interp(hours, np.arange(len(self._factors)), self._factors))


def history_start_ms(start_ms: int, days: int) -> int:
    """Where history of so many days before a scenario begins."""
    return start_ms - days * DAY_MS
