"""What passes between the parts of a block while it judges one bucket: arrays over its series."""

from __future__ import annotations

from dataclasses import dataclass

from streams.detection.columns import Array, Bools, Floats, Singles


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each series: its false opens a year, which directions may open, and the minute in which its slots begin."""

    tolerance_per_year: Floats
    surges: Bools
    drops: Bools
    phase: Array


@dataclass(frozen=True, slots=True)
class Expectation:
    """Of one bucket: the counts of both clocks, their ratio, the excess variance and its inverse.

    `seen`: not blind; `known`: there is something to expect by; `judged`: both.
    """

    slow: Floats
    fast: Floats
    ratio: Floats
    excess: Floats
    size: Floats
    seen: Bools
    known: Bools
    judged: Bools


@dataclass(frozen=True, slots=True)
class Runs:
    """The largest CUSUM of either direction in nats, and as a share of the threshold where the direction may open."""

    surge_nats: Singles
    drop_nats: Singles
    surge: Floats | Singles
    drop: Floats | Singles


@dataclass(frozen=True, slots=True)
class Judged:
    """What a bucket came to; windows and CUSUMs are read off the block itself."""

    expect: Expectation
    runs: Runs
    opened: Bools
    closed: Bools
    variance: Floats  # inverse dispersion of a bucket under the expectation and its error
