"""The parts of the detector by themselves: each against a plain computation of what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from streams.detection.bank import SeriesBank, SeriesRow
from streams.detection.calendar import PLAIN, Calendars
from streams.detection.cusum import CusumBank, log_likelihood_ratio
from streams.detection.delay import LINE_MIN, NO_EXPECTATION, DelayLine
from streams.detection.history import LAGS, SLOTS_PER_DAY, History
from streams.detection.season import Season
from streams.detection.sensitivity import REFERENCE_PER_YEAR, Thresholds, share_of_tolerance, thresholds
from streams.detection.tail import bounds, score

ALL = slice(None)
NONE = np.zeros(1, np.bool_)


@pytest.mark.parametrize("excess", [0.001, 0.02, 0.1])
@pytest.mark.parametrize("mean", [0.1, 1.0, 5.0, 20.0, 200.0, 2000.0])
def test_score_is_the_smaller_tail_within_two_percent(mean: float, excess: float) -> None:
    size, deviation = 1 / excess, (mean + excess * mean * mean) ** 0.5
    counts = np.unique(np.floor(np.maximum(0, mean + deviation * np.linspace(-4, 9, 30))))
    p = size / (size + mean)
    tail = np.where(counts > mean, nbinom.logsf(counts - 1, size, p), nbinom.logcdf(counts, size, p))
    ours = score(counts, np.full_like(counts, mean), np.full_like(counts, excess))
    np.testing.assert_allclose(ours, -tail / np.log(10), rtol=0.02, atol=0.02)


def test_score_is_capped() -> None:
    assert score(np.array([1e7, 0.0]), np.array([1.0, 1e6]), np.array([0.02, 0.02])).max() <= 300


@pytest.mark.parametrize("excess", [0.001, 0.02, 0.1])
@pytest.mark.parametrize("mean", [0.1, 1.0, 5.0, 20.0, 200.0, 2000.0])
def test_bounds_hold_the_share_they_promise(mean: float, excess: float) -> None:
    lower, upper = (float(bound[0]) for bound in bounds(np.array([mean]), np.array([excess])))
    size = 1 / excess
    p = size / (size + mean)
    exact = nbinom.ppf([0.001, 0.999], size, p)
    assert lower == pytest.approx(exact[0], rel=0.06, abs=2)
    assert upper == pytest.approx(exact[1], rel=0.02, abs=1)


@pytest.mark.parametrize("is_surge", [True, False])
@pytest.mark.parametrize("mean", [0.0, 0.2, 2.0, 20.0, 200.0, 2000.0])
def test_who_tolerates_less_has_a_higher_threshold_within_limits(mean: float, is_surge: bool) -> None:
    folds = np.log(REFERENCE_PER_YEAR / np.array([1e-9, 0.1, 1, 4, 13, 52, 365, 1e9]))
    prices = thresholds(np.full(8, mean), folds, is_surge).tolist()
    assert prices == sorted(prices, reverse=True)
    assert (prices[0], prices[-1]) == (20.0, 3.0)


@pytest.mark.parametrize("is_surge", [True, False])
def test_thresholds_do_not_jump_with_the_volume(is_surge: bool) -> None:
    means = np.geomspace(0.01, 10_000, 2000)
    for per_year in (0.2, 2, 26):
        prices = thresholds(means, np.log(REFERENCE_PER_YEAR / per_year), is_surge)
        assert np.abs(np.diff(prices)).max() < 0.05


def test_where_both_directions_may_open_each_has_half_of_the_tolerance() -> None:
    yes, no = np.array([True]), np.array([False])
    both, twice = Thresholds(np.array([8.0]), yes, yes), Thresholds(np.array([4.0]), yes, no)
    for one in (both, twice):
        one.refresh(ALL, np.array([3.0]))
    assert both.surge[0] == twice.surge[0]


@pytest.mark.parametrize("per_year", [0.0, -4.0, float("nan")])
def test_a_tolerance_that_is_not_above_zero_is_refused(per_year: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        SeriesBank([SeriesRow("x", None, per_year, 1)], 0)


@pytest.mark.parametrize(("signals", "regions"), [(1, 0), (2, 0), (1, 1), (1, 2), (2, 3), (2, 40)])
def test_shares_of_a_service_never_exceed_its_tolerance(signals: int, regions: int) -> None:
    siblings = signals * (1 + regions)
    total = signals * share_of_tolerance(True, siblings) + signals * regions * share_of_tolerance(False, siblings)
    assert 0.5 <= total <= 1.0


def test_the_delay_line_gives_back_what_went_in_twenty_buckets_before() -> None:
    line = DelayLine(1)
    out = [
        line.exchange(100 + i, np.array([float(i)]), np.array([i + 0.5]), NONE).count[0] for i in range(3 * LINE_MIN)
    ]
    assert np.isnan(out[:LINE_MIN]).all()
    assert out[LINE_MIN:] == [float(i) for i in range(2 * LINE_MIN)]


def test_marking_hot_reaches_back_to_the_start_and_no_further() -> None:
    line = DelayLine(2)
    none, ones = np.zeros(2, np.bool_), np.ones(2)
    for bucket in range(100, 120):
        line.exchange(bucket, ones, ones, none)
    line.mark_hot(120, np.array([1]), np.array([113]))
    leaving = [line.exchange(bucket, ones, ones, none).hot.tolist() for bucket in range(120, 140)]
    assert [hot for hot, _ in leaving] == [False] * 20
    assert [hot for _, hot in leaving] == [False] * 13 + [True] * 7


@pytest.mark.parametrize(
    ("count", "expected", "hot", "learnt"),
    [
        (30.0, 20.0, False, 30.0),
        (500.0, 20.0, False, 20 + 6 * 60**0.5 + 2),
        (500.0, 20.0, True, 40.0),
        (0.0, 20.0, True, 10.0),
        (25.0, 20.0, True, 25.0),
        (500.0, NO_EXPECTATION, False, 500.0),
    ],
)
def test_what_is_learnt_of_a_bucket(count: float, expected: float, hot: bool, learnt: float) -> None:
    line = DelayLine(1)
    line.exchange(0, np.array([count]), np.array([expected]), np.array([hot]))
    leaving = line.exchange(LINE_MIN, np.array([1.0]), np.array([1.0]), NONE)
    assert leaving.learnt()[0] == pytest.approx(learnt, rel=1e-6)


def history_of(sums: dict[int, float], number: int = 10) -> History:
    history = History(1)
    for slot, total in sums.items():
        history.write(slot, ALL, np.array([total]), np.array([number]))
    return history


def test_a_rate_is_the_triangular_mean_around_the_border() -> None:
    border = 200_000
    yesterday = border - SLOTS_PER_DAY
    history = history_of({yesterday + i: 10.0 * (100 + 10 * i) for i in range(-40, 40)})
    rates = history.rates(border, ALL)
    assert rates[0, 0] == pytest.approx(100 - 5, rel=1e-3)  # the mean of both slots, 90 and 100, by symmetry
    assert np.isnan(rates[1:]).all()


def test_low_volume_pools_more_slots() -> None:
    border = 200_000
    slots = [border - day * SLOTS_PER_DAY + i for day in range(1, LAGS + 1) for i in range(-28, 28)]
    quiet = history_of(dict.fromkeys(slots, 2.0) | {border - SLOTS_PER_DAY: 42.0})
    loud = history_of(dict.fromkeys(slots, 200.0) | {border - SLOTS_PER_DAY: 4200.0})
    assert quiet.rates(border, ALL)[0, 0] < 0.8  # 4 more a minute in one slot, spread over sixteen
    assert loud.rates(border, ALL)[0, 0] > 120


def test_a_kernel_that_is_seen_on_one_side_only_gives_no_rate() -> None:
    border = 200_000
    history = history_of({border - SLOTS_PER_DAY + i: 500.0 for i in range(28)})
    assert np.isnan(history.rates(border, ALL)[0, 0])


@pytest.mark.parametrize(("loss", "least", "most"), [(0.001, 150, 200), (0.3, 100, 140)])
def test_the_same_weekday_leads_where_shapes_are_known_well(loss: float, least: float, most: float) -> None:
    slot = 200_000
    ahead = [slot - SLOTS_PER_DAY * day + i for day in range(1, LAGS + 1) for i in range(-5, 6)]
    same_weekday = {slot - SLOTS_PER_DAY * day + i for day in (7, 14) for i in range(-5, 6)}
    history, season = history_of({at: 2000.0 if at in same_weekday else 1000.0 for at in ahead}), Season(1)
    season.loss[:] = loss  # all days were alike so far, as far as `loss` can tell
    for at in (slot - 1, slot):
        season.advance(at, ALL, history, Calendars([PLAIN], [()]))
    assert least < season.left[0] < most


def test_rates_looked_up_ahead_are_those_of_the_time() -> None:
    border, rng = 10_000, np.random.default_rng(1)
    ahead, at_the_time = History(5), History(5)
    at_the_time.look_ahead(1)
    level = np.array([0.02, 0.1, 1.0, 30.0, 3e6])
    for slot in range(border - 15 * SLOTS_PER_DAY, border + 20):
        seen = rng.integers(0, 11, 5) if slot % 7 else np.zeros(5, np.int64)
        sums = rng.poisson(level * seen) * rng.choice([1.0, 0.37], 5)
        for history in (ahead, at_the_time):
            history.write(slot, ALL, sums, seen)
        if slot >= border:
            np.testing.assert_array_equal(ahead.rates(slot + 4, ALL), at_the_time.rates(slot + 4, ALL))


def test_altered_history_is_looked_up_again() -> None:
    border = 9_996
    history = history_of({border - SLOTS_PER_DAY + i: 500.0 for i in range(-28, 34)})
    before = history.rates(border, ALL)[0, 0]
    history.sums *= 2
    history.changed()
    assert history.rates(border, ALL)[0, 0] == 2 * before


def test_a_cusum_is_the_largest_sum_of_log_likelihood_ratios() -> None:
    rng = np.random.default_rng(4)
    counts = rng.poisson(np.where(np.arange(60) < 40, 10, 22)).astype(float)
    bank = CusumBank(1, 0)
    high = np.array([50.0], np.float32)  # so high that neither cap nor ceiling acts
    ten, size = np.array([10.0]), np.array([50.0])
    for bucket, count in enumerate(counts):
        bank.step(bucket, np.array([count]), (ten, ten, ten, ten), size, np.array([True]), np.ones(1), (high, high))
    terms = log_likelihood_ratio(counts, ten, size, np.array([1.7]))
    sums = [terms[start:].sum() for start in range(60)]
    assert bank.value[0, 0] == pytest.approx(max(sums), rel=1e-4)
    assert bank.start[0, 0] == int(np.argmax(sums))


def test_no_two_buckets_reach_a_threshold() -> None:
    bank = CusumBank(1, 0)
    one, eight = np.ones(1), np.array([8.0], np.float32)
    for bucket in range(2):
        bank.step(
            bucket, np.array([1e6]), (one, one, one, one), np.array([50.0]), np.array([True]), one, (eight, eight)
        )
    assert bank.surge()[0] == pytest.approx(0.8 * 8.0)
