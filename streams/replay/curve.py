"""The level of a feed over time: the usual day, and the log-linear line through the cited points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from streams.replay.scenario import Point, RegionShares, Usual

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
MINUTES_PER_QUARTER = 15
# Levels are rounded before counts are drawn: the last bit of exp and cos differs between machines, the counts must not.
LEVEL_DIGITS = 9
# No crowd changes its ways within a minute of midnight: a step there would look like an outage.
WEEKEND_EASE_HOURS = 6.0


def usual_level(usual: Usual, zone: str, times_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected events per minute of a normal day at `times_ms` (ascending or not), by the service's own clock.

    A cosine with its top at `peak_hour`, times `weekend` on local Saturdays and Sundays, eased in and out over night.
    """
    hours, where = np.unique(times_ms // HOUR_MS, return_inverse=True)
    begins = np.array([_hour_of_week(zone, int(hour)) for hour in hours])
    hour_of_week = begins[where] + (times_ms % HOUR_MS) / HOUR_MS
    wave = 1.0 + usual.amplitude * np.cos((hour_of_week - usual.peak_hour) * (2 * math.pi / 24))
    weekend = 1.0 + (usual.weekend - 1.0) * _weekend_share(hour_of_week)
    return rounded(usual.per_minute * wave * weekend)


def level(usual: Usual, zone: str, curve: Sequence[Point], times_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected events per minute at `times_ms`: the curve from its first to its last point, else the usual level."""
    usually = usual_level(usual, zone, times_ms)
    if not curve:
        return usually
    at_ms = np.array([point.time_ms for point in curve], dtype=np.int64)
    usual_there = usual_level(usual, zone, at_ms)
    logs = [math.log(per_minute(point, float(u))) for point, u in zip(curve, usual_there, strict=True)]
    line = np.array([math.exp(value) for value in np.interp(times_ms, at_ms, logs)])
    within = (times_ms >= at_ms[0]) & (times_ms <= at_ms[-1])
    return np.where(within, rounded(line), usually)


def per_minute(point: Point, usual: float) -> float:
    """The rate a point states, in events per minute; `usual` is the usual rate at its time."""
    if point.per_quarter is not None:
        return point.per_quarter / MINUTES_PER_QUARTER
    if point.per_minute is not None:
        return point.per_minute
    assert point.times_usual is not None  # loading lets no other point through
    return point.times_usual * usual


def region_shares(
    regions: Sequence[RegionShares], times_ms: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.float64]]:
    """Region names in order of first mention, and their shares at each time, shape (times, regions), rows sum to one.

    Linear between the moments of `regions`; the first entry has no time and is the usual one: it holds before the
    first moment. No regions at all: one nameless region, written as an empty string.
    """
    if not regions:
        return [""], np.ones((len(times_ms), 1))
    names = list(dict.fromkeys(name for at in regions for name in at.shares))
    table = np.array([[at.shares.get(name, 0.0) for name in names] for at in regions])
    table /= table.sum(axis=1, keepdims=True)
    if len(regions) == 1:
        return names, np.repeat(rounded(table), len(times_ms), axis=0)
    at_ms = [at.time_ms for at in regions[1:] if at.time_ms is not None]
    columns = [np.interp(times_ms, at_ms, table[1:, j], left=table[0, j]) for j in range(len(names))]
    return names, rounded(np.stack(columns, axis=1))


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`values` to LEVEL_DIGITS decimals."""
    return np.asarray(np.round(values, LEVEL_DIGITS))


@lru_cache(maxsize=16_384)  # some hundred hours in a handful of zones
def _hour_of_week(zone: str, epoch_hour: int) -> float:
    """Local hours since Monday 0:00 at the begin of an hour."""
    local = datetime.fromtimestamp(epoch_hour * 3600, UTC).astimezone(ZoneInfo(zone))
    return 24 * local.weekday() + local.hour + local.minute / 60


def _weekend_share(hour_of_week: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of a weekend a moment is: 0 on working days, 1 on Saturday and Sunday, a slope around the midnights."""
    half = WEEKEND_EASE_HOURS / 2
    since_saturday = (hour_of_week - 5 * 24 + half) % 168 - half  # so that the small hours of Monday lie at 48 and more
    rise = np.clip((since_saturday + half) / WEEKEND_EASE_HOURS, 0.0, 1.0)
    fall = np.clip((48 + half - since_saturday) / WEEKEND_EASE_HOURS, 0.0, 1.0)
    return np.asarray(rise * fall)
