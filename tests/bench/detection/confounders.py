"""What looks like an outage and is none. Changes of the usual mean here, accidents of collecting in `strike`.

Each counts as the cause of a false window for a while: a spike for 15 minutes, a late batch for 35, a gap until an hour
after it, a holiday and a clock change for a day, a deployment for half a day.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.bench.detection.backgrounds import DAY_MIN

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

ACCIDENTS = ("spike", "late", "gap")
DAYS = ("holiday", "clock", "deploy")  # begin on a day of their own
LASTING = ("weekend", "growth")
AFTER_MIN = {"spike": 15, "late": 35, "gap": 60, "holiday": DAY_MIN, "clock": DAY_MIN, "deploy": DAY_MIN // 2}

HOLIDAY_LEVEL, HOLIDAY_LATE_MIN = 0.7, 120
CLOCK_MIN = 60
DEPLOY = {1: 1.4, -1: 0.75}  # by direction asked for: more errors, less traffic, and so it stays
GROWTH = {1: 2.2, -1: 0.6}
WEEKEND = 0.6
SPIKE_TIMES, SPIKE_LEAST = 20.0, 30.0
HELD_MIN = 20


def deploy(mean: Floats, minute: int, sign: int) -> None:
    """A step that stays."""
    mean[minute:] *= DEPLOY[sign]


def growth(mean: Floats, minute: int, sign: int) -> None:
    """A straight line to the end."""
    mean[minute:] *= np.linspace(1.0, GROWTH[sign], len(mean) - minute)


def weekend(mean: Floats, saturday: int) -> None:
    """Two days of seven are smaller, from minute `saturday` of the first week on."""
    quiet = (np.arange(len(mean)) - saturday) % (7 * DAY_MIN) < 2 * DAY_MIN
    mean[quiet] *= WEEKEND


def clock(mean: Floats, minute: int, ahead: bool) -> None:
    """From `minute` on people live an hour earlier (or later), for good."""
    at = np.arange(minute, len(mean)) + (CLOCK_MIN if ahead else -CLOCK_MIN)
    mean[minute:] = mean[np.minimum(at, len(mean) - 1)]


def holiday(mean: Floats, midnight: int) -> None:
    """A smaller day that starts late."""
    before = mean[midnight - HOLIDAY_LATE_MIN : midnight + DAY_MIN - HOLIDAY_LATE_MIN]
    mean[midnight : midnight + DAY_MIN] = HOLIDAY_LEVEL * before


def strike(rng: Generator, kind: str, counts: Singles, mean: Singles, minute: int) -> int:
    """An accident of collecting in one series' counts, in place; returns the last minute it is to blame for."""
    if kind == "spike":  # one client, one bucket
        counts[minute] += round(max(SPIKE_LEAST, SPIKE_TIMES * float(mean[minute])))
        return minute + AFTER_MIN[kind]
    if kind == "late":  # held back, then all at once, in one or two buckets
        into = int(rng.integers(1, 3))
        held = counts[minute : minute + HELD_MIN].sum()
        counts[minute : minute + HELD_MIN] = 0
        counts[minute + HELD_MIN : minute + HELD_MIN + into] += np.float32(held // into)
        return minute + AFTER_MIN[kind]
    end = minute + int(rng.integers(60, 241))
    counts[minute:end] = np.nan
    return end + AFTER_MIN[kind]
