"""What any detector behind the bank's seam has to keep, whatever its mathematics."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from streams.detection.bank import BankStep, SeriesBank, SeriesRow
from streams.detection.columns import SnapshotMismatchError
from tests.unit.detection.banks import MONDAY, draw, means, rows, run, warmed

LEVELS = (0.0, 0.2, 2.0, 20.0, 200.0, 2000.0)
COLUMNS = [field.name for field in fields(BankStep) if field.name != "bucket"]


def eventful(buckets: int = 900) -> Any:
    """Counts with a surge, zeros, a spike and blind minutes; the first `buckets` of them."""
    counts = draw(means(LEVELS, MONDAY, max(buckets, 900)))
    counts[100:130] *= 5
    counts[300:340] = 0
    counts[500] += 1000
    counts[600:660] = np.nan
    counts[700:900, ::2] = np.nan
    return counts[:buckets]


def same(a: BankStep, b: BankStep) -> bool:
    return a.bucket == b.bucket and all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=getattr(a, name).dtype.kind == "f")
        for name in COLUMNS
    )


@pytest.mark.parametrize("cut", [7, 115, 320, 630])
def test_a_restored_bank_goes_on_bit_for_bit(cut: int) -> None:
    counts = eventful()
    bank = warmed(LEVELS)
    run(bank, counts[:cut])
    again = SeriesBank(rows(*LEVELS), 0)
    again.restore(bank.snapshot())
    for a, b in zip(run(bank, counts[cut:]), run(again, counts[cut:]), strict=True):
        assert same(a, b), a.bucket


def test_a_snapshot_does_not_change_with_the_bank() -> None:
    bank = warmed(LEVELS)
    taken = bank.snapshot()
    copies = {name: array.copy() for name, array in taken.items()}
    run(bank, eventful(200))
    assert all(np.array_equal(taken[name], copies[name], equal_nan=True) for name in copies if taken[name].dtype != "O")
    assert all(array.dtype.kind in "biuf" for array in taken.values())


def test_a_snapshot_of_other_series_is_refused() -> None:
    other = SeriesBank([SeriesRow("twitter", None, 4, 1), SeriesRow("twitter", "US", 4, 2)], MONDAY)
    with pytest.raises(SnapshotMismatchError, match="other series"):
        SeriesBank(rows(1.0, 1.0), MONDAY).restore(other.snapshot())


def test_a_snapshot_with_an_array_missing_is_refused() -> None:
    arrays = SeriesBank(rows(1.0), MONDAY).snapshot()
    del arrays["season.loss"]
    with pytest.raises(SnapshotMismatchError, match=r"season\.loss is missing"):
        SeriesBank(rows(1.0), MONDAY).restore(arrays)


def test_nothing_is_nan_but_the_score_of_blind_buckets() -> None:
    counts = eventful()
    for step, row in zip(run(SeriesBank(rows(*LEVELS), MONDAY), counts), counts, strict=True):
        assert np.array_equal(np.isnan(step.score), np.isnan(row))
        for name in set(COLUMNS) - {"score"}:
            assert np.isfinite(getattr(step, name)).all(), (name, step.bucket)


def test_ranges_hold() -> None:
    for step, row in zip(run(warmed(LEVELS), eventful()), eventful(), strict=True):
        seen = ~np.isnan(row)
        assert (step.lower <= step.expected).all()
        assert (step.expected <= step.upper + 1).all()
        assert (step.score[seen] >= 0).all()
        assert (step.score[seen] <= 300).all()
        assert (np.abs(step.lean) <= 1).all()
        assert not (step.opened & step.closed).any()
        assert (step.started[step.open != 0] <= step.detected[step.open != 0]).all()
        assert (step.started[step.closed] <= step.ended[step.closed]).all()
        assert (step.ended[step.closed] < step.bucket).all()
        assert not step.elevated[step.open == 0].any()


def test_windows_of_a_series_do_not_overlap() -> None:
    ended = np.full(len(LEVELS), -1)
    for step in run(warmed(LEVELS), eventful()):
        assert (step.started[step.opened] > ended[step.opened]).all()
        ended[step.closed] = step.ended[step.closed]


def test_what_a_series_says_does_not_depend_on_its_neighbours() -> None:
    counts = eventful(400)
    together = run(SeriesBank(rows(*LEVELS), MONDAY), counts)
    alone = run(SeriesBank(rows(*LEVELS)[4:5], MONDAY), counts[:, 4:5])
    for whole, one in zip(together, alone, strict=True):
        for name in COLUMNS:
            np.testing.assert_array_equal(getattr(whole, name)[4:5], getattr(one, name), err_msg=name)


def test_buckets_are_consecutive_and_named() -> None:
    bank = SeriesBank(rows(1.0), MONDAY)
    assert [step.bucket for step in run(bank, [[1], [1], [1]])] == [MONDAY, MONDAY + 1, MONDAY + 2]
    assert bank.bucket == MONDAY + 3


def test_counts_of_the_wrong_number_of_series_are_refused() -> None:
    with pytest.raises(ValueError, match="holds 2 series"):
        SeriesBank(rows(1.0, 1.0), MONDAY).step(np.zeros(3))


def test_a_bank_without_series_steps() -> None:
    step = SeriesBank([], MONDAY).step(np.zeros(0))
    assert step.open.shape == (0,)
    assert step.open.dtype == np.int8


def test_more_series_than_a_block_holds_keep_their_order() -> None:
    levels = np.tile([2.0, 50.0], 2500)
    bank = SeriesBank(rows(*levels), MONDAY)
    steps = run(bank, draw(np.tile(levels, (40, 1))))
    assert np.abs(steps[-1].expected[1::2].mean() / 50 - 1) < 0.05
    assert np.abs(steps[-1].expected[::2].mean() / 2 - 1) < 0.05
    again = SeriesBank(rows(*levels), 0)
    again.restore(bank.snapshot())
    assert same(bank.step(levels), again.step(levels))


@pytest.mark.parametrize("value", [1e7, 0.25, 1e-9])
def test_counts_of_any_size_and_real_ones_are_judged(value: float) -> None:
    step = run(SeriesBank(rows(1.0), MONDAY), [[value]] * 60)[-1]
    assert step.expected[0] == pytest.approx(value, rel=1e-4)
    assert step.open[0] == 0


def test_state_is_about_eight_kilobytes_a_series() -> None:
    n = 1000
    arrays = SeriesBank(rows(*[1.0] * n), MONDAY).snapshot()
    assert sum(array.nbytes for array in arrays.values()) / n < 8192


def test_the_same_counts_give_the_same_output_twice() -> None:
    counts = eventful(400)
    first, second = (run(SeriesBank(rows(*LEVELS), MONDAY), counts) for _ in range(2))
    assert all(same(a, b) for a, b in zip(first, second, strict=True))
