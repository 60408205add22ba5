"""Service-weeks without events: how counts a minute usually go, from recipes of our own.

A series is   level x weekly shape x level of the day x slow drift,   and its counts are negative binomial around that
(variance m + m^2 / dispersion), in a third of the series around a mean that itself wobbles by 5 % within the hour.
Six recipes of shapes, each with its own random hours, heights and weekends, take turns; every draw is seeded.

>>> drawn = draw_backgrounds(level=20, series=6, days=7, seed=1)
>>> drawn.means.shape, drawn.means.mean(axis=0).round(3).tolist(), drawn.recipes[:2]
((10080, 6), [20.0, 20.0, 20.0, 20.0, 20.0, 20.0], ('office', 'social'))
>>> drawn.counts(seed=2).shape
(10080, 6)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

DAY_MIN = 1440
KNOT_MIN = 15
KNOTS_PER_DAY = DAY_MIN // KNOT_MIN
KNOTS_PER_WEEK = 7 * KNOTS_PER_DAY
DISPERSIONS = (25.0, 50.0, 100.0, 400.0)  # a bucket of many events strays by 20, 14, 10, 5 %
WOBBLE, WOBBLE_SHARE, WOBBLE_MIN = 0.05, 1 / 3, 30.0
DAY_LEVEL = (0.02, 0.10)  # one day's level against the usual, standard deviation
DAY_MEMORY = 0.5  # correlation of a day's level with the next one's
DRIFT, DRIFT_OF_NEWS = (0.0, 0.06), (0.08, 0.18)  # slow deviation from the shape, standard deviation
DRIFT_HOURS = (6.0, 24.0)  # its time constant
_LEAST_MEAN = 1e-9

_HOUR = np.arange(KNOTS_PER_WEEK) % KNOTS_PER_DAY * (KNOT_MIN / 60)
_WEEKEND = np.arange(KNOTS_PER_WEEK) >= 5 * KNOTS_PER_DAY  # a week begins on Monday, 00:00


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """Series of one level, one a column. Minute 0 is a minute of the week of each series' own.

    `means`        expected count of each minute, (minutes, series), whose mean over time is the level
    `dispersions`  (series,): the variance of a count is m + m^2 / dispersion
    `wobbles`      (series,): standard deviation of the slow noise within the hour, relative; 0 or WOBBLE
    `recipes`      the name of each series' shape
    """

    means: Singles
    dispersions: Floats
    wobbles: Floats
    recipes: tuple[str, ...]

    def counts(self, seed: int, multiplier: Singles | Floats | None = None) -> Singles:
        """Counts of every minute around `means`, or around `means * multiplier` (same shape)."""
        rng = np.random.default_rng(seed)
        counts = np.empty(self.means.shape, np.float32)
        slow = rng.standard_normal(len(self.wobbles))
        keep = np.exp(-1 / WOBBLE_MIN)
        for first in range(0, len(counts), DAY_MIN):  # a day at a time, for the sake of memory
            day = slice(first, first + DAY_MIN)
            mean = self.means[day].astype(np.float64)
            if multiplier is not None:
                mean *= multiplier[day]
            if self.wobbles.any():
                kicks = rng.standard_normal(mean.shape) * np.sqrt(1 - keep**2)
                for minute, kick in enumerate(kicks):
                    slow = keep * slow + kick
                    mean[minute] *= np.exp(self.wobbles * slow - self.wobbles**2 / 2)
            np.maximum(mean, _LEAST_MEAN, out=mean)
            counts[day] = rng.poisson(rng.gamma(self.dispersions, mean / self.dispersions))
        return counts


def draw_backgrounds(level: float, series: int, days: int, seed: int) -> Backgrounds:
    """`series` columns of `days` days with `level` events a minute on average; the recipes take turns."""
    rng = np.random.default_rng([seed, round(level * 1000)])
    recipes = tuple(list(RECIPES)[i % len(RECIPES)] for i in range(series))
    means = np.empty((days * DAY_MIN, series), np.float32)
    for i, recipe in enumerate(recipes):
        means[:, i] = level * _course(rng, recipe, days)
    wobbles = np.where(np.arange(series) // len(RECIPES) % round(1 / WOBBLE_SHARE) == 0, WOBBLE, 0.0)
    return Backgrounds(means, rng.choice(DISPERSIONS, series), wobbles, recipes)


def _course(rng: Generator, recipe: str, days: int) -> Floats:
    """One series' relative mean by minute, 1 on average."""
    knots = days * KNOTS_PER_DAY + 1
    week = RECIPES[recipe](rng)
    shape = np.resize(np.roll(week, rng.integers(KNOTS_PER_WEEK)), knots)
    drift = rng.uniform(*(DRIFT_OF_NEWS if recipe == "news" else DRIFT))
    shape = shape * _day_levels(rng, knots) * np.exp(_slow_noise(rng, knots, drift, rng.uniform(*DRIFT_HOURS)))
    course = np.interp(np.arange(days * DAY_MIN), np.arange(knots) * KNOT_MIN, shape)
    relative: Floats = course / course.mean()
    return relative


def _day_levels(rng: Generator, knots: int) -> Floats:
    """The level of each day against the usual one; straight lines from noon to noon."""
    days = knots // KNOTS_PER_DAY + 2
    deviation = rng.uniform(*DAY_LEVEL)
    noise = rng.standard_normal(days) * deviation
    for day in range(1, days):
        noise[day] = DAY_MEMORY * noise[day - 1] + np.sqrt(1 - DAY_MEMORY**2) * noise[day]
    levels: Floats = np.exp(np.interp(np.arange(knots) / KNOTS_PER_DAY + 0.5, np.arange(days), noise))
    return levels


def _slow_noise(rng: Generator, knots: int, deviation: float, hours: float) -> Floats:
    """A first-order autoregression over knots, its corners rounded by a mean over an hour."""
    keep = np.exp(-KNOT_MIN / 60 / hours)
    noise = rng.standard_normal(knots) * np.sqrt(1 - keep**2)
    noise[0] /= np.sqrt(1 - keep**2)
    for knot in range(1, knots):
        noise[knot] += keep * noise[knot - 1]
    smooth: Floats = deviation * np.convolve(np.pad(noise, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return smooth


def _bump(centre: float, width_hours: float) -> Floats:
    """A bell around an hour of the day, over midnight too."""
    away = np.abs(_HOUR - centre) % 24
    bump: Floats = np.exp(-0.5 * (np.minimum(away, 24 - away) / width_hours) ** 2)
    return bump


def _office(rng: Generator) -> Floats:
    """Working hours with soft edges, a lunch, next to nothing at night and little at weekends."""
    opens, closes, soft = rng.uniform(6.5, 9), rng.uniform(16.5, 19), rng.uniform(0.4, 1.0)
    at_work = 1 / (1 + np.exp(-(_HOUR - opens) / soft)) - 1 / (1 + np.exp(-(_HOUR - closes) / soft))
    at_work -= rng.uniform(0, 0.3) * _bump(rng.uniform(12, 13), 0.6)
    shape: Floats = rng.uniform(0.04, 0.25) + at_work * np.where(_WEEKEND, rng.uniform(0.1, 0.5), 1.0)
    return shape


def _social(rng: Generator) -> Floats:
    """Peaks in the evening, half as much around noon; weekends a little more."""
    evening = _bump(rng.uniform(18.5, 21.5), rng.uniform(2, 3.5))
    noon = rng.uniform(0.3, 0.8) * _bump(rng.uniform(12, 14), rng.uniform(2, 3))
    shape: Floats = rng.uniform(0.12, 0.4) + (evening + noon) * np.where(_WEEKEND, rng.uniform(1.0, 1.3), 1.0)
    return shape


def _news(rng: Generator) -> Floats:
    """Morning, noon and evening, and how the day goes: the drift is what sets it apart."""
    shape = rng.uniform(0.3, 0.6) + _bump(rng.uniform(6.5, 8.5), 1.5) + 0.6 * _bump(12.5, 1.5)
    shape += rng.uniform(0.5, 1.0) * _bump(rng.uniform(18, 21), 2.5)
    return shape * np.where(_WEEKEND, rng.uniform(0.6, 0.9), 1.0)


def _api(rng: Generator) -> Floats:
    """Machines calling machines: nearly flat."""
    shape: Floats = 1 + rng.uniform(0.02, 0.2) * np.cos(2 * np.pi * (_HOUR - rng.uniform(0, 24)) / 24)
    return shape * np.where(_WEEKEND, rng.uniform(0.9, 1.0), 1.0)


def _commuter(rng: Generator) -> Floats:
    """Two sharp peaks on working days, one broad one at weekends."""
    workday = _bump(rng.uniform(7, 8.5), rng.uniform(1, 1.6)) + rng.uniform(0.7, 1.1) * _bump(
        rng.uniform(16.5, 18.5), rng.uniform(1.2, 2)
    )
    weekend = rng.uniform(0.3, 0.7) * _bump(rng.uniform(13, 16), rng.uniform(3, 4))
    shape: Floats = rng.uniform(0.06, 0.25) + np.where(_WEEKEND, weekend, workday + 0.3 * _bump(12.5, 3))
    return shape


def _leisure(rng: Generator) -> Floats:
    """What people do when they are off: evenings, and weekends from morning on."""
    workday = _bump(rng.uniform(19, 21.5), rng.uniform(1.8, 3))
    weekend = rng.uniform(1.2, 2.2) * _bump(rng.uniform(15, 18), rng.uniform(4, 5.5))
    shape: Floats = rng.uniform(0.1, 0.3) + np.where(_WEEKEND, weekend, workday)
    return shape


RECIPES: dict[str, Callable[[Generator], Floats]] = {
    "office": _office,
    "social": _social,
    "news": _news,
    "api": _api,
    "commuter": _commuter,
    "leisure": _leisure,
}
