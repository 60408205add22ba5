"""The scenario file: cited points of an outage and the usual level around them. Schema only; `loading` reads it.

Every count that a scenario turns into is synthesised through these points; the points are what has a source.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from streams.contracts.events import StatementStatus

Positive = Annotated[float, Meta(gt=0, le=1000)]
PerMinute = Annotated[float, Meta(gt=0, le=200_000)]  # a record's count ends at a million: noise never gets there
PerQuarter = Annotated[float, Meta(gt=0, le=3_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(min_length=1)]
ServiceId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class TimeMs(int):
    """Event time in milliseconds; RFC 3339 in the file."""


class Usual(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a normal day holds: `per_minute` on average, a daily wave in the service's zone, noise around it.

    `amplitude`: height of the wave as a share of the average. `weekend`: factor on local Saturdays and Sundays.
    `dispersion`: variance of a minute beyond Poisson, relative to the mean squared (negative binomial).
    `wander`: standard deviation of the level's own drift from hour to hour, as a share.
    """

    per_minute: PerMinute
    amplitude: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    peak_hour: Annotated[float, Meta(ge=0, lt=24)] = 20.0
    weekend: Positive = 1.0
    dispersion: Annotated[float, Meta(ge=0, le=4)] = 0.03
    wander: Annotated[float, Meta(ge=0, le=0.5)] = 0.0


class Point(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The level at one moment: exactly one of `per_quarter`, `per_minute` and `times_usual`, and where it is from.

    `per_quarter` is a rate at that moment, stated per quarter of an hour as the press does.
    """

    time_ms: TimeMs = field(name="time")
    per_quarter: PerQuarter | None = None
    per_minute: PerMinute | None = None
    times_usual: Positive | None = None
    source: Text
    note: str | None = None


class RegionShares(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where events come from at one moment; linear between moments. Shares are scaled to a sum of one."""

    time_ms: TimeMs | None = field(name="time", default=None)
    shares: Annotated[dict[str, Annotated[float, Meta(ge=0)]], Meta(min_length=1)]
    source: Text
    note: str | None = None


class Wording(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A text that users saw. `share` of all reports that carry it; the rest carry none."""

    text: Text
    lang: str
    share: Share
    source: Text


class Reports(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How people report. The curve takes the place of the usual level from its first to its last point.

    `repeats`: share of reports sent again within the minute (duplicates, on top of the curve). `again`: share of
    reports by somebody who reported before. `total_every_s`: no reporters but totals of so many seconds, as importers
    send them.
    """

    usual: Usual
    curve: list[Point] = []
    curve_dispersion: Annotated[float, Meta(ge=0, le=4)] = 0.003
    symptoms: dict[str, Annotated[float, Meta(ge=0)]] = {}
    texts: list[Wording] = []
    repeats: Share = 0.0
    again: Share = 0.0
    total_every_s: Literal[10, 20, 30, 60] | None = None
    source: Text = "web"


class ErrorKind(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One type of error with its message and, where it names one, the dependency that failed."""

    type: Text
    share: Annotated[float, Meta(ge=0)]
    message: str | None = None
    dependency: ServiceId | None = None


class Collector(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A source of error records and the regions it serves; without `regions`: all that no other serves."""

    source: Text
    regions: list[str] = []


class Sample(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A share of the errors that comes one by one with the user it happened to, beside the collectors' counts."""

    source: Text
    share: Share


class Errors(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How machines notice: one record per collector, region, type and `count_every_s`, with a count.

    `resent`: share of records that a collector sends twice with the same id (duplicates).
    """

    usual: Usual
    kinds: Annotated[list[ErrorKind], Meta(min_length=1)]
    collectors: Annotated[list[Collector], Meta(min_length=1)]
    curve: list[Point] = []
    curve_dispersion: Annotated[float, Meta(ge=0, le=4)] = 0.003
    count_every_s: Literal[10, 20, 30, 60] = 10
    sample: Sample | None = None
    resent: Share = 0.0


Feed = Reports | Errors


class ScenarioService(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One service of the scenario and its two witnesses."""

    id: ServiceId
    zone: str = "UTC"
    regions: list[RegionShares] = []
    reports: Reports | None = None
    errors: Errors | None = None


class CitedStatement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What officials said, and where that is reported."""

    about: ServiceId
    time_ms: TimeMs = field(name="time")
    status: StatementStatus
    by: Text
    text: str | None = None
    lang: str | None = "en"
    url: str | None = None
    cause: str | None = None
    source: Text
    note: str | None = None


class Between(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A span of event time, both ends included."""

    from_ms: TimeMs = field(name="from")
    to_ms: TimeMs = field(name="to")


class ExpectedWindow(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A window that must come out. `opened` has to lie at most `opened_within_s` after `onset`."""

    service: ServiceId
    onset_ms: TimeMs = field(name="onset")
    opened_within_s: int
    started: Between
    peak: Between | None = None
    ended: Between | None = None
    closed_by_ms: TimeMs | None = field(name="closed_by", default=None)
    acknowledged_ms: TimeMs | None = field(name="acknowledged", default=None)
    all_clear_ms: TimeMs | None = field(name="all_clear", default=None)
    severity: Literal["minor", "major", "critical"] | None = None
    verdict: str | None = None
    ruled_out: list[str] = []


class Expectation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must come out: exactly these windows, or at most so many others and none above `others_at_worst`."""

    windows: list[ExpectedWindow] = []
    none_for: list[ServiceId] = []
    others_at_most: int = 0
    others_at_worst: Literal["minor", "major", "critical"] = "minor"


class Scenario(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stretch of event time to replay, after `history_days` of usual level to learn from."""

    id: ServiceId
    title: Text
    note: Text
    start_ms: TimeMs = field(name="start")
    end_ms: TimeMs = field(name="end")
    seed: Annotated[int, Meta(ge=0)]
    history_days: Annotated[int, Meta(ge=0, le=60)] = 14
    services: Annotated[list[ScenarioService], Meta(min_length=1)]
    statements: list[CitedStatement] = []
    expect: Expectation = Expectation()
