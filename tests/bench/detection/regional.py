"""Outages of one region of a service: found where regions are judged, hidden in the sum where only the sum is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.detection.bank import SeriesBank, SeriesRow
from tests.bench.detection.backgrounds import DAY_MIN, Floats, Singles, draw_backgrounds
from tests.bench.detection.outages import SHAPES
from tests.bench.detection.runs import FIRST_BUCKET, Windows, lived
from tests.bench.detection.series import WARM_MIN, Bench, Span, Truth

SHARES = (0.46, 0.25, 0.13, 0.08, 0.05, 0.03)  # of the service's volume, by region
STRUCK = (1, 3, 5)  # the regions in which something happens: a quarter, a twelfth, a thirtieth
REGIONAL = ("x4", "x10", "zero-long")
LEVELS = (20.0, 200.0, 2000.0)  # of the service as a whole


def case(shape: str, region: int) -> str:
    """How a regional outage is called: `x4 in 3 %`."""
    return f"{shape} in {SHARES[region]:.0%}".replace("%", " %")


CASES = tuple(case(shape, region) for shape in REGIONAL for region in STRUCK)


def draw_regional(services: int, seed: int, days: int = 28, levels: Sequence[float] = LEVELS) -> Bench:
    """Columns: each service's whole and then its regions; one truth a service."""
    columns: list[Singles] = []
    truths: list[Truth] = []
    for k, level in enumerate(levels):
        rng = np.random.default_rng([seed, k])
        drawn = draw_backgrounds(level, services, days, int(rng.integers(2**31)))
        for i in range(services):
            truth = Truth("regional", level, 1)
            factors = _place(rng, truth, days * DAY_MIN)
            mean = np.maximum(drawn.means[:, i, None] * np.array(SHARES) * factors, 1e-9)
            dispersion = drawn.dispersions[i]
            counts = rng.poisson(rng.gamma(dispersion, mean / dispersion)).astype(np.float32)
            columns.append(np.concatenate([counts.sum(axis=1, keepdims=True), counts], axis=1))
            truths.append(truth)
    none = np.empty(0)
    return Bench(np.concatenate(columns, axis=1), np.empty((0, 0), np.float32), none, none, tuple(truths), WARM_MIN)


def _place(rng: np.random.Generator, truth: Truth, minutes: int) -> Floats:
    """Every case once, one after the other: factors (minutes, regions)."""
    factors = np.ones((minutes, len(SHARES)))
    room = (minutes - WARM_MIN - 720) // len(CASES)
    cast = [(shape, region) for shape in REGIONAL for region in STRUCK]
    for k, which in enumerate(rng.permutation(len(cast)).tolist()):
        shape, region = cast[which]
        course = SHAPES[shape](rng)
        first = WARM_MIN + k * room + int(rng.integers(30, room - 480))
        factors[first : first + len(course.factors), region] *= course.factors
        truth.outages.append(Span(case(shape, region), first, first + len(course.factors) - 1))
    return factors


def run_regional(bench: Bench, tolerances: Sequence[float], *, regions: bool) -> dict[float, Windows]:
    """Windows of each service, of whichever of its series; without `regions` the whole alone is judged."""
    per_service = 1 + len(SHARES)
    kept = range(per_service) if regions else range(1)
    rows = [
        SeriesRow(f"s{i}", None if j == 0 else f"r{j}", per_year, len(kept))
        for per_year in tolerances
        for i in range(len(bench.truths))
        for j in kept
    ]
    counts = bench.counts.reshape(len(bench.counts), -1, per_service)[:, :, : len(kept)].reshape(len(bench.counts), -1)
    sweep = {}
    for per_year, windows in zip(tolerances, lived(SeriesBank(rows, FIRST_BUCKET), counts, len(tolerances)),
                                 strict=True):  # fmt: skip
        services = [windows[i : i + len(kept)] for i in range(0, len(windows), len(kept))]
        sweep[per_year] = [[found for series in service for found in series] for service in services]
    return sweep
