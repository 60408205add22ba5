"""The profile `smooth`: when its windows open and close, and when they do not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.detection.banks import DAY
from tests.unit.detection.smooth_series import Window, smooth, smooth_row, windows_of


@pytest.mark.parametrize(("factor", "direction"), [(0.88, -1), (1.12, 1), (0.3, -1), (3.0, 1)])
def test_a_sharp_departure_is_told_in_two_minutes_and_dated_to_the_minute(factor: float, direction: int) -> None:
    counts = smooth(2 * DAY)
    counts[2000:2015] *= factor
    assert windows_of(counts) == [(direction, 2000, 2001, 2014)]


def test_a_spike_of_a_single_bucket_opens_nothing() -> None:
    counts = smooth(2 * DAY)
    counts[2000] *= 3
    counts[2200] = 0
    assert windows_of(counts) == []


def test_it_closes_after_three_calm_buckets() -> None:
    counts = smooth(2 * DAY)
    counts[2000:2015] *= 0.8
    assert windows_of(counts[:2017]) == [(-1, 2000, 2001, None)]
    assert windows_of(counts[:2018]) == [(-1, 2000, 2001, 2014)]


def test_a_new_level_is_accepted_after_an_hour() -> None:
    counts = smooth(3 * DAY)
    counts[2000:] *= 0.75
    assert windows_of(counts) == [(-1, 2000, 2001, 2060)]


def test_the_way_back_from_an_accepted_level_opens_nothing() -> None:
    counts = smooth(4 * DAY)
    counts[2000:2200] *= 0.75
    counts[3000:3010] *= 1.3
    assert windows_of(counts) == [(-1, 2000, 2001, 2060), (1, 3000, 3001, 3009)]


def test_the_return_from_an_outage_of_forty_minutes_opens_nothing() -> None:
    counts = smooth(3 * DAY)
    counts[2000:2040] *= 0.7
    assert windows_of(counts) == [(-1, 2000, 2001, 2039)]


def test_a_second_small_departure_is_found_soon_after_a_large_one() -> None:
    counts = smooth(3 * DAY)
    counts[2000:2030] *= 0.3
    counts[2090:2100] *= 0.88
    assert [w[1:3] for w in windows_of(counts)] == [(2000, 2001), (2090, 2091)]


def test_a_turn_from_drop_to_surge_is_two_windows() -> None:
    counts = smooth(2 * DAY)
    counts[2000:2010] *= 0.7
    counts[2010:2020] *= 1.4
    assert [w[:2] for w in windows_of(counts)] == [(-1, 2000), (1, 2010)]


def test_a_direction_that_is_not_asked_for_does_not_open_nor_mislead() -> None:
    counts = smooth(2 * DAY)
    counts[2000:2030] *= 0.6
    counts[2300:2310] *= 1.2
    assert windows_of(counts, smooth_row(drops=False)) == [(1, 2300, 2301, 2309)]


def test_a_gap_neither_opens_nor_closes_nor_teaches() -> None:
    counts = smooth(3 * DAY)
    counts[1800:2100] = np.nan
    counts[2500:2530] *= 0.8
    counts[2510:2515] = np.nan
    assert windows_of(counts) == [(-1, 2500, 2501, 2529)]


def test_a_job_at_the_same_time_every_day_opens_no_more_after_a_few_days() -> None:
    counts = smooth(8 * DAY)
    for day in range(8):
        counts[day * DAY + 600 : day * DAY + 606] *= 1.4
    found: list[Window] = windows_of(counts)
    assert len(found) <= 2
    assert all(start < 2 * DAY for _, start, _, _ in found)


def test_nothing_opens_within_the_first_hour() -> None:
    counts = smooth(DAY)
    counts[30:50] *= 2
    assert all(start >= 60 for _, start, _, _ in windows_of(counts))


def test_coarse_buckets_are_judged_by_their_own_clock() -> None:
    counts = smooth(4 * DAY).reshape(-1, 5, 1).sum(axis=1)
    counts[800:806] *= 0.85
    assert windows_of(counts, bucket_min=5) == [(-1, 800, 801, 805)]


def test_a_fast_fall_of_the_day_opens_nothing() -> None:
    counts = smooth(4 * DAY)
    slope = np.clip((np.arange(len(counts)) % DAY - 1200) / 120, 0, 1)[:, None]
    assert windows_of(counts * (1 - 0.5 * slope) * (1 + 0.0 * slope))[1:] == []
