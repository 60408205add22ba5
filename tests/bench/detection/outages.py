"""What an outage makes of the usual mean, minute by minute: shapes that operators know, with random lengths.

Surges are what errors and reports do when something fails; drops are what traffic does when nobody gets through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RISEN = 1.25  # from here on a slow rise counts as begun: less is within what a busy day does
FADED = 1.5  # a long tail is over once it is below this


@dataclass(frozen=True, slots=True)
class Course:
    """Factors on the mean from the first minute on; `shown`: first and last minute of each window in it."""

    factors: Floats
    shown: tuple[tuple[int, int], ...]


def _flat(factor: float, shortest: int, longest: int) -> Callable[[Generator], Course]:
    def draw(rng: Generator) -> Course:
        minutes = int(rng.integers(shortest, longest + 1))
        return Course(np.full(minutes, factor), ((0, minutes - 1),))

    return draw


def _above(factors: Floats, least: float) -> Course:
    at = np.flatnonzero(factors > least)
    return Course(factors, ((int(at[0]), int(at[-1])),))


def _sudden(rng: Generator) -> Course:
    """To a hundred times within five minutes, gone at once."""
    return _above(np.r_[np.linspace(1, 100, 6)[1:], np.full(rng.integers(25, 60), 100.0)], FADED)


def _ramp(rng: Generator) -> Course:
    """To five times within two to three hours, half an hour there, back within an hour."""
    up = np.linspace(1, 5, rng.integers(120, 181))
    return _above(np.r_[up, np.full(30, 5.0), np.linspace(5, 1, 60)], RISEN)


def _tail(rng: Generator) -> Course:
    """As people report: to forty times within ten minutes, then a decay of forty minutes."""
    decay = 1 + 39 * np.exp(-np.arange(1, 300) / rng.uniform(35, 45))
    return _above(np.r_[np.linspace(1, 40, 10), decay], FADED)


def _double(rng: Generator) -> Course:
    """Eight times for twenty minutes, and again after a pause of forty: two windows."""
    return Course(np.r_[np.full(20, 8.0), np.ones(40), np.full(20, 8.0)], ((0, 19), (60, 79)))


SURGES: dict[str, Callable[[Generator], Course]] = {
    "x2": _flat(2.0, 30, 60),
    "x4": _flat(4.0, 45, 90),
    "x10": _flat(10.0, 20, 40),
    "x100": _sudden,
    "ramp": _ramp,
    "burst": _flat(10.0, 3, 5),
    "plateau": _flat(3.0, 300, 420),
    "double": _double,
    "tail": _tail,
}
DROPS: dict[str, Callable[[Generator], Course]] = {
    "zero-short": _flat(0.0, 20, 45),
    "zero-long": _flat(0.0, 120, 240),
    "half": _flat(0.5, 60, 180),
}
SHAPES = SURGES | DROPS
OF_SIGN = {1: tuple(SURGES), -1: tuple(DROPS)}
