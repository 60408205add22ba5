"""The profile `smooth` behind the bank's seam: state, independence, and that the profile `counts` never notices."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from streams.detection.bank import BankStep, SeriesBank, SeriesRow
from streams.detection.columns import SnapshotMismatchError
from streams.detection.moved import moved
from tests.unit.detection.banks import DAY, MONDAY, run
from tests.unit.detection.smooth_series import smooth, smooth_row

COLUMNS = [field.name for field in fields(BankStep) if field.name != "bucket"]
ROWS = [smooth_row(f"s{i}") for i in range(4)]
COUNTED = [SeriesRow(f"c{i}", None, 4.0, 1) for i in range(3)]


def eventful(buckets: int = 900, series: int = 4) -> Any:
    """With departures both ways, a spike, blind minutes, and a series that is nearly silent."""
    counts = smooth(max(buckets, 900), series=series)
    counts[100:130] *= 1.3
    counts[300:340] *= 0.6
    counts[500] *= 9
    counts[600:660] = np.nan
    counts[700:900, ::2] = np.nan
    counts[:, 0] = np.random.default_rng(1).poisson(0.2, len(counts))
    return counts[:buckets]


def same(a: BankStep, b: BankStep, at: Any = slice(None), of: Any = slice(None)) -> bool:
    pairs = ((getattr(a, name)[at], getattr(b, name)[of]) for name in COLUMNS)
    return all(np.array_equal(x, y, equal_nan=x.dtype.kind == "f") for x, y in pairs)


@pytest.mark.parametrize("cut", [7, 115, 320, 502, 630, 705])
def test_a_restored_bank_goes_on_bit_for_bit(cut: int) -> None:
    counts = eventful()
    bank = SeriesBank(ROWS, MONDAY)
    run(bank, counts[:cut])
    again = SeriesBank(ROWS, 0)
    again.restore(bank.snapshot())
    for a, b in zip(run(bank, counts[cut:]), run(again, counts[cut:]), strict=True):
        assert same(a, b), a.bucket


def test_nothing_is_nan_and_ranges_hold() -> None:
    counts = eventful()
    for step, row in zip(run(SeriesBank(ROWS, MONDAY), counts), counts, strict=True):
        assert np.array_equal(np.isnan(step.score), np.isnan(row))
        assert all(np.isfinite(getattr(step, name)).all() for name in set(COLUMNS) - {"score"}), step.bucket
        seen = ~np.isnan(row)
        assert (step.lower <= step.expected).all()
        assert (step.expected <= step.upper).all()
        assert ((step.score[seen] >= 0) & (step.score[seen] <= 300)).all()
        assert (np.abs(step.lean) <= 1).all()
        assert (step.lean_started[step.lean != 0] >= MONDAY).all()
        assert not (step.opened & step.closed).any()
        assert (step.started[step.open != 0] <= step.detected[step.open != 0]).all()
        assert (step.started[step.closed] <= step.ended[step.closed]).all()
        assert (step.ended[step.closed] < step.bucket + 1).all()
        assert not step.elevated[step.open == 0].any()


def test_what_a_series_says_does_not_depend_on_its_neighbours() -> None:
    counts = eventful()
    together, alone = run(SeriesBank(ROWS, MONDAY), counts), run(SeriesBank(ROWS[2:3], MONDAY), counts[:, 2:3])
    assert all(same(a, b, slice(2, 3)) for a, b in zip(together, alone, strict=True))


def test_rows_of_counts_come_out_bit_for_bit_as_without_the_other_profile() -> None:
    counts = np.column_stack((eventful(600), eventful(600, 3)))[:, [0, 4, 1, 5, 6, 2, 3]]
    mixed = SeriesBank([ROWS[0], COUNTED[0], ROWS[1], COUNTED[1], COUNTED[2], ROWS[2], ROWS[3]], MONDAY)
    counted, smoothed = SeriesBank(COUNTED, MONDAY), SeriesBank(ROWS, MONDAY)
    for row in counts:
        step = mixed.step(row)
        assert same(step, counted.step(row[[1, 3, 4]]), [1, 3, 4])
        assert same(step, smoothed.step(row[[0, 2, 5, 6]]), [0, 2, 5, 6])
    taken, own = mixed.snapshot(), counted.snapshot()
    assert all(np.array_equal(taken[name], own[name], equal_nan=True) for name in own if name != "rows")


def test_a_snapshot_of_another_profile_is_refused() -> None:
    taken = SeriesBank([smooth_row("x")], MONDAY).snapshot()
    with pytest.raises(SnapshotMismatchError, match="other profiles"):
        SeriesBank([SeriesRow("x", None, 4.0, 1)], MONDAY).restore(taken)


def test_a_changed_catalogue_keeps_what_is_still_there_and_begins_the_rest_anew() -> None:
    before = [COUNTED[0], ROWS[0], ROWS[1], SeriesRow("turned", None, 4.0, 1)]
    after = [ROWS[1], COUNTED[0], smooth_row("turned"), smooth_row("new")]
    was = SeriesBank(before, MONDAY)
    counts = eventful(300)[:, [1, 2, 3, 1]]
    run(was, counts)
    now = SeriesBank(after, MONDAY + 300)
    now.restore(moved(was.snapshot(), now.snapshot(), np.array([[0, 2], [1, 0], [2, 3]])))
    fresh = SeriesBank(after[2:], MONDAY + 300)
    for row in eventful(360)[300:, [1, 2, 3, 1]]:
        a, b = was.step(row), now.step(row[[2, 0, 3, 3]])
        assert same(a, b, [2, 0], [0, 1])
        assert same(fresh.step(row[[3, 3]]), b, [0, 1], [2, 3])


def test_buckets_of_another_length_are_for_this_profile_only() -> None:
    with pytest.raises(ValueError, match="judges buckets of a minute only"):
        SeriesBank([*ROWS, *COUNTED], 0, bucket_min=5)
    with pytest.raises(ValueError, match="buckets of 7 minutes do not divide a day"):
        SeriesBank(ROWS, 0, bucket_min=7)


def test_a_young_series_says_so() -> None:
    steps = run(SeriesBank(ROWS[:1], MONDAY), smooth(7 * DAY + 1))
    assert [int(steps[i].baseline[0]) for i in (30, DAY + 1, 7 * DAY)] == [0, 1, 2]
    assert steps[2 * DAY + 1].baseline_days[0] == 2


def test_history_leaves_it_cold() -> None:
    bank = SeriesBank([*ROWS[:1], *COUNTED[:1]], MONDAY)
    bank.warm_up(MONDAY // 10 - 2016, np.full((2, 2016), 200.0), np.full(2, 0.02))
    assert bank.step(np.array([20.0, 20.0])).baseline.tolist() == [0, 2]


def test_late_history_leaves_it_as_it_is() -> None:
    counts = eventful(300)
    told, untold = SeriesBank([*ROWS, *COUNTED], MONDAY), SeriesBank(ROWS, MONDAY)
    rows = np.column_stack((counts, counts[:, :3]))
    run(told, rows[:100])
    run(untold, counts[:100])
    told.relearn(np.arange(7), MONDAY // 10 - 2016, np.full((7, 2016), 200.0), np.full(7, 0.02))
    assert told.days().tolist() == [0, 0, 0, 0, 14, 14, 14]
    for row in rows[100:]:
        assert same(told.step(row), untold.step(row[:4]), slice(0, 4))


@pytest.mark.parametrize("value", [0.0, 1e-9, 0.25, 1e10])
def test_counts_of_any_size_are_judged(value: float) -> None:
    step = run(SeriesBank(ROWS[:1], MONDAY), [[value]] * 200)[-1]
    assert step.expected[0] == pytest.approx(value, rel=1e-6)
    assert step.open[0] == 0


def test_state_is_under_eight_kilobytes_a_series() -> None:
    arrays = SeriesBank([smooth_row(f"s{i}") for i in range(100)], MONDAY).snapshot()
    assert sum(array.nbytes for array in arrays.values()) / 100 < 8192
