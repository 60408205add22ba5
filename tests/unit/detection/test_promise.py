"""The one number in short: a rate five times off fails. The long form is `tests.bench.detection.promise`."""

from __future__ import annotations

from functools import lru_cache

import pytest
from scipy.stats import poisson

from tests.bench.detection.promise import LEVELS, Kept, measure

SERIES, DAYS = 48, 2
BY_CHANCE = 1e-4  # of a promise that is kept within a factor of two, to fail here
SPENT_UP_TO = 20.0  # events a minute: above, a generous tolerance is not used up (see `streams.detection.sensitivity`)


@lru_cache
def kept() -> dict[tuple[float, float], Kept]:
    return {(one.level, one.per_year): one for one in measure((52.0, 4.0), SERIES, DAYS, seed=5)}


@pytest.mark.parametrize("per_year", [52.0, 4.0])
@pytest.mark.parametrize("level", LEVELS)
def test_a_service_opens_falsely_no_more_than_twice_as_often_as_tolerated(level: float, per_year: float) -> None:
    one = kept()[level, per_year]
    assert one.opens <= poisson.isf(BY_CHANCE, 2 * per_year * one.weeks / 52)


@pytest.mark.parametrize("level", [level for level in LEVELS if level <= SPENT_UP_TO])
def test_what_is_tolerated_is_used_to_find_more(level: float) -> None:
    one = kept()[level, 52.0]
    assert one.opens >= poisson.ppf(BY_CHANCE, 52 / 2 * one.weeks / 52)


def test_the_interval_holds_what_was_counted() -> None:
    low, high = Kept(20.0, 4.0, weeks=52.0, surges=3, drops=1).interval()
    assert (round(low, 2), round(high, 2)) == (1.09, 10.24)  # of 4, Garwood's table
