"""Series with what is true of them: backgrounds, outages placed one after the other, confounders.

`outages`  28 days: every shape of the asked direction, some twice, a gap and a spike
`growth`, `weekend`  28 days of confounders only
`cold`     7 days, judged from the first minute, outages from hour 12 on
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator

from tests.bench.detection import confounders
from tests.bench.detection.backgrounds import DAY_MIN, Floats, Singles, draw_backgrounds
from tests.bench.detection.outages import SHAPES

LEVELS = (0.2, 2.0, 20.0, 200.0, 2000.0)
WARM_MIN = 9 * DAY_MIN  # nothing happens in it, and it is not judged
COLD_MIN = DAY_MIN // 2
CASTS: dict[tuple[str, int], tuple[str, ...]] = {
    ("outages", 1): ("x2", "x4", "x10", "x100", "ramp", "burst", "plateau", "double", "tail", "x2", "x4", "burst",
                     "gap", "spike"),
    ("outages", -1): ("zero-short", "zero-long", "half") * 3 + ("gap", "gap", "spike"),
    ("growth", 1): ("spike", "late") * 4 + ("gap", "gap"),
    ("growth", -1): ("spike", "gap") * 3,
    ("weekend", 1): ("spike", "late") * 4 + ("gap", "gap"),
    ("weekend", -1): ("spike", "gap") * 3,
    ("cold", 1): ("x4", "tail", "x10", "double", "ramp", "gap"),
    ("cold", -1): ("zero-long", "half", "zero-short", "half", "zero-long", "gap"),
}  # fmt: skip
ROLES = ("outages", "growth", "weekend")


@dataclass(frozen=True, slots=True)
class Span:
    """An outage (`what`: its shape) or a confounder (its kind); first and last minute, both included."""

    what: str
    first: int
    last: int


@dataclass(slots=True)
class Truth:
    """What happens in one series. `sign`: +1 surges are its outages, -1 drops are."""

    role: str
    level: float
    sign: int
    outages: list[Span] = field(default_factory=list)
    confounders: list[Span] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bench:
    """Counts (minutes, series; NaN blind) beside the means that made them, had nothing happened."""

    counts: Singles
    means: Singles
    dispersions: Floats
    wobbles: Floats
    truths: tuple[Truth, ...]
    judged_from: int

    @property
    def signs(self) -> Floats:
        return np.array([truth.sign for truth in self.truths], np.float64)

    def weeks(self) -> float:
        """Judged, of each series."""
        return (len(self.counts) - self.judged_from) / (7 * DAY_MIN)


def draw_bench(roles: Sequence[str], levels: Sequence[float], series: int, seed: int, days: int = 28) -> Bench:
    """`series` of each role, level and direction."""
    parts = [
        _draw(role, sign, level, series, [seed, r, s, k], days)
        for r, role in enumerate(roles)
        for s, sign in enumerate((1, -1))
        for k, level in enumerate(levels)
    ]
    return Bench(
        np.concatenate([part.counts for part in parts], axis=1),
        np.concatenate([part.means for part in parts], axis=1),
        np.concatenate([part.dispersions for part in parts]),
        np.concatenate([part.wobbles for part in parts]),
        tuple(truth for part in parts for truth in part.truths),
        parts[0].judged_from,
    )


def _draw(role: str, sign: int, level: float, series: int, seed: list[int], days: int) -> Bench:
    rng = np.random.default_rng(seed)
    drawn = draw_backgrounds(level, series, days + 1, int(rng.integers(2**31)))  # a day more, for the clock to read
    quiet = COLD_MIN if role == "cold" else WARM_MIN
    truths = tuple(Truth(role, level, sign) for _ in range(series))
    exact = drawn.means.astype(np.float64)
    for i, truth in enumerate(truths):
        _change(rng, truth, exact[:, i], quiet, days)
    means = exact[: days * DAY_MIN].astype(np.float32)
    factors = np.ones_like(means)
    accidents = [_place(rng, truth, factors[:, i], quiet) for i, truth in enumerate(truths)]
    counts = replace(drawn, means=means).counts(int(rng.integers(2**31)), factors)
    for i, truth in enumerate(truths):
        for kind, minute in accidents[i]:
            last = confounders.strike(rng, kind, counts[:, i], means[:, i], minute)
            truth.confounders.append(Span(kind, minute, last))
    judged_from = 0 if role == "cold" else WARM_MIN
    return Bench(counts, means, drawn.dispersions, drawn.wobbles, truths, judged_from)


def _change(rng: Generator, truth: Truth, mean: Floats, quiet: int, days: int) -> None:
    """Confounders that change the usual mean itself, in place."""
    if truth.role not in confounders.LASTING:
        return
    end = days * DAY_MIN
    if truth.role == "growth":
        confounders.growth(mean, quiet, truth.sign)
        truth.confounders.append(Span("growth", quiet, end - 1))
    else:
        saturday = int(rng.integers(7 * DAY_MIN))
        confounders.weekend(mean, saturday)
        for first in range(saturday, end, 7 * DAY_MIN):
            if first + 2 * DAY_MIN > quiet:
                last = min(first + 2 * DAY_MIN + 360, end - 1)
                truth.confounders.append(Span("weekend", max(first, quiet), last))
    midnights = rng.permutation(np.arange(quiet + DAY_MIN, end - DAY_MIN, DAY_MIN)).tolist()
    for kind in ("deploy", "clock", "holiday", "holiday"):  # a holiday is read off what the others have made of the day
        minute = midnights.pop()
        if kind == "deploy":
            minute += int(rng.integers(8 * 60, 18 * 60))
            confounders.deploy(mean, minute, truth.sign)
        elif kind == "clock":
            minute += 120
            confounders.clock(mean, minute, bool(rng.integers(2)))
        else:
            confounders.holiday(mean, minute)
        truth.confounders.append(Span(kind, minute, minute + confounders.AFTER_MIN[kind]))


def _place(rng: Generator, truth: Truth, factors: Singles, quiet: int) -> list[tuple[str, int]]:
    """Outages into `factors`, well apart; returns the accidents that are to come into the counts, with their minute."""
    cast = rng.permutation(CASTS[truth.role, truth.sign]).tolist()
    room = (len(factors) - quiet - 720) // len(cast)
    accidents = []
    for k, what in enumerate(cast):
        first = quiet + k * room + int(rng.integers(30, max(31, room - 480)))
        if what in confounders.ACCIDENTS:
            accidents.append((what, first))
            continue
        course = SHAPES[what](rng)
        factors[first : first + len(course.factors)] *= course.factors[: len(factors) - first]
        truth.outages += [Span(what, first + a, first + b) for a, b in course.shown]
    return accidents
