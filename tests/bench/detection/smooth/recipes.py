"""Smooth series of high volume by several recipes of noise, with known departures of a few minutes.

A day is a smooth curve of a high and a low, weekends are lower, the mean wanders slowly; on top comes what the recipe
says. Everything is drawn for many series at once and seeded; no part of it is taken from real data.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]

DAY_MIN = 1440
QUIET_DAYS = 7  # free of departures and not judged: every rule may learn by them
DEPARTURES_A_WEEK = 3.0
APART_MIN = 240  # between two departures of a series, so that each is one of its own


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the noise is made of. Shares are relative to the mean; a pair is drawn log-uniformly between its ends."""

    name: str
    bucket_min: int = 1
    white: tuple[float, float] = (0.005, 0.03)
    tail_freedom: tuple[float, float] | None = None  # of Student's t instead of a Gaussian
    slow: tuple[float, float] = (0.005, 0.03)  # an autoregressive wander ...
    slow_min: tuple[float, float] = (60.0, 400.0)  # ... with this time constant
    hourly: float = 0.0  # how far the noise depends on the hour: standard deviation of its logarithm
    rough: float = 0.0  # how far the noise comes in rough hours: the same, wandering
    steps: int = 0  # to a new level, for good, in four weeks
    jobs: int = 0  # at the same minute every day
    shifted: float = 0.0  # share of days that run an hour early or late
    restless: float = 0.0  # a day: bumps of 3 to 30 %, up within minutes, that nobody would call an outage
    gaps: int = 0  # of one to four hours in four weeks; and one minute in five hundred
    held: int = 1  # buckets that hold the same value, as when coarser counts are spread over minutes
    minutes: tuple[float, float] = (3.0, 30.0)  # of a departure
    days: int = 28


RECIPES = (
    Recipe("white"),
    Recipe("drifting", white=(0.005, 0.02), slow=(0.01, 0.05), slow_min=(20.0, 200.0)),
    Recipe("tails", tail_freedom=(3.0, 5.0)),
    Recipe("hours", hourly=0.5),
    Recipe("rough", rough=0.5, tail_freedom=(4.0, 8.0)),
    Recipe("steps", steps=4),
    Recipe("jobs", jobs=2),
    Recipe("shifted", shifted=0.3),
    Recipe("gaps", gaps=3, tail_freedom=(4.0, 8.0)),
    Recipe("restless", restless=1.0, tail_freedom=(4.0, 8.0)),
    Recipe("held", held=5, minutes=(10.0, 60.0)),
    Recipe("mixed", tail_freedom=(4.0, 8.0), hourly=0.3, rough=0.3, steps=2, jobs=1, shifted=0.1),
    Recipe("five-minutes", bucket_min=5, tail_freedom=(4.0, 8.0), hourly=0.3, minutes=(10.0, 60.0)),
    Recipe(
        "five-minutes-mixed", bucket_min=5, tail_freedom=(4.0, 8.0), rough=0.4, steps=2, jobs=1, minutes=(10.0, 60.0)
    ),
    Recipe("hour", bucket_min=60, tail_freedom=(4.0, 8.0), minutes=(120.0, 480.0), days=84),
)


def recipe_of(name: str) -> Recipe:
    """The recipe of this name."""
    return next(recipe for recipe in RECIPES if recipe.name == name)


def event_free(recipe: Recipe) -> Recipe:
    """The same noise, without what is an event of its own: steps and bumps."""
    return replace(recipe, steps=0, restless=0.0)


@dataclass(frozen=True, slots=True)
class Departure:
    """Of one series: first and last bucket, and what the mean is multiplied by."""

    series: int
    first: int
    last: int
    factor: float


@dataclass(frozen=True, slots=True)
class Draw:
    """`counts` of shape (buckets, series), and the departures in them, by series and time."""

    recipe: Recipe
    counts: Floats
    departures: list[Departure] = field(default_factory=list)


def draw(recipe: Recipe, series: int, seed: int, *, with_departures: bool = True) -> Draw:
    """`series` series of the recipe."""
    rng = np.random.default_rng([seed, sum(map(ord, recipe.name)), series])
    buckets = recipe.days * DAY_MIN // recipe.bucket_min
    mean = _usual(recipe, series, buckets, rng)
    relative = _noise(recipe, series, buckets, rng)
    departures = _departures(recipe, series, buckets, rng) if with_departures else []
    for one in departures:
        mean[one.first : one.last + 1, one.series] *= one.factor
    mean *= recipe.bucket_min
    # Volumes are in the hundreds and more: a Gaussian is as good as a Poisson there, and quicker.
    counts = mean * np.maximum(1.0 + relative, 0.0)
    counts += np.sqrt(counts) * rng.standard_normal(counts.shape)
    if recipe.held > 1:
        counts = np.repeat(counts[:: recipe.held], recipe.held, axis=0)
    counts = np.rint(np.maximum(counts, 0.0))
    return Draw(recipe, _with_gaps(recipe, counts, rng) if recipe.gaps else counts, departures)


def _with_gaps(recipe: Recipe, counts: Floats, rng: np.random.Generator) -> Floats:
    counts[rng.random(counts.shape) < 0.002] = np.nan
    for one in range(counts.shape[1]):
        for start in rng.integers(0, len(counts), recipe.gaps):
            counts[start : start + rng.integers(60, 241) // recipe.bucket_min, one] = np.nan
    return counts


def _bumps(recipe: Recipe, series: int, buckets: int, rng: np.random.Generator) -> Floats:
    """A factor: bumps and dips that come up within 2 to 10 minutes, last 5 to 40 and fade."""
    factor = np.ones((buckets, series))
    for one in range(series):
        for start in rng.integers(0, buckets - 120, rng.poisson(recipe.restless * recipe.days)):
            rise, stay, fall = rng.uniform(2, 10), rng.uniform(5, 40), rng.uniform(5, 30)
            t = np.arange(int(rise + stay + fall) + 1)
            shape = np.interp(t, [0.0, rise, rise + stay, rise + stay + fall], [0.0, 1.0, 1.0, 0.0])
            size = np.exp(rng.uniform(np.log(0.03), np.log(0.3))) * rng.choice([-1.0, 1.0])
            factor[start : start + len(t), one] *= 1.0 + size * shape
    return factor


def _log_uniform(rng: np.random.Generator, ends: tuple[float, float], series: int) -> Floats:
    return np.exp(rng.uniform(np.log(ends[0]), np.log(ends[1]), series))


def _usual(recipe: Recipe, series: int, buckets: int, rng: np.random.Generator) -> Floats:
    """Mean a minute: level x shape of the day x weekend, steps and jobs included."""
    level = _log_uniform(rng, (500.0, 20_000.0), series)
    minute = np.arange(buckets) * recipe.bucket_min
    days = recipe.days
    late = np.where(rng.random((days, series)) < recipe.shifted, rng.choice([-60.0, 60.0], (days, series)), 0.0)
    phase = 2 * np.pi * (minute[:, None] + _gliding(late, minute)) / DAY_MIN
    swing = rng.uniform(0.15, 0.55, series)  # peak over trough: 1.4 to 3.4
    shape = np.exp(swing * np.sin(phase + rng.uniform(0, 2 * np.pi, series)))
    shape *= np.exp(swing * rng.uniform(0.0, 0.4, series) * np.sin(2 * phase + rng.uniform(0, 2 * np.pi, series)))
    shape *= np.exp(swing * rng.uniform(0.0, 0.15, series) * np.sin(3 * phase + rng.uniform(0, 2 * np.pi, series)))
    shape *= rng.uniform(0.7, 1.0, series) ** _weekend(minute)[:, None]
    usual = level * shape
    for _ in range(recipe.steps):
        at = rng.integers(int(0.05 * buckets), buckets, series)
        by = np.exp(rng.choice([-1.0, 1.0], series) * rng.uniform(0.1, 0.4, series))
        usual *= np.where(np.arange(buckets)[:, None] >= at, by, 1.0)
    for _ in range(recipe.jobs):
        usual *= _job(recipe, series, buckets, rng)
    if recipe.restless:
        usual *= _bumps(recipe, series, buckets, rng)
    return usual


def _gliding(late: Floats, minute: NDArray[np.int64]) -> Floats:
    """(buckets, series): what each day is late, gone over to within three hours, so that midnight is no step."""
    day, within = np.divmod(minute, DAY_MIN)
    share = np.clip(within / 180.0, 0.0, 1.0)[:, None]
    before = np.concatenate([np.zeros((1, late.shape[1])), late[:-1]])
    return before[day] * (1.0 - share) + late[day] * share


def _weekend(minute: NDArray[np.int64]) -> Floats:
    """0 on workdays, 1 on weekends, three hours of going over at both ends."""
    hour = (minute / 60.0) % 168.0
    return np.clip((hour - 117.0) / 3.0, 0.0, 1.0) - np.clip((hour - 165.0) / 3.0, 0.0, 1.0)


def _job(recipe: Recipe, series: int, buckets: int, rng: np.random.Generator) -> Floats:
    """A factor of 1.1 to 1.8, or a dip, for minutes at the same time of every day, now and then a minute off."""
    factor = np.ones((buckets, series))
    begin = rng.integers(0, DAY_MIN - 30, series)
    length = rng.integers(2, 11, series)
    size = np.where(rng.random(series) < 0.8, rng.uniform(1.1, 1.8, series), rng.uniform(0.6, 0.9, series))
    for day in range(recipe.days):
        first = day * DAY_MIN + begin + rng.integers(0, 2, series)
        for one in range(series):
            a, b = first[one] // recipe.bucket_min, -(-(first[one] + length[one]) // recipe.bucket_min)
            share = length[one] / ((b - a) * recipe.bucket_min)
            factor[a:b, one] = 1.0 + (size[one] - 1.0) * share
    return factor


def _noise(recipe: Recipe, series: int, buckets: int, rng: np.random.Generator) -> Floats:
    """Relative to the mean."""
    if recipe.tail_freedom is None:
        white = rng.standard_normal((buckets, series))
    else:
        freedom = rng.uniform(*recipe.tail_freedom, series)
        white = rng.standard_t(freedom, (buckets, series)) / np.sqrt(freedom / (freedom - 2.0))
    scale = np.broadcast_to(_log_uniform(rng, recipe.white, series), (buckets, series))
    minute = np.arange(buckets) * recipe.bucket_min
    if recipe.hourly:
        by_hour = np.exp(recipe.hourly * rng.standard_normal((24, series)))
        scale = scale * by_hour[minute // 60 % 24]
    if recipe.rough:
        scale = scale * np.exp(recipe.rough * _wander(np.full(series, 180.0), recipe, series, buckets, rng))
    slow = _log_uniform(rng, recipe.slow, series) * _wander(
        _log_uniform(rng, recipe.slow_min, series), recipe, series, buckets, rng
    )
    noise: Floats = white * scale + slow
    return noise


def _wander(time_min: Floats, recipe: Recipe, series: int, buckets: int, rng: np.random.Generator) -> Floats:
    """An autoregression of variance 1 with the time constant `time_min` of each series."""
    keep = np.exp(-recipe.bucket_min / time_min)
    push = rng.standard_normal((buckets, series)) * np.sqrt(1.0 - keep * keep)
    push[0] = rng.standard_normal(series)
    return np.stack([lfilter([1.0], [1.0, -keep[i]], push[:, i]) for i in range(series)], axis=1)


def _departures(recipe: Recipe, series: int, buckets: int, rng: np.random.Generator) -> list[Departure]:
    """70 % of them by 10 to 30 or 40 %, the others larger; both directions alike, sudden."""
    per_day = DAY_MIN // recipe.bucket_min
    quiet, apart = QUIET_DAYS * per_day, max(APART_MIN // recipe.bucket_min, 12)
    judged_weeks = (recipe.days - QUIET_DAYS) / 7
    if recipe.bucket_min == 60:
        judged_weeks /= 3  # of hours: rarer, as they last longer
    found = []
    for one in range(series):
        number = rng.poisson(DEPARTURES_A_WEEK * judged_weeks)
        starts = np.sort(rng.integers(quiet, buckets - apart, number))
        last = -apart
        for start in starts:
            if start - last < apart:
                continue
            length = round(float(np.exp(rng.uniform(*np.log(recipe.minutes)))) / recipe.bucket_min)
            last = start + max(length, 2) - 1
            found.append(Departure(one, int(start), int(last), _factor(rng)))
    return found


def _factor(rng: np.random.Generator) -> float:
    up = rng.random() < 0.5
    if rng.random() < 0.7:
        return float(rng.uniform(1.1, 1.4) if up else rng.uniform(0.7, 0.9))
    return float(rng.uniform(1.5, 3.0) if up else rng.uniform(0.3, 0.6))
