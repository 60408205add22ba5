"""The detection bench in short: a judged week at three levels. What the full one prints stands in docs/detection.md."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.bench.detection.oracle import run_oracle
from tests.bench.detection.rules import Setting, run_rules, windows_of
from tests.bench.detection.runs import Found, Windows, run_detector
from tests.bench.detection.score import Card, best_at, score
from tests.bench.detection.series import WARM_MIN, Bench, Span, Truth, draw_bench

BUDGET = 1.0  # false opens a week of a series
SIGN = pytest.mark.parametrize("sign", [1, -1], ids=["surges", "drops"])
HOUR, DAY = 60, 1440


@cache
def drawn() -> Bench:
    return draw_bench(["outages"], [2.0, 20.0, 200.0], 4, seed=3, days=16)


@cache
def ours() -> Windows:
    (windows,) = run_detector(drawn(), [52.0], told_until=WARM_MIN).values()
    return windows


@cache
def rules() -> dict[str, dict[Setting, Windows]]:
    return run_rules(drawn())


def rule(name: str, sign: int) -> Card:
    """At the setting that finds most of what it may."""
    _, card = best_at({setting: score(drawn(), windows, sign) for setting, windows in rules()[name].items()}, BUDGET)
    return card


@SIGN
def test_most_outages_are_found_soon_and_dated_well(sign: int) -> None:
    card = score(drawn(), ours(), sign)
    assert len(card.verdicts) >= 12 * 9
    assert card.recall() >= (0.9 if sign > 0 else 0.8)
    assert card.overlap() >= (0.8 if sign > 0 else 0.7)
    assert card.median_of("delay") <= 3
    assert card.median_of("start_error") <= 1
    assert card.median_of("end_error") <= 2
    assert card.fragments() <= 1.05


@SIGN
def test_little_opens_falsely(sign: int) -> None:
    assert score(drawn(), ours(), sign).false_a_week() <= BUDGET


@SIGN
@pytest.mark.parametrize("name", ["seasonal", "ewma"])
def test_more_is_found_than_by_a_reference_rule_that_may_open_falsely_as_often(name: str, sign: int) -> None:
    mine, other = score(drawn(), ours(), sign), rule(name, sign)
    assert other.recall() >= 0.15  # it does find something
    assert mine.recall() > other.recall()
    assert mine.overlap() >= other.overlap() + 0.1


# The rules, the ceiling and the scorer themselves


def test_a_rule_opens_after_so_many_buckets_and_closes_ten_after_the_last_that_was_high() -> None:
    z = np.zeros((100, 2), np.float32)
    z[20:30, 0], z[31:36, 0] = 5, 2.5  # high, a bucket's pause, high enough to stay
    z[50:52, 0] = 5  # too short
    z[60:70, 1] = -5  # the other way
    setting = Setting(5, 3)
    [[found], nothing] = windows_of(z, np.array([1.0, 1.0]), [setting])[setting]
    assert found == Found(1, 20, 22, 35)
    assert nothing == []


def test_the_ceiling_finds_what_is_plain_and_opens_nothing_else() -> None:
    rng = np.random.default_rng(1)
    means = np.full((6 * HOUR, 2), 20, np.float32)
    counts = rng.poisson(means).astype(np.float32)
    counts[200:240] *= np.array([5, 0])
    truths = (Truth("outages", 20, 1), Truth("outages", 20, -1))
    bench = Bench(counts, means, np.full(2, 400.0), np.zeros(2), truths, 0)
    assert run_oracle(bench, [6.0])[6.0] == [[Found(1, 200, 202, 239)], [Found(-1, 200, 202, 239)]]


def judged(*windows: Found, judged_from: int = 0) -> Card:
    """Against an outage in minutes 1000 to 1059, a gap in 2000 to 2100 and growth from 0 on; two weeks."""
    truth = Truth("outages", 2.0, 1, [Span("x4", 1000, 1059)], [Span("growth", 0, 20159), Span("gap", 2000, 2100)])
    nothing = np.empty((14 * DAY, 1), np.float32)
    return score(Bench(nothing, nothing, np.ones(1), np.zeros(1), (truth,), judged_from), [list(windows)], 1)


def test_an_outage_that_is_found_is_measured() -> None:
    card = judged(Found(1, 1002, 1005, 1061))
    assert (card.recall(), card.median_of("delay"), card.median_of("start_error"), card.median_of("end_error")) == (
        1, 5, 2, 2,
    )  # fmt: skip
    assert card.overlap() == pytest.approx(58 / 62)
    assert card.causes == []


def test_two_windows_in_one_outage_are_fragments_and_none_is_false() -> None:
    card = judged(Found(1, 1000, 1002, 1020), Found(1, 1030, 1032, 1059))
    assert (card.fragments(), card.causes) == (2, [])
    assert card.overlap() == pytest.approx(51 / 60)


def test_a_window_that_was_open_before_finds_nothing() -> None:
    card = judged(Found(1, 900, 902, 1100))
    assert (card.recall(), card.overlap()) == (0, 0)
    assert len(card.causes) == 1


def test_the_briefest_confounder_is_the_cause() -> None:
    card = judged(Found(1, 2010, 2012, 2020), Found(1, 5000, 5002, 5010))
    assert [cause for cause, _ in card.causes] == ["gap", "growth"]
    assert card.opened("gap") == (1, 1)
    assert card.a_week_of("growth") == pytest.approx(0.5)
    assert card.false_a_week() == card.false_a_week(2.0) == 1.0


def test_what_opens_before_it_is_judged_is_no_false_open() -> None:
    assert judged(Found(1, 500, 502, 510), judged_from=800).causes == []


def test_the_best_setting_is_the_one_that_finds_most_within_the_budget() -> None:
    nothing, hit = judged(), judged(Found(1, 1000, 1002, 1059))
    noisy = judged(Found(1, 1000, 1002, 1059), *(Found(1, m, m, m) for m in range(5000, 5400, 100)))
    assert best_at({3: noisy, 4: hit, 5: nothing}, 0.5) == (4, hit)
    assert best_at({3: noisy}, 0.5) == (3, noisy)
