"""Two weeks of history, told in sums of ten minutes, leave a bank as if it had lived them."""

from __future__ import annotations

import numpy as np
import pytest

import streams.detection.bank
from streams.detection.bank import SeriesBank
from tests.unit.detection.banks import DAY, MONDAY, draw, history, means, rows, run, warmed

LEVELS = (0.2, 2.0, 20.0, 200.0)


def test_a_warmed_bank_expects_what_is_usual_from_the_first_bucket_on() -> None:
    counts = draw(means([200.0] * 20, MONDAY, 30))
    step = run(warmed([200.0] * 20), counts)[0]
    mean = means([200.0], MONDAY, 1)[0, 0]
    assert np.abs(step.expected / mean - 1).mean() < 0.03
    assert (step.baseline_days >= 13).all()  # of exactly two weeks the oldest border has one side only


def test_warm_up_and_lived_days_agree() -> None:
    levels = [20.0] * 8
    past = draw(means(levels, MONDAY - 3 * DAY, 3 * DAY), seed=99)
    lived = SeriesBank(rows(*levels), MONDAY - 3 * DAY)
    run(lived, past)
    told = SeriesBank(rows(*levels), MONDAY)
    told.warm_up(MONDAY // 10 - 432, past.reshape(432, 10, -1).sum(axis=1).T, np.full(8, np.nan))
    counts = draw(means(levels, MONDAY, 60))
    for a, b in zip(run(lived, counts), run(told, counts), strict=True):
        np.testing.assert_allclose(a.expected, b.expected, rtol=0.12)
        np.testing.assert_allclose(a.upper, b.upper, rtol=0.25)


def test_history_with_holes_is_taken_as_far_as_it_goes() -> None:
    sums, excess = history(LEVELS)
    sums[:, 500:700] = np.nan
    sums[2] = np.nan
    bank = SeriesBank(rows(*LEVELS), MONDAY)
    bank.warm_up(MONDAY // 10 - 2016, sums, excess)
    step = run(bank, draw(means(LEVELS, MONDAY, 30)))[-1]
    assert step.baseline_days[2] == 0
    assert step.baseline[2] == 0
    assert 11 <= step.baseline_days[3] <= 14
    assert all(np.isfinite(array).all() for array in (step.expected, step.upper, step.score))


@pytest.mark.parametrize("first", [MONDAY, MONDAY + 1, MONDAY + 9, MONDAY + 1003])
def test_history_may_end_anywhere_before_the_first_bucket(first: int) -> None:
    sums, excess = history(LEVELS)
    bank = SeriesBank(rows(*LEVELS), first)
    bank.warm_up(MONDAY // 10 - 2016, sums, excess)
    steps = run(bank, draw(means(LEVELS, first, 60)))
    mean = means(LEVELS, first + 59, 1)[0]
    assert steps[-1].expected[3] == pytest.approx(mean[3], rel=0.15)
    assert not any(step.opened.any() for step in steps)


def test_history_longer_than_the_memory_is_cut() -> None:
    sums, excess = history([20.0], slots=2600)
    bank = SeriesBank(rows(20.0), MONDAY)
    bank.warm_up(MONDAY // 10 - 2600, sums, excess)
    assert bank.step(np.array([20.0])).baseline_days[0] == 14


def test_a_spike_in_history_is_not_learnt_whole() -> None:
    sums, excess = history([20.0] * 2)
    sums[0, 2016 - 144] *= 100  # yesterday, at the hour that comes
    bank = SeriesBank(rows(20.0, 20.0), MONDAY)
    bank.warm_up(MONDAY // 10 - 2016, sums, excess)
    step = run(bank, draw(means([20.0, 20.0], MONDAY, 5)))[-1]
    assert step.expected[0] < 1.3 * step.expected[1]


def test_history_past_the_first_bucket_is_refused() -> None:
    bank = SeriesBank(rows(1.0), MONDAY)
    with pytest.raises(ValueError, match="reaches past the first bucket"):
        bank.warm_up(MONDAY // 10 - 1, np.ones((1, 2)), np.full(1, np.nan))


def test_warm_up_after_the_first_step_is_refused() -> None:
    bank = SeriesBank(rows(1.0), MONDAY)
    bank.step(np.ones(1))
    with pytest.raises(ValueError, match="after the first step"):
        bank.warm_up(MONDAY // 10 - 1, np.ones((1, 1)), np.full(1, np.nan))


def test_series_that_relearn_go_on_as_a_bank_of_them_and_the_others_as_if_nothing_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams.detection.bank, "BLOCK_ROWS", 4)  # so that they lie in several blocks
    levels = [20.0] * 10
    lived, untouched = SeriesBank(rows(*levels), MONDAY - 90), SeriesBank(rows(*levels), MONDAY - 90)
    before, after = draw(means(levels, MONDAY - 90, 90)), draw(means(levels, MONDAY, 30), seed=3)
    run(lived, before)
    run(untouched, before)
    chosen = np.array([9, 4, 7])
    sums, excess = history([20.0] * 3)
    lived.relearn(chosen, MONDAY // 10 - 2016, sums, excess)
    fresh = SeriesBank([lived.rows[row] for row in chosen], MONDAY)
    fresh.warm_up(MONDAY // 10 - 2016, sums, excess)
    others = np.setdiff1d(np.arange(10), chosen)
    for ours, new, old in zip(run(lived, after), run(fresh, after[:, chosen]), run(untouched, after), strict=True):
        for name in ("expected", "lower", "upper", "score", "lean", "lean_started", "baseline_days"):
            np.testing.assert_array_equal(getattr(ours, name)[chosen], getattr(new, name))
            np.testing.assert_array_equal(getattr(ours, name)[others], getattr(old, name)[others])
    assert lived.days()[chosen].tolist() == fresh.days().tolist()
