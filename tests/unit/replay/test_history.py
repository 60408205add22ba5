"""History before a scenario: slots of ten minutes that end at its start."""

from __future__ import annotations

import numpy as np
import pytest

from streams.contracts.times import parse_time_ms
from streams.replay.synthesis import HistorySeries, history
from tests.unit.replay.builders import small

START_SLOT = parse_time_ms("2022-07-14T11:00:00Z") // 600_000


def by_name() -> dict[tuple[str, str, str | None], HistorySeries]:
    return {(one.service, one.signal, one.region): one for one in history(small())}


def test_each_series_has_its_whole_and_its_regions() -> None:
    assert list(by_name()) == [
        ("shop", "errors", None),
        ("shop", "errors", "US"),
        ("shop", "errors", "NO"),
        ("shop", "reports", None),
        ("shop", "reports", "US"),
        ("shop", "reports", "NO"),
        ("bank", "reports", None),
    ]


def test_history_ends_exactly_where_the_scenario_starts() -> None:
    for one in history(small()):
        assert one.start_slot + len(one.sums) == START_SLOT
        assert len(one.sums) == 2 * 144
        assert one.sums.dtype == np.uint32


def test_regions_sum_to_the_whole_in_every_slot() -> None:
    series = by_name()
    whole, us, norway = (series["shop", "errors", region].sums for region in (None, "US", "NO"))
    assert (us + norway).tolist() == whole.tolist()
    assert us.sum() / whole.sum() == pytest.approx(0.75, abs=0.02)


def test_history_holds_the_usual_level_and_nothing_of_the_curve() -> None:
    assert by_name()["bank", "reports", None].sums.mean() == pytest.approx(300, rel=0.02)
    assert by_name()["shop", "reports", None].sums.max() < 150  # the curve would have 4,000


def test_history_has_the_daily_wave_of_the_service() -> None:
    sums = by_name()["shop", "reports", None].sums.reshape(2, 144)
    # The scenario starts at 11:00 UTC, so slot 6 of each day is 12:00 UTC, 8:00 in New York: the top of its day.
    top, bottom = sums[:, 0:12].mean(), sums[:, 72:84].mean()
    assert top / bottom == pytest.approx(3, rel=0.25)


def test_excess_variance_is_that_of_one_minute() -> None:
    assert by_name()["bank", "reports", None].excess_variance == 0.03


def test_history_is_the_same_at_every_call() -> None:
    first, second = list(history(small())), list(history(small()))
    assert [one.sums.tobytes() for one in first] == [one.sums.tobytes() for one in second]
