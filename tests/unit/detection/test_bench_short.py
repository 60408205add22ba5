"""The detection bench in short: two weeks, three levels; what the full one prints stands in docs/detection.md."""

from __future__ import annotations

from functools import cache

import pytest

from tests.bench.detection.__main__ import DOCUMENT
from tests.bench.detection.oracle import run_oracle
from tests.bench.detection.rules import Setting, run_rules
from tests.bench.detection.runs import Found, run_detector
from tests.bench.detection.score import Card, best_at, score
from tests.bench.detection.series import WARM_MIN, Bench, Span, Truth, draw_bench
from tests.bench.report import place

BUDGET = 1.0  # false opens a week of a series
SIGNS = pytest.mark.parametrize("sign", [1, -1], ids=["surges", "drops"])


@cache
def bench() -> Bench:
    return draw_bench(["outages"], [2.0, 20.0, 200.0], 4, seed=3, days=16)


@cache
def ours(sign: int) -> Card:
    (windows,) = run_detector(bench(), [52.0], told_until=WARM_MIN).values()
    return score(bench(), windows, sign)
