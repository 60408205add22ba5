"""Days of a series: clock changes in its own zone, holidays, planned work."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from streams.detection.bank import SeriesBank, SeriesRow
from streams.detection.calendar import PLAIN, Calendar, Calendars, Planned
from streams.detection.history import LAGS
from tests.unit.detection.banks import DAY, MONDAY, WEEKLY, draw, run

NEW_YORK = Calendar("America/New_York")
CLOCKS_BACK = datetime(2022, 11, 6, 6, tzinfo=UTC)  # 02:00 there, which becomes 01:00
INDEPENDENCE = Calendar("America/New_York", "US")


def slot(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) // 600


# The clock


def test_days_before_the_clock_went_back_are_read_an_hour_earlier() -> None:
    assert NEW_YORK.shifts(slot(2022, 11, 6)) == (-6,) * LAGS
    assert NEW_YORK.shifts(slot(2022, 11, 8)) == (0, 0, *[-6] * (LAGS - 2))


def test_days_before_the_clock_went_forward_are_read_an_hour_later() -> None:
    assert NEW_YORK.shifts(slot(2022, 3, 13)) == (6,) * LAGS


def test_a_clock_moved_by_half_an_hour_moves_three_slots() -> None:
    assert Calendar("Australia/Lord_Howe").shifts(slot(2022, 4, 3)) == (-3,) * LAGS


def test_two_weeks_after_a_change_nothing_is_shifted() -> None:
    assert NEW_YORK.shifts(slot(2022, 11, 20, 5, 50)) is not None
    assert NEW_YORK.shifts(slot(2022, 11, 20, 6, 0)) is None


@pytest.mark.parametrize("zone", ["UTC", "Asia/Riyadh"])
def test_where_no_clock_is_changed_nothing_is_ever_shifted(zone: str) -> None:
    assert {Calendar(zone).shifts(s) for s in range(slot(2022, 1, 1), slot(2023, 1, 1), 36)} == {None}


def day_and_night(first: int, buckets: int, change: int | None = None) -> np.ndarray:
    """200 a minute from 8 to 20 o'clock of a day that begins with `first`, else 50; an hour later from `change` on."""
    minute = np.arange(buckets)
    clock = minute - np.where(minute >= (buckets if change is None else change), 60, 0)
    mean = np.where((clock % DAY >= 480) & (clock % DAY < 1200), 200.0, 50.0)
    return draw(mean[:, None], seed=first % 1000)[:, 0]


def through_the_change(*calendars: Calendar) -> np.ndarray:
    """The expectations of 36 hours after the clock went back, of series alike but for their calendars."""
    change = int(CLOCKS_BACK.timestamp()) // 60
    first = change - 14 * DAY
    counts = day_and_night(first, 15 * DAY + 720, change=14 * DAY)
    warm = SeriesBank([SeriesRow("s", str(i), WEEKLY, 1, calendar=c) for i, c in enumerate(calendars)], change)
    sums = counts[: 14 * DAY].reshape(-1, 10).sum(axis=1)
    n = len(calendars)
    warm.warm_up(first // 10, np.tile(sums, (n, 1)), np.full(n, 0.02))
    return np.array([warm.step(np.full(n, c)).expected for c in counts[14 * DAY :]])


def test_after_a_clock_change_the_expectation_keeps_local_time() -> None:
    expected = through_the_change(NEW_YORK, PLAIN)
    an_hour_early, on_time = slice(480 + 20, 540 - 20), slice(540 + 20, 600)
    assert expected[an_hour_early, 0].max() < 80  # still night there
    assert expected[an_hour_early, 1].max() > 150
    assert expected[on_time, 0].mean() > 150


def test_a_series_is_judged_alike_whatever_calendars_its_neighbours_have() -> None:
    together = through_the_change(PLAIN, NEW_YORK, PLAIN)
    assert np.array_equal(together[:, 1:2], through_the_change(PLAIN, NEW_YORK)[:, 1:2])
    assert np.array_equal(together[:, :1], through_the_change(PLAIN, PLAIN)[:, :1])


# Holidays


def test_a_holiday_lasts_from_midnight_to_midnight_in_its_zone() -> None:
    hours = [slot(2022, 7, 4, 3, 50), slot(2022, 7, 4, 4), slot(2022, 7, 5, 3, 50), slot(2022, 7, 5, 4)]
    assert [INDEPENDENCE.is_holiday(s) for s in hours] == [False, True, True, False]


def test_dates_may_be_given_instead_of_a_country() -> None:
    own = Calendar("UTC", ("2022-07-14",))
    assert [own.is_holiday(slot(2022, 7, day)) for day in (13, 14, 15)] == [False, True, False]


def test_a_holiday_on_a_day_of_rest_is_a_day_of_rest() -> None:
    assert not INDEPENDENCE.is_holiday(slot(2027, 7, 4))  # a Sunday; observed on Monday
    assert INDEPENDENCE.is_holiday(slot(2027, 7, 5))


def test_the_days_of_rest_are_those_of_the_country() -> None:
    eid = Calendar("Asia/Riyadh", "SA")
    day = slot(2022, 5, 4)  # a Wednesday
    assert eid.is_holiday(day)
    unlike = eid.unlike(day)
    assert unlike is not None
    assert not unlike[4]  # Friday, 29 April
    assert unlike[9]  # Sunday, 24 April


def test_on_a_holiday_working_days_are_unlike_and_days_of_rest_are_not() -> None:
    unlike = INDEPENDENCE.unlike(slot(2022, 7, 4))  # a Monday
    assert unlike is not None
    assert [lag for lag, other in enumerate(unlike, 1) if not other] == [1, 2, 8, 9, 14]  # weekends; 20 June, observed


def test_on_the_working_day_after_a_holiday_all_that_was_off_work_is_unlike() -> None:
    unlike = INDEPENDENCE.unlike(slot(2022, 7, 5))
    assert unlike is not None
    assert [lag for lag, other in enumerate(unlike, 1) if other] == [1, 2, 3, 9, 10]


def test_later_only_the_holiday_is_unlike() -> None:
    unlike = INDEPENDENCE.unlike(slot(2022, 7, 6))
    assert unlike is not None
    assert [lag for lag, other in enumerate(unlike, 1) if other] == [2]


def test_without_the_setting_no_day_is_unlike_any_other() -> None:
    assert NEW_YORK.unlike(slot(2022, 7, 4)) is None
    assert not NEW_YORK.is_holiday(slot(2022, 7, 4))


def test_on_a_holiday_the_margin_is_wider_and_the_day_after_it_is_as_before() -> None:
    calendar = Calendar("UTC", ("2022-06-30",))  # the day that begins with MONDAY
    bank = SeriesBank([SeriesRow("s", str(i), WEEKLY, 1, calendar=c) for i, c in enumerate((calendar, PLAIN))], MONDAY)
    past = draw(np.full((14 * DAY, 1), 100.0), seed=3)[:, 0].reshape(-1, 10).sum(axis=1)
    bank.warm_up(MONDAY // 10 - 2016, np.tile(past, (2, 1)), np.full(2, 0.02))
    counts = np.repeat(draw(np.full((DAY + 20, 1), 100.0), seed=4), 2, axis=1)
    steps = run(bank, counts)
    width = np.array([step.upper - step.lower for step in steps])
    assert (width[30:DAY, 0] > 1.2 * width[30:DAY, 1]).all()
    assert width[-1, 0] == pytest.approx(width[-1, 1], rel=0.05)


# Planned work


def planned(*works: tuple[int, int]) -> tuple[Planned, ...]:
    return tuple(Planned(MONDAY + first, MONDAY + end) for first, end in works)


def warmed(works: tuple[Planned, ...]) -> SeriesBank:
    bank = SeriesBank([SeriesRow("s", None, WEEKLY, 1, planned=works)], MONDAY)
    past = draw(np.full((14 * DAY, 1), 100.0), seed=3)[:, 0].reshape(-1, 10).sum(axis=1)
    bank.warm_up(MONDAY // 10 - 2016, past[None], np.full(1, 0.02))
    return bank


def test_planned_work_teaches_no_more_than_a_blind_stretch() -> None:
    counts = draw(np.full((300, 1), 100.0), seed=5)
    counts[60:200] *= 1.2  # too little to open: what it left behind could only have been learnt
    working, blind = warmed(planned((60, 200))), warmed(())
    unseen = counts.copy()
    unseen[60:200] = np.nan
    assert not any(step.opened.any() for step in run(working, counts))
    run(blind, unseen)
    left, right = working.snapshot(), blind.snapshot()
    for name in left:
        if name.split(".")[0] in ("history", "season", "slot", "mean", "level", "spread", "delay"):
            np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def test_in_planned_work_windows_open_and_close_all_the_same() -> None:
    counts = draw(np.full((200, 1), 100.0), seed=5)
    counts[60:100] = 0.0
    steps = run(warmed(planned((50, 100))), counts)
    opened = [i for i, step in enumerate(steps) if step.opened[0]]
    closed = [i for i, step in enumerate(steps) if step.closed[0]]
    assert len(opened) == len(closed) == 1
    assert 60 <= opened[0] <= 63
    assert 100 <= closed[0] <= 115


def test_work_is_planned_from_its_first_bucket_to_before_its_end() -> None:
    calendars = Calendars([PLAIN, PLAIN], [planned((10, 12)), planned((11, 13), (20, 21))])
    there = [calendars.in_maintenance(MONDAY + minute).tolist() for minute in (9, 10, 11, 12, 13, 20)]
    assert there == [[], [0], [0, 1], [1], [], [1]]
