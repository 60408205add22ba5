"""History as it travels and as a bank takes it."""

from __future__ import annotations

import numpy as np

from streams.contracts.tallies import History
from streams.detection.history_records import history_arrays, pack_sums

INDEX: dict[tuple[str, str | None], int] = {("a", None): 0, ("a", "US"): 1, ("b", None): 2}


def record(service: str, region: str | None, start_slot: int, *sums: int, variance: float | None = None) -> History:
    return History(service, "errors", region, start_slot, pack_sums(np.array(sums, np.uint32)), variance)


def lists(*records: History, first_bucket: int) -> tuple[int, list[list[float | None]], list[float | None]]:
    start, sums, variance = history_arrays(records, INDEX, first_bucket)
    known = [[None if np.isnan(value) else float(value) for value in row] for row in sums]
    return start, known, [None if np.isnan(value) else float(value) for value in variance]


def test_each_series_stands_at_its_slots_and_nothing_is_known_elsewhere() -> None:
    found = lists(record("a", "US", 11, 1, 2, variance=0.5), record("b", None, 10, 2**32 - 1), first_bucket=130)
    none: list[float | None] = [None, None, None]
    assert found == (10, [none, [None, 1.0, 2.0], [4294967295.0, None, None]], [None, 0.5, None])


def test_a_slot_that_is_not_over_by_the_first_bucket_is_left_out() -> None:
    for first_bucket, expected in ((119, [1.0]), (120, [1.0, 2.0]), (121, [1.0, 2.0])):
        assert lists(record("a", None, 10, 1, 2, 3), first_bucket=first_bucket)[1][0] == expected


def test_what_begins_after_the_first_bucket_is_left_out_whole() -> None:
    start, sums, _ = lists(record("a", None, 99, 1, 2), record("b", None, 11, 3), first_bucket=120)
    assert (start, sums) == (11, [[None], [None], [3.0]])
    assert lists(record("a", None, 99, 1, 2), first_bucket=120)[:2] == (12, [[], [], []])


def test_what_lies_too_far_back_is_left_out_and_takes_no_memory() -> None:
    first_bucket = 27_609_120
    start, sums, _ = history_arrays(
        [record("a", None, 0, 1, 2), record("b", None, first_bucket // 10 - 2306, 3, 4, 5)], INDEX, first_bucket
    )
    assert (start, sums.shape) == (first_bucket // 10 - 2304, (3, 2304))
    assert sums[2, 0] == 5.0
    assert np.isnan(sums[:2]).all()
