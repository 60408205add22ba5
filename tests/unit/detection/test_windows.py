"""When windows open and close, and when they do not."""

from __future__ import annotations

import numpy as np
import pytest

from streams.detection.bank import SeriesBank, SeriesRow
from streams.detection.cusum import CusumBank
from tests.unit.detection.banks import DAY, MONDAY, Counts, draw, means, rows, run, warmed

Window = tuple[int, int, int, int | None]  # direction; minutes after MONDAY of start, detection and end


def windows(bank: SeriesBank, counts: Counts) -> list[Window]:
    """Those of the first series."""
    found: list[Window] = []
    first = bank.bucket
    for step in run(bank, counts):
        window = (int(step.direction[0]), int(step.started[0]) - first, int(step.detected[0]) - first)
        if step.closed[0]:
            found.append((*window, int(step.ended[0]) - first))
    if step.open[0]:
        found.append((*window, None))
    return found


def usual(level: float, buckets: int = 480) -> Counts:
    return draw(means([level], MONDAY, buckets))


@pytest.mark.parametrize("level", [20.0, 200.0, 2000.0])
def test_a_surge_opens_within_two_minutes_and_is_dated_to_the_minute(level: float) -> None:
    counts = usual(level)
    counts[200:240] *= 4
    [(direction, started, detected, ended)] = windows(warmed([level]), counts)
    assert (direction, started, ended) == (1, 200, 239)
    assert detected - started <= 2


@pytest.mark.parametrize("level", [20.0, 200.0, 2000.0])
def test_silence_opens_a_drop(level: float) -> None:
    counts = usual(level)
    counts[200:240] = 0
    [(direction, started, detected, ended)] = windows(warmed([level]), counts)
    assert (direction, started, ended) == (-1, 200, 239)
    assert detected - started <= 4


def test_a_single_spike_opens_nothing() -> None:
    counts = usual(20.0)
    counts[200] += 4000
    assert windows(warmed([20.0]), counts) == []


def test_a_late_batch_opens_no_surge() -> None:
    counts = usual(20.0)
    held = counts[200:220].sum()
    counts[200:220] = 0
    counts[220] += held
    assert windows(warmed([20.0], drops=False), counts) == []


def test_a_direction_that_is_not_asked_for_does_not_open() -> None:
    counts = usual(20.0)
    counts[100:130] = 0
    counts[300:330] *= 5
    assert [w[0] for w in windows(warmed([20.0], drops=False), counts)] == [1]
    assert [w[0] for w in windows(warmed([20.0], surges=False), counts)] == [-1]


def test_a_first_burst_out_of_nothing_opens() -> None:
    counts = np.zeros((600, 1))
    counts[400:410] = 30
    [(direction, started, detected, ended)] = windows(SeriesBank(rows(0.0, per_year=4.0), MONDAY), counts)
    assert (direction, started, ended) == (1, 400, 409)
    assert detected <= 403


def test_a_lone_report_out_of_nothing_opens_nothing() -> None:
    counts = np.zeros((DAY, 1))
    counts[400::300] = 1
    assert windows(SeriesBank(rows(0.0, per_year=4.0), MONDAY), counts) == []


def test_silence_of_a_series_that_never_spoke_is_no_drop() -> None:
    assert windows(SeriesBank(rows(0.0), MONDAY), np.zeros((DAY, 1))) == []


def test_a_gap_neither_opens_nor_closes() -> None:
    counts = usual(20.0)
    counts[100:200] = np.nan
    assert windows(warmed([20.0]), counts) == []
    counts = usual(20.0)
    counts[200:400] *= 4
    counts[250:350] = np.nan
    [(_, started, detected, ended)] = windows(warmed([20.0]), counts)
    assert (started, detected) == (200, 202)
    assert ended is not None
    assert abs(ended - 399) <= 1


def test_a_gap_teaches_nothing() -> None:
    counts = np.full((600, 1), np.nan)
    bank = warmed([20.0])
    step = run(bank, counts)[-1]
    mean = means([20.0], MONDAY + 599, 1)[0, 0]
    assert step.expected[0] == pytest.approx(mean, rel=0.15)
    assert windows(bank, draw(means([20.0], bank.bucket, 300))) == []


def test_an_outage_teaches_nothing_while_it_lasts() -> None:
    counts = usual(200.0)
    counts[200:440] *= 3
    before, during = (run(warmed([200.0]), counts[:n])[-1] for n in (199, 430))
    assert during.open[0] == 1
    mean = means([200.0], MONDAY, 430)
    assert during.expected[0] / mean[429, 0] == pytest.approx(before.expected[0] / mean[198, 0], rel=0.1)


def test_a_turn_from_silence_to_a_flood_is_two_windows() -> None:
    counts = usual(20.0)
    counts[200:230] = 0
    counts[230:260] *= 6
    assert [w[:2] for w in windows(warmed([20.0]), counts)] == [(-1, 200), (1, 230)]


def test_a_young_series_says_so() -> None:
    steps = run(SeriesBank(rows(20.0), MONDAY), draw(means([20.0], MONDAY, 2 * DAY + 120)))
    assert [int(steps[i].baseline[0]) for i in (30, DAY // 2, DAY + 100)] == [0, 0, 1]
    assert steps[2 * DAY + 100].baseline_days[0] == 2
    assert warmed([20.0]).step(np.array([20.0])).baseline.tolist() == [2]


def test_nothing_opens_before_there_is_anything_to_expect() -> None:
    assert windows(SeriesBank(rows(0.0), MONDAY), np.array([[0.0]] * 5 + [[3000.0]] * 60)) == []


def test_lean_rises_before_a_window_opens() -> None:
    counts = usual(200.0)
    counts[200:240] *= 4
    steps = run(warmed([200.0]), counts)
    assert steps[199].lean[0] == pytest.approx(0.0, abs=0.3)
    assert 0.3 < steps[200].lean[0] < 1
    assert steps[200].lean_started[0] == MONDAY + 200
    assert steps[202].lean[0] == 1


def test_evidence_of_an_outage_grows_and_buckets_are_marked_elevated() -> None:
    counts = usual(200.0)
    counts[200:240] *= 4
    steps = run(warmed([200.0]), counts)
    assert steps[210].evidence[0] > steps[202].evidence[0] >= 4
    assert all(step.elevated[0] for step in steps[203:240])
    assert not any(step.elevated[0] for step in steps[241:247])


def test_regions_and_siblings_may_open_falsely_less_often() -> None:
    alone, whole, region = (
        SeriesRow("x", None, 4, 1).tolerated_per_year(),
        SeriesRow("x", None, 4, 12).tolerated_per_year(),
        SeriesRow("x", "US", 4, 12).tolerated_per_year(),
    )
    assert alone > whole > region


def test_ten_quiet_services_stay_quiet_for_two_days() -> None:
    levels = [0.2, 1, 2, 5, 10, 20, 50, 100, 200, 1000]
    bank = warmed(levels, per_year=4.0)
    opened = sum(int(step.opened.sum()) for step in run(bank, draw(means(levels, MONDAY, 2 * DAY))))
    assert opened <= 1


def test_a_sudden_outage_is_dated_to_its_begin_though_a_little_noise_went_before() -> None:
    """The test that had gathered a little of nothing reaches the threshold first; it does not say when it began."""
    bank = CusumBank(1, MONDAY)
    threshold = np.full(1, 8.0, np.float32)
    mean, size, ones = np.full(1, 3.0), np.full(1, 50.0), np.ones(1)
    seen = np.ones(1, np.bool_)
    for bucket, count in enumerate([3.0, 6.0, 3.0, 6.0, 3.0, 200.0, 200.0, 200.0], MONDAY):
        bank.step(bucket, np.array([count]), (mean,) * 4, size, seen, ones, (threshold, threshold))
    at = np.zeros(1, np.intp)
    winner = bank.winner(at, seen)
    assert bank.start[winner, at][0] < MONDAY + 5
    assert bank.begin(at, winner)[0] == MONDAY + 5
