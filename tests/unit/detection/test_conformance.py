"""What every baseline and every score has to keep, whatever its mathematics: one battery over all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.detection.subjects import (
    BANKS,
    BASELINES,
    SCORES,
    SUBJECTS,
    USUAL,
    Make,
    Said,
    State,
    Subject,
    Values,
)


def each(subjects: dict[str, Make]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("make", subjects.values(), ids=subjects)


SUBJECT, BANK, BASELINE, SCORE = each(SUBJECTS), each(BANKS), each(BASELINES | BANKS), each(SCORES | BANKS)
DAY_SLOTS = 144
LONG = 900  # buckets; of the season, slots: six days
NAMES = ("a", "b", "c", "d", "e")
# Blind buckets have no score, and what leaves the delay line is NaN where it went in blind.
NAN_WHERE_BLIND = {"score", "signed score"}
MAY_BE_NAN = {"learnt"}
# What passes with time alone: rings by the minute, the bucket from which a test at zero counts, what was known of the
# last minutes and hours, which fades, and of the smooth profile how often a series has opened of late, which fades too.
OF_TIME = ("bucket", "cusum.start", "cusum.ratio", "delay.", "history.", "season.rates", "season.left", "season.right",
           "season.days", "slot.", "spread.last", "spread.up", "spread.variance", "smooth_tail.opens",
           "level.", "season.today", "season.that",
           "smooth_memory.blind")  # fmt: skip


def course(n: int = len(NAMES), buckets: int = LONG, seed: int = 5, mean: float | None = None) -> Values:
    """Counts of n series with surges, silence, spikes and blind stretches, all seeded; of one `mean` or of several."""
    rng = np.random.default_rng(seed)
    minute = np.arange(LONG)[:, None]
    levels = np.full(n, mean) if mean else USUAL * np.geomspace(0.05, 20, n)
    means = levels * (1 + 0.5 * np.sin(2 * np.pi * minute / DAY_SLOTS))
    counts: Values = rng.poisson(means * rng.gamma(50, 1 / 50, means.shape)).astype(np.float64)
    counts[200:230] *= 5
    counts[300:340] = 0
    counts[500] += 50 * USUAL
    counts[600:660] = np.nan
    counts[700:800, ::2] = np.nan
    return counts[:buckets]


def run(subject: Subject, counts: Values) -> list[Said]:
    return [subject.step(np.asarray(count, np.float64)) for count in counts]


def assert_same(a: Said, b: Said, take: slice | NDArray[np.int64] = slice(None)) -> None:
    """Bit for bit; `take`: which series of `a` are those of `b`."""
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name][take], b[name], err_msg=name)


def signed(said: Said) -> NDArray[np.float64]:
    """All that is said of a surge, and the negative of all that is said of a drop: (quantities, series)."""
    of = [said[name] for name in ("signed score", "signed run", "surge") if name in said]
    of += [-said["drop"]] if "drop" in said else []
    return np.array(of, np.float64)


# State


@SUBJECT
@pytest.mark.parametrize("cut", [7, 215, 320, 630])
def test_what_is_restored_goes_on_bit_for_bit(make: Make, cut: int) -> None:
    counts = course()
    subject, again = make(NAMES), make(NAMES)
    run(subject, counts[:cut])
    again.restore(subject.state())
    for a, b in zip(run(subject, counts[cut : cut + 120]), run(again, counts[cut : cut + 120]), strict=True):
        assert_same(a, b)
    for name, array in subject.state().items():
        np.testing.assert_array_equal(array, again.state()[name], err_msg=name)


@SUBJECT
def test_a_saved_state_does_not_change_with_its_subject(make: Make) -> None:
    subject = make(NAMES)
    run(subject, course(buckets=250))
    saved = subject.state()
    before = {name: array.copy() for name, array in saved.items()}
    run(subject, course(buckets=60, seed=6))
    for name, array in saved.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@SUBJECT
def test_the_same_counts_say_the_same_twice(make: Make) -> None:
    for a, b in zip(run(make(NAMES), course(buckets=540)), run(make(NAMES), course(buckets=540)), strict=True):
        assert_same(a, b)


# Causes


@SUBJECT
@pytest.mark.parametrize("now", [30, 210, 450])
def test_what_was_said_does_not_depend_on_what_follows(make: Make, now: int) -> None:
    counts = course()
    other = counts.copy()
    other[now:] = 1000 - np.nan_to_num(other[now:], nan=7.0) % 1000
    first, second = run(make(NAMES), counts[:now]), run(make(NAMES), other[: now + 40])
    for a, b in zip(first, second, strict=False):
        assert_same(a, b)


@SUBJECT
def test_a_series_says_alone_what_it_says_among_fifty(make: Make) -> None:
    counts = course(50, 260)
    names = [f"s{i}" for i in range(50)]
    together = run(make(names), counts)
    for i in (0, 49):
        for whole, one in zip(together, run(make(names[i : i + 1]), counts[:, i : i + 1]), strict=True):
            for name in whole:
                np.testing.assert_array_equal(whole[name][i : i + 1], one[name], err_msg=name)


@SUBJECT
def test_the_order_of_series_changes_nothing(make: Make) -> None:
    counts = course(buckets=640)
    order = np.array([3, 0, 4, 1, 2])
    turned = run(make([NAMES[i] for i in order]), counts[:, order])
    for straight, other in zip(run(make(NAMES), counts), turned, strict=True):
        assert_same(straight, other, order)


# Numbers


def assert_finite(said: Said, blind: NDArray[np.bool_]) -> None:
    for name, values in said.items():
        if name in NAN_WHERE_BLIND:
            np.testing.assert_array_equal(np.isnan(values), blind, err_msg=name)
        elif name in MAY_BE_NAN:
            assert not np.isinf(values).any(), name
        else:
            assert np.isfinite(values).all(), name


@SUBJECT
@settings(max_examples=12, derandomize=True, deadline=None)
@given(data=st.data())
def test_whatever_comes_all_that_is_said_is_a_number(make: Make, data: st.DataObject) -> None:
    value = st.one_of(st.just(float("nan")), st.integers(0, 60).map(float), st.sampled_from([0.0, 0.3, 1e4, 1e7]))
    stretches = data.draw(st.lists(st.tuples(st.lists(value, min_size=2, max_size=2), st.integers(1, 40)), max_size=8))
    subject = make(("a", "b"))
    for counts, repeats in stretches:
        for _ in range(repeats):
            count = np.array(counts)
            assert_finite(subject.step(count), np.isnan(count))


@SUBJECT
@pytest.mark.parametrize("event", [None, 0, 5, 150])
def test_a_series_of_nothing_or_one_event_is_calm_from_its_first_bucket_on(make: Make, event: int | None) -> None:
    counts = np.zeros((LONG, 1))
    if event is not None:
        counts[event] = 1
    for said in run(make(("a",)), counts):
        assert_finite(said, np.zeros(1, np.bool_))
        assert not said.get("open", np.zeros(1)).any()
        assert said.get("expected", np.zeros(1))[0] <= 1


# Direction and size


@SCORE
@pytest.mark.parametrize("usual", [0.2, 2.0, 20.0, 200.0])
@pytest.mark.parametrize("now", [60, 205, 310, 345])  # calm, in a surge, in silence, just after
def test_a_higher_count_never_says_less_of_a_surge_nor_a_lower_one_of_a_drop(
    make: Make, now: int, usual: float
) -> None:
    values = np.arange(0.0, 10 * usual + 20, max(1, int(usual / 30)))
    subject = make(["a"] * len(values), usual)  # of one past, each with a present of its own
    run(subject, np.tile(course(1, now, mean=usual), len(values)))
    said = signed(subject.step(values))
    assert said.size
    assert (np.diff(said, axis=1) >= -1e-9).all()


@SCORE
@pytest.mark.parametrize("factor", [4.0, 1.5, 0.5, 0.0])
def test_the_same_outage_says_at_least_as_much_at_ten_times_the_volume(make: Make, factor: float) -> None:
    """Of means, so that chance has no say."""
    course = np.where(np.arange(520) < 500, 1.0, factor)[:, None]
    quiet, loud = run(make(("a",)), USUAL * course), run(make(("a",), 10 * USUAL), 10 * USUAL * course)
    for a, b in zip(quiet[500:], loud[500:], strict=True):
        assert (np.abs(signed(b)) >= np.abs(signed(a)) - 1e-6).all()


@BASELINE
def test_ten_times_the_volume_is_expected_to_be_ten_times_as_much(make: Make) -> None:
    counts = course(1)
    counts += 20 * USUAL  # where no prior of some events has a say
    for a, b in zip(run(make(("a",)), counts)[100:], run(make(("a",)), 10 * counts)[100:], strict=True):
        np.testing.assert_allclose(b["expected"], 10 * a["expected"], rtol=0.1)


# Gaps


def timeless(state: State) -> State:
    return {name: array for name, array in state.items() if not name.startswith(OF_TIME)}


@SUBJECT
def test_a_gap_changes_nothing_but_the_time(make: Make) -> None:
    subject = make(NAMES)
    run(subject, course(buckets=500))
    run(subject, np.full((25, len(NAMES)), np.nan))  # what waits in the delay line is still learnt
    before = timeless(subject.state())
    run(subject, np.full((5, len(NAMES)), np.nan))  # within a slot: at its border the season goes on
    after = timeless(subject.state())
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name], err_msg=name)


@BANK
def test_a_gap_neither_opens_nor_closes(make: Make) -> None:
    subject = make(("surge", "drop", "calm"))
    counts = np.full((400, 3), 200.0) + np.random.default_rng(3).normal(0, 5, (400, 3)).round()
    counts[350:, 0] *= 4
    counts[350:, 1] = 0
    before = run(subject, counts)[-1]
    assert before["open"].tolist() == [1, -1, 0]
    for said in run(subject, np.full((700, 3), np.nan)):
        assert said["open"].tolist() == [1, -1, 0]
        assert not said["opened"].any()
        assert not said["closed"].any()
        assert (said["started"][:2] == before["started"][:2]).all()
