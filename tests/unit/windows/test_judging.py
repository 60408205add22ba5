"""Severity by its documented table, confidence by its formula."""

from __future__ import annotations

import math

import pytest

from streams.contracts.series import Direction
from streams.contracts.windows import Severity
from streams.windows.confidence import LIMIT, PRIOR_ODDS, confidence
from streams.windows.severity import severity, worse
from streams.windows.totals import Row, Totals


def totals(*counts: int, expected: float = 10.0) -> Totals:
    summed = Totals()
    for bucket, count in enumerate(counts):
        summed.add(Row(bucket, count, expected, 0.0, 20.0, 5.0))
    return summed


@pytest.mark.parametrize(
    ("direction", "counts", "lasted", "sure", "wide", "expected"),
    [
        ("surge", [200] * 10, 10, 0.9999, True, "critical"),
        ("surge", [199] * 10, 10, 0.9999, True, "major"),  # below 20 times
        ("surge", [200] * 5, 10, 0.9999, True, "major"),  # 950 in excess
        ("surge", [200] * 10, 9, 0.9999, True, "major"),
        ("surge", [200] * 10, 10, 0.98, True, "major"),
        ("surge", [200] * 10, 10, 0.9999, False, "major"),
        ("surge", [50] * 5, 5, 0.9, False, "major"),
        ("surge", [49] * 5, 5, 0.9, False, "minor"),  # below five times
        ("surge", [50] * 2, 5, 0.9, False, "minor"),  # 80 in excess
        ("surge", [50] * 5, 4, 0.9, False, "minor"),
        ("surge", [50] * 5, 5, 0.89, False, "minor"),
        ("drop", [1] * 112, 10, 0.9999, True, "critical"),
        ("drop", [1] * 111, 10, 0.9999, True, "major"),  # 999 missing
        ("drop", [5] * 20, 5, 0.9, False, "major"),
        ("drop", [6] * 20, 5, 0.9, False, "minor"),
        ("none", [200] * 10, 10, 0.9999, True, "minor"),
    ],
)
def test_severity_follows_the_table(
    direction: Direction, counts: list[int], lasted: int, sure: float, wide: bool, expected: Severity
) -> None:
    assert severity([(direction, totals(*counts))], lasted, sure, wide) == expected


def test_one_witness_is_enough_for_a_severity() -> None:
    assert severity([("surge", totals(11)), ("surge", totals(*[200] * 10))], 10, 0.9999, True) == "critical"


def test_handful_of_events_at_a_service_that_nobody_uses_is_minor() -> None:
    assert severity([("surge", totals(*[4] * 60, expected=0.01))], 60, 0.9999, True) == "minor"


def test_worse_severity_is_kept() -> None:
    assert [worse("major", "minor"), worse("minor", "critical")] == ["major", "critical"]


def test_confidence_is_the_posterior_of_the_prior_odds() -> None:
    assert confidence([]) == pytest.approx(PRIOR_ODDS / (1 + PRIOR_ODDS))
    assert confidence([("errors", -math.log(PRIOR_ODDS))]) == pytest.approx(0.5)


def test_evidence_of_both_witnesses_multiplies() -> None:
    assert confidence([("errors", 4.0), ("reports", 3.0)]) == pytest.approx(confidence([("errors", 7.0)]))


def test_regions_are_no_further_witnesses() -> None:
    assert confidence([("errors", 5.0), ("errors", 4.0)]) == confidence([("errors", 5.0)])


def test_no_evidence_makes_it_surer_than_the_model_is() -> None:
    assert confidence([("errors", 5_000.0)]) == LIMIT
