"""How much one witness saw over a stretch of buckets: sums, peak, phases. Exact, and in one pass over its rows.

A blind bucket counts what came and expects nothing beyond it: it adds to `observed`, never to the excess, and it is
no peak.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from streams.contracts.series import Direction

SCORE_LIMIT = 300.0  # -log10 of a probability: beyond it a float64 holds none
LINGERING_BELOW = 0.1  # a tenth of the peak: the few thousand that linger after a peak of 50,000 lie well under it
SURGING_FROM = 0.5  # back above half of the peak it is a surge again; far from 0.1, so that noise does not flap


class Row(Struct, array_like=True, gc=False, frozen=True):
    """One bucket of one witness of one service."""

    bucket: int
    observed: int
    expected: float
    lower: float
    upper: float
    score: float
    late: int = 0
    blind: bool = False
    incomplete: bool = False

    @property
    def excess(self) -> float:
        return self.observed - self.expected


class PhaseSpan(Struct, array_like=True, gc=False):
    """A stretch of one kind. `strongest`: its largest departure from what was expected; `peak`: the count there."""

    start: int
    last: int
    kind: Literal["surge", "lingering"]
    observed: int = 0
    departed: float = 0.0
    strongest: float = -1.0  # nothing yet: any departure, 0 included, is stronger
    peak: int = 0


class Totals(Struct, array_like=True, gc=False):
    """Sums over rows. `highest`: the row with the largest excess; `lowest`: the lowest share of what was expected."""

    observed: int = 0
    expected: float = 0.0
    score: float = 0.0
    late: int = 0
    incomplete: bool = False
    highest: Row | None = None
    lowest: Row | None = None
    phases: list[PhaseSpan] = []

    def copy(self) -> Totals:
        return replace(self, phases=[replace(phase) for phase in self.phases])

    def add(self, row: Row) -> None:
        """Adds the next row in time."""
        self.observed += row.observed
        self.expected += row.observed if row.blind else row.expected
        self.late += row.late
        self.incomplete = self.incomplete or row.incomplete
        if row.blind:
            return
        self.score = max(self.score, min(row.score, SCORE_LIMIT))
        if self.highest is None or row.excess > self.highest.excess:
            self.highest = row
        if self.lowest is None or _depth(row) < _depth(self.lowest):
            self.lowest = row
        self._advance(row)

    def join(self, later: Totals) -> None:
        """Adds the totals of the buckets that follow."""
        self.observed += later.observed
        self.expected += later.expected
        self.late += later.late
        self.incomplete = self.incomplete or later.incomplete
        self.score = max(self.score, later.score)
        if later.highest is not None and (self.highest is None or later.highest.excess > self.highest.excess):
            self.highest = later.highest
        if later.lowest is not None and (self.lowest is None or _depth(later.lowest) < _depth(self.lowest)):
            self.lowest = later.lowest
        self.phases += later.copy().phases

    def peak(self, direction: Direction) -> Row | None:
        """The most extreme row: the largest excess, in a drop the lowest share of what was expected."""
        return self.lowest if direction == "drop" else self.highest

    def _advance(self, row: Row) -> None:
        """The phase goes on or a new one begins, measured against the strongest departure so far."""
        departed = abs(row.excess)
        strongest = max((phase.strongest for phase in self.phases), default=0.0)
        kind = self.phases[-1].kind if self.phases else "surge"
        if kind == "surge" and departed < LINGERING_BELOW * strongest:
            kind = "lingering"
        elif kind == "lingering" and departed >= SURGING_FROM * strongest:
            kind = "surge"
        if not self.phases or self.phases[-1].kind != kind:
            self.phases.append(PhaseSpan(row.bucket, row.bucket, kind))
        _extend(self.phases[-1], row.bucket, row.observed, departed, departed, row.observed)


def measure(folded: Totals, rows: Iterable[Row], first: int, last: int) -> Totals:
    """Totals of `folded` and of the rows from bucket `first` to `last`, both included."""
    totals = folded.copy()
    for row in rows:
        if first <= row.bucket <= last:
            totals.add(row)
    return totals


def settled_phases(phases: Iterable[PhaseSpan]) -> list[PhaseSpan]:
    """Phases as they look from here: what came before the first real surge was its rise, however it looked then."""
    spans = [replace(phase) for phase in phases]
    strongest = max((span.strongest for span in spans), default=0.0)
    first = next((i for i, span in enumerate(spans) if span.strongest >= SURGING_FROM * strongest), 0)
    settled: list[PhaseSpan] = []
    for index, span in enumerate(spans):
        kind = "surge" if index <= first else span.kind
        if settled and settled[-1].kind == kind:
            _extend(settled[-1], span.last, span.observed, span.departed, span.strongest, span.peak)
        else:
            settled.append(replace(span, kind=kind))
    return settled


def _extend(phase: PhaseSpan, last: int, observed: int, departed: float, strongest: float, peak: int) -> None:
    phase.last = last
    phase.observed += observed
    phase.departed += departed
    if strongest > phase.strongest:
        phase.strongest, phase.peak = strongest, peak


def _depth(row: Row) -> tuple[float, float]:
    """Orders rows by how deep they fell: the lower share of the expectation, of two equal ones the larger loss."""
    return (row.observed / row.expected if row.expected > 0 else math.inf, row.excess)
