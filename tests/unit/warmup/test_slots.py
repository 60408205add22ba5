"""Sums of ten minutes, and how minutes stray, out of counts of spans."""

from __future__ import annotations

import numpy as np
import pytest

from streams.detection.bank import SeriesBank, SeriesRow
from streams.warmup.slots import Counts, HistoryError, Slots, excess_variance, slots_of, span_of

T0_MS = 1_657_800_000_000  # 2022-07-14T12:00:00Z, the begin of slot 2,763,000
SLOT = 2_763_000


def counts(offsets_s: list[int], values: list[float], span_s: int = 60) -> Counts:
    return Counts(T0_MS + 1000 * np.array(offsets_s, np.int64), np.array(values, np.float64), span_s)


def sums(slots: Slots) -> tuple[int, list[float | None]]:
    return slots.start, [None if np.isnan(value) else float(value) for value in slots.sums]


@pytest.mark.parametrize("span_s", [1, 15, 60, 120, 300, 600])
def test_spans_of_any_length_add_up(span_s: int) -> None:
    offsets = list(range(0, 1800, span_s))
    found = slots_of(counts(offsets, [span_s / 60.0] * len(offsets), span_s))
    assert (found.start, found.sums.tolist()) == (SLOT, pytest.approx([10.0, 10.0, 10.0]))


def test_a_slot_seen_by_half_is_filled_up_and_by_less_is_unknown() -> None:
    offsets = [*range(0, 300, 60), *range(600, 840, 60), *range(1200, 1800, 60)]
    assert sums(slots_of(counts(offsets, [2.0] * len(offsets)))) == (SLOT, [20.0, None, 20.0])


def test_zeros_are_seen_and_absent_rows_are_not() -> None:
    offsets = [*range(0, 600, 60), *range(1200, 1800, 60)]
    assert sums(slots_of(counts(offsets, [0.0] * 20))) == (SLOT, [0.0, None, 0.0])


def test_a_span_counts_where_its_middle_lies() -> None:
    assert sums(slots_of(counts([570, 630], [3.0, 4.0], 600)))[0] == SLOT + 1
    assert sums(slots_of(counts([-30], [7.0], 600))) == (SLOT, [7.0])


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([0, 3600, 7200], r"t: rows are 60 minutes apart, at most ten minutes can be learnt: export a finer series"),
        ([0, 420, 840], r"t: rows are 7 minutes apart and do not fall into ten minutes evenly: sum up"),
        ([0, 60, 90], r"rows are 30 s apart|do not fall"),
        (
            [0, 120, 300],
            r"rows are 2 minutes apart and do not fall into ten minutes evenly: .* also where nothing came",
        ),
        ([0, 7], r"rows are 7 s apart and do not fall"),
    ],
)
def test_rows_that_fill_no_ten_minutes_are_refused(offsets: list[int], message: str) -> None:
    if offsets == [0, 60, 90]:  # a 30 s span with one missing
        assert span_of(counts(offsets, [1.0] * 3).begins_ms, "t") == 30
        return
    with pytest.raises(HistoryError, match=message):
        span_of(counts(offsets, [1.0] * len(offsets)).begins_ms, "t")


def test_excess_variance_is_what_the_detector_learns_of_the_same_minutes() -> None:
    rng = np.random.default_rng(3)
    minutes, excesses = 2 * 1440, np.array([1e-6, 0.01, 0.05, 0.2])
    mean = 80 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(minutes) / 1440))[:, None]
    values = rng.poisson(mean * rng.gamma(1 / excesses, excesses, (minutes, 4))).astype(np.float64)
    bank = SeriesBank([SeriesRow(f"s{i}", None, 4.0, 1) for i in range(4)], T0_MS // 60_000)
    for row in values:
        bank.step(row)
    begins = T0_MS + 60_000 * np.arange(minutes)
    found = [excess_variance(Counts(begins, column, 60)) for column in values.T]
    np.testing.assert_allclose(np.array(found, np.float64), bank.snapshot()["spread.excess"], rtol=0.2, atol=0.005)
    np.testing.assert_allclose(np.array(found, np.float64), excesses, rtol=0.2, atol=0.005)


def test_excess_variance_is_unknown_where_little_comes_and_of_longer_spans() -> None:
    few = Counts(T0_MS + 60_000 * np.arange(1440), np.tile([0.0, 1.0], 720), 60)
    assert excess_variance(few) is None
    assert excess_variance(Counts(T0_MS + 300_000 * np.arange(1440), np.full(1440, 500.0), 300)) is None
    assert excess_variance(counts([0], [500.0])) is None


def test_gaps_are_no_neighbours() -> None:
    """Every second minute of a steady series with a step between would else look like noise."""
    offsets = np.arange(0, 1440, 2)
    assert excess_variance(Counts(T0_MS + 60_000 * offsets, np.full(720, 500.0), 60)) is None
