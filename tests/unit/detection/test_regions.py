"""A service and its ten regions: an outage of a small one is found, and the service opens no oftener for it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from streams.detection.bank import SeriesBank, SeriesRow
from streams.detection.sensitivity import share_of_tolerance
from tests.unit.detection.banks import DAY, MONDAY, TWO_WEEKS, WEEKLY, Counts

SHARES = np.array([0.30, 0.20, 0.12, 0.10, 0.08, 0.06, 0.05, 0.03, 0.03, 0.03])
SIBLINGS = 22  # errors and reports, the whole and ten regions each
SMALL, LARGE = 10, 1  # rows: 3 % and 30 % of the volume
LEVEL = 2000.0


def service(name: str) -> list[SeriesRow]:
    regions = (None, *map(str, range(len(SHARES))))
    return [SeriesRow(name, region, WEEKLY, SIBLINGS) for region in regions]


def events(level: float, first: int, buckets: int, seed: int) -> Counts:
    """(buckets, regions): each scatters by itself around its share of a day with a high and a low."""
    minute = np.arange(first, first + buckets)
    mean = (level * (1 + 0.5 * np.sin(2 * np.pi * minute / DAY)))[:, None] * SHARES
    rng = np.random.default_rng(seed)
    counts: Counts = rng.poisson(mean * rng.gamma(50, 1 / 50, mean.shape)).astype(np.float64)
    return counts


def with_whole(regions: Counts) -> Counts:
    return np.concatenate([regions.sum(axis=1, keepdims=True), regions], axis=1)


def warmed(*levels: float) -> SeriesBank:
    """A bank of one service per level, two weeks known."""
    bank = SeriesBank([row for i, _ in enumerate(levels) for row in service(f"s{i}")], MONDAY)
    first = MONDAY - 10 * TWO_WEEKS
    past = np.concatenate([with_whole(events(v, first, 10 * TWO_WEEKS, 99 + i)) for i, v in enumerate(levels)], axis=1)
    bank.warm_up(first // 10, past.reshape(TWO_WEEKS, 10, -1).sum(axis=1).T, np.full(past.shape[1], 0.02))
    return bank


@lru_cache
def found(row: int, factor: float) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(minute, direction) of what opens in one region, and in the whole, when the region's events change at 60."""
    bank = warmed(LEVEL)
    regions = events(LEVEL, MONDAY, 150, seed=5)
    regions[60:120, row - 1] = np.random.default_rng(6).poisson(regions[60:120, row - 1] * factor)
    opened = [(step, bank_row) for step in map(bank.step, with_whole(regions)) for bank_row in (row, 0)]
    there = [
        [(s.bucket - MONDAY, int(s.open[r])) for s, r in opened if r == which and s.opened[r]] for which in (row, 0)
    ]
    return there[0], there[1]


def test_four_times_the_errors_in_three_percent_of_a_service_are_found_in_two_minutes() -> None:
    region, whole = found(SMALL, 4.0)
    assert [direction for _, direction in region] == [1]
    assert 60 <= region[0][0] <= 62
    assert whole == []  # where it hides in the volume of the world


@pytest.mark.parametrize("row", [SMALL, LARGE])
def test_a_region_that_falls_silent_is_found(row: int) -> None:
    region, _ = found(row, 0.0)
    assert [direction for _, direction in region] == [-1]
    assert 60 <= region[0][0] <= 63


def test_the_shares_of_a_service_and_its_regions_sum_to_no_more_than_it_tolerates() -> None:
    rows = [row for _ in ("errors", "reports") for row in service("s")]
    assert 0.9 < sum(share_of_tolerance(row.region is None, SIBLINGS) for row in rows) <= 1.0


def test_a_service_of_eleven_series_opens_falsely_no_oftener_than_it_tolerates() -> None:
    """Eight services for a day at one a week: 1.1 are tolerated; by 11 series with one each it were 12.6."""
    levels = [20.0, 200.0, 2000.0, 20000.0] * 2
    bank = warmed(*levels)
    counts = np.concatenate([with_whole(events(v, MONDAY, DAY, 7 + i)) for i, v in enumerate(levels)], axis=1)
    opened = sum(int(bank.step(row).opened.any()) for row in counts)
    assert opened <= 4
