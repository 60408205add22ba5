"""Numbers as they are published: six significant digits, the same on every run."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detection.report import rounded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333"),
        (2 / 3, "0.666667"),
        (123456.7, "123457.0"),
        (1234567.0, "1234570.0"),
        (11_912_521_459.494696, "11912500000.0"),
        (999999.5, "1000000.0"),
        (300.0, "300.0"),
        (1.0000049, "1.0"),
        (0.000012345678, "0.0000123457"),
        (-2.3456789, "-2.34568"),
        (math.nan, "0.0"),
    ],
)
def test_rounded(value: float, expected: str) -> None:
    (found,) = rounded(np.array([value]))
    assert float(expected) == found
    assert float(msgspec.json.encode(found)) == float(expected)


@given(st.lists(st.floats(-1e20, 1e20), max_size=20))
def test_six_significant_digits_are_enough_to_write_it_and_it_is_near(values: list[float]) -> None:
    for value, found in zip(values, rounded(np.array(values, np.float64)), strict=True):
        if abs(value) < 1e-15:
            assert abs(found) < 1.1e-15
            continue
        assert found == float(f"{found:.6g}")
        assert abs(found - value) <= abs(value) * 5.1e-6
        assert found == rounded(np.array([found]))[0]


def test_alone_or_in_a_column_a_number_rounds_alike() -> None:
    values = np.random.default_rng(1).lognormal(3, 5, 10_001)
    assert rounded(values) == [rounded(np.array([value]))[0] for value in values]
