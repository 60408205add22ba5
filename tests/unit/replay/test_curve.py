"""The level over time: the usual day and the log-linear line through the points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.contracts.times import parse_time_ms
from streams.replay.curve import level, region_shares, usual_level
from streams.replay.scenario import Point, RegionShares, TimeMs, Usual

FLAT = Usual(per_minute=2.0)


def at(*texts: str) -> NDArray[np.int64]:
    return np.array([parse_time_ms(text) for text in texts], dtype=np.int64)


def moment(text: str) -> TimeMs:
    return TimeMs(parse_time_ms(text))


CURVE = [
    Point(time_ms=moment("2022-07-14T12:00:00Z"), per_minute=10.0, source="invented"),
    Point(time_ms=moment("2022-07-14T12:20:00Z"), per_quarter=15_000.0, source="invented"),
    Point(time_ms=moment("2022-07-14T13:00:00Z"), times_usual=5.0, source="invented"),
]


def test_curve_goes_through_its_points_whatever_unit_they_are_in() -> None:
    levels = level(FLAT, "UTC", CURVE, at("2022-07-14T12:00:00Z", "2022-07-14T12:20:00Z", "2022-07-14T13:00:00Z"))
    assert levels.tolist() == pytest.approx([10.0, 1000.0, 10.0])


def test_curve_is_log_linear_between_points() -> None:
    # Half way from 10 to 1,000 in time is 100, the geometric mean; an arithmetic one would be 505.
    levels = level(FLAT, "UTC", CURVE, at("2022-07-14T12:10:00Z", "2022-07-14T12:40:00Z"))
    assert levels.tolist() == pytest.approx([100.0, 100.0])


def test_before_the_first_and_after_the_last_point_stands_the_usual_level() -> None:
    levels = level(FLAT, "UTC", CURVE, at("2022-07-14T11:59:59Z", "2022-07-14T13:00:01Z"))
    assert levels.tolist() == [2.0, 2.0]


def test_times_usual_means_the_usual_level_of_that_very_hour() -> None:
    wave = Usual(per_minute=2.0, amplitude=0.5, peak_hour=13.0)
    levels = level(wave, "UTC", CURVE, at("2022-07-14T13:00:00Z"))
    assert levels.tolist() == pytest.approx([15.0])


def test_usual_day_peaks_by_the_clock_of_its_zone() -> None:
    wave = Usual(per_minute=2.0, amplitude=0.5, peak_hour=8.0)
    levels = usual_level(wave, "America/New_York", at("2022-07-14T12:00:00Z", "2022-07-14T00:00:00Z"))
    assert levels.tolist() == pytest.approx([3.0, 1.0])


def test_weekend_comes_in_over_the_night_to_a_local_saturday() -> None:
    week = Usual(per_minute=2.0, weekend=0.5)
    # 16 July 2022 is a Saturday, which begins in New York at 04:00 UTC: half way between 21:00 and 3:00 there.
    times = at("2022-07-16T01:00:00Z", "2022-07-16T04:00:00Z", "2022-07-16T07:00:00Z", "2022-07-17T12:00:00Z")
    assert usual_level(week, "America/New_York", times).tolist() == pytest.approx([2.0, 1.5, 1.0, 1.0])


def test_weekend_goes_out_over_the_night_to_a_local_monday() -> None:
    week = Usual(per_minute=2.0, weekend=0.5)
    times = at("2022-07-18T01:00:00Z", "2022-07-18T04:00:00Z", "2022-07-18T07:00:00Z", "2022-07-21T12:00:00Z")
    assert usual_level(week, "America/New_York", times).tolist() == pytest.approx([1.0, 1.5, 2.0, 2.0])


def test_usual_day_follows_the_change_of_clocks() -> None:
    wave = Usual(per_minute=2.0, amplitude=0.5, peak_hour=12.0)
    # London's noon is 12:00 UTC until 27 March 2022, 11:00 UTC from then on.
    levels = usual_level(wave, "Europe/London", at("2022-03-26T12:00:00Z", "2022-03-27T11:00:00Z"))
    assert levels.tolist() == pytest.approx([3.0, 3.0])


def test_region_shares_move_linearly_between_their_moments() -> None:
    regions = [
        RegionShares(shares={"US": 1.0}, source="invented"),
        RegionShares(time_ms=moment("2022-07-14T12:00:00Z"), shares={"US": 1.0}, source="invented"),
        RegionShares(time_ms=moment("2022-07-14T12:20:00Z"), shares={"US": 3.0, "GB": 3.0}, source="invented"),
    ]
    names, shares = region_shares(regions, at("2022-07-14T11:00:00Z", "2022-07-14T12:10:00Z", "2022-07-14T12:30:00Z"))
    assert names == ["US", "GB"]
    assert shares.tolist() == [[1.0, 0.0], [0.75, 0.25], [0.5, 0.5]]


def test_a_service_without_regions_has_one_without_a_name() -> None:
    names, shares = region_shares([], at("2022-07-14T11:00:00Z"))
    assert (names, shares.tolist()) == ([""], [[1.0]])
