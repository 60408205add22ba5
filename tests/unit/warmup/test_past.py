"""Series gathered as the detector has them."""

from __future__ import annotations

import numpy as np
import pytest

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.detection.history_records import MEMORY_SLOTS, history_arrays
from streams.warmup.past import Filled, Past
from streams.warmup.slots import Counts, HistoryError

SLOT = 2_763_000  # 2022-07-14T12:00:00Z
CATALOGUE = Catalogue(
    [
        Service(id="shop", names={"en": "Shop"}, regions=("DE", "AT")),
        Service(id="bank", names={"en": "Bank"}, regions=("DE",)),
    ]
)


def slots(first: int, *values: float) -> Counts:
    """A count for each slot from SLOT + `first` on, None where nothing was seen."""
    known = [(SLOT + first + i, value) for i, value in enumerate(values) if not np.isnan(value)]
    begins = np.array([slot for slot, _ in known], np.int64) * 600_000
    return Counts(begins, np.array([value for _, value in known]), 600)


NONE = float("nan")


def known(past: Past, service: str, region: str | None) -> list[float | None]:
    """The sums from SLOT on, as the detector would take them; empty where there is no record."""
    records = [r for r in past.records() if (r.service, r.region) == (service, region)]
    if not records:
        return []
    start, sums, _ = history_arrays(records, {(service, region): 0}, (SLOT + 5) * 10)
    lead: list[float | None] = [None] * (start - SLOT)
    found = [None if np.isnan(value) else float(value) for value in sums[0]]
    return [*lead, *found]


def test_the_whole_service_is_the_sum_of_its_regions_where_all_are_known() -> None:
    past = Past(CATALOGUE)
    past.add("shop", "errors", "DE", slots(0, 1, 2, 3, NONE))
    past.add("shop", "errors", "AT", slots(1, 10, 20, 30))
    assert known(past, "shop", None) == [None, 12, 23, None, None]
    assert known(past, "shop", "DE") == [1, 2, 3, None, None]


def test_a_whole_that_is_given_goes_before_the_sum() -> None:
    past = Past(CATALOGUE)
    past.add("shop", "errors", "DE", slots(0, 1, 2))
    past.add("shop", "errors", None, slots(0, 100, 200, 300))
    assert known(past, "shop", None) == [100, 200, 300, None, None]


def test_a_region_that_is_not_listed_counts_in_the_whole_only() -> None:
    past = Past(CATALOGUE)
    for region in ("DE", "CH", "FR"):
        past.add("shop", "errors", region, slots(0, 1, 1))
    assert known(past, "shop", None) == [3, 3, None, None, None]
    assert {record.region for record in past.records()} == {None, "DE"}


def test_of_a_service_with_one_region_there_is_only_the_whole() -> None:
    past = Past(CATALOGUE)
    past.add("bank", "reports", "DE", slots(0, 1, 1))
    assert [(r.signal, r.region) for r in past.records()] == [("reports", None)]


def test_gaps_part_the_records_and_lie_in_none() -> None:
    past = Past(CATALOGUE)
    past.add("bank", "errors", None, slots(0, 1, NONE, NONE, 4, 5))
    assert [record.start_slot - SLOT for record in past.records()] == [0, 3]
    assert known(past, "bank", None) == [1, None, None, 4, 5]


def test_what_is_filled_is_told() -> None:
    past = Past(CATALOGUE)
    past.add("bank", "errors", None, slots(0, 10, NONE, NONE, 40, NONE, 10, *[20] * 138))
    (told,) = past.filled()
    since, until = "2022-07-14T12:00:00.000Z", "2022-07-15T12:00:00.000Z"
    assert told == Filled("bank", "errors", None, since, until, 0.98, 2.0, 2, 30)


def test_only_what_detect_can_remember_is_kept() -> None:
    past = Past(CATALOGUE)
    past.add("bank", "errors", None, slots(0, *[5.0] * 4000))
    past.add("shop", "errors", None, slots(0, *[5.0] * 1000))  # ends long before the other
    (record,) = past.records()
    assert record.start_slot == SLOT + 4000 - MEMORY_SLOTS


def test_real_counts_are_rounded_as_sums() -> None:
    past = Past(CATALOGUE)
    begins = SLOT * 600_000 + 60_000 * np.arange(10, dtype=np.int64)
    past.add("bank", "errors", None, Counts(begins, np.full(10, 0.26), 60))
    assert known(past, "bank", None)[0] == 3


def test_more_than_a_slot_can_hold_is_refused() -> None:
    past = Past(CATALOGUE)
    past.add("bank", "errors", None, slots(0, 5e9))
    with pytest.raises(HistoryError, match="errors of bank: more than 4,294,967,295 in ten minutes"):
        list(past.records())
