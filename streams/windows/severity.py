"""How bad an outage is: minor, major or critical. The documented rule.

By either witness, from its peak, its excess over the whole window, how long it has lasted, and the confidence:

| severity | lasted | surge | drop | confidence | extent |
|---|---|---|---|---|---|
| critical | 10 min | peak 20 times the usual, 1,000 in excess | 90 % gone, 1,000 missing | 0.99 | whole, or half |
| major | 5 min | peak 5 times, 100 in excess | half gone, 100 missing | 0.9 | any |
| minor | | everything else | | | |

Extent "whole, or half": the service as a whole, or at least half of its regions. An expected count under one a minute
is taken as one: a handful of events at a service that nobody uses is minor. A window's severity is the worst it has
reached: it never falls, so that it says how bad the outage was, not how it is now.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.contracts.series import Direction
from streams.contracts.windows import Severity
from streams.windows.totals import Totals


@dataclass(frozen=True, slots=True)
class Level:
    """`multiple`: peak over expected, of a surge. `lost`: share gone at a drop's peak. `events`: excess or missing."""

    severity: Severity
    lasted_buckets: int
    multiple: float
    lost: float
    events: float
    confidence: float
    wide: bool


LEVELS = (
    Level("critical", lasted_buckets=10, multiple=20.0, lost=0.9, events=1000.0, confidence=0.99, wide=True),
    Level("major", lasted_buckets=5, multiple=5.0, lost=0.5, events=100.0, confidence=0.9, wide=False),
)
ORDER: tuple[Severity, ...] = ("minor", "major", "critical")


def severity(witnesses: list[tuple[Direction, Totals]], lasted_buckets: int, confidence: float, wide: bool) -> Severity:
    """The severity as things stand. `wide`: the service as a whole is hit, or at least half of its regions."""
    for level in LEVELS:
        long_and_sure = lasted_buckets >= level.lasted_buckets and confidence >= level.confidence
        if long_and_sure and (wide or not level.wide) and any(_reaches(level, *witness) for witness in witnesses):
            return level.severity
    return "minor"


def worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=ORDER.index)


def _reaches(level: Level, direction: Direction, totals: Totals) -> bool:
    peak = totals.peak(direction)
    if peak is None or direction == "none":
        return False
    expected = max(peak.expected, 1.0)
    if direction == "surge":
        return peak.observed >= level.multiple * expected and totals.observed - totals.expected >= level.events
    return expected - peak.observed >= level.lost * expected and totals.expected - totals.observed >= level.events
