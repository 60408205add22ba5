"""Bucket reports on `series`: what every service of one tallies partition did in one bucket, in columns.

Columns run parallel to `services` and speak of the service as a whole. What is judged per region stands in `states`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from streams.contracts.events import Feedback, Signal, Statement

Direction = Literal["surge", "drop", "none"]
BaselineState = Literal["cold", "warming", "ready"]


class SeriesState(Struct, gc=False, frozen=True, omit_defaults=True):
    """One judged series with an outage in it: open since `started`, or closed by this very bucket.

    Times are begins of buckets. `ended` (when closed): the last elevated bucket. `evidence`: log-likelihood ratio in
    nats with which it is (or was) open. `region` None: the whole service.
    """

    service: str
    direction: Direction
    state: Literal["open", "closed"]
    started: str
    detected: str
    evidence: float
    region: str | None = None
    elevated: bool = True  # this bucket itself lies outside its bounds
    ended: str | None = None


class Leaning(Struct, gc=False, frozen=True):
    """A whole service that leans towards an outage without being open: two witnesses that lean together may open one.

    `evidence`: as a share of what would open it alone, 0..1. `started`: begin of the first bucket of the lean.
    """

    service: str
    direction: Direction
    started: str
    evidence: float


class TextCount(Struct, gc=False, frozen=True, omit_defaults=True):
    """A masked text, how many events carried it, and (reports) the five smallest hashes of its reporters."""

    text: str
    count: int
    lang: str | None = None
    who: list[int] = []


class Detail(Struct, gc=False, frozen=True, omit_defaults=True):
    """What one bucket of one service with an open outage held. When an outage opens, also its earlier buckets.

    `people`: HyperLogLog registers, see sketches. `expected`: by region. `kinds`: symptoms or error types.
    """

    service: str
    bucket: str
    regions: dict[str, int] = {}
    expected: dict[str, float] = {}
    kinds: dict[str, int] = {}
    sources: dict[str, int] = {}
    dependencies: dict[str, int] = {}
    texts: list[TextCount] = []
    people: bytes = b""
    scenario: str | None = None


class StatementAt(Struct, gc=False, frozen=True):
    """A statement with the moment it takes effect and its offset, by which repeats are known."""

    effective: str
    offset: int
    statement: Statement


class FeedbackAt(Struct, gc=False, frozen=True):
    """Feedback with the moment it takes effect and its offset."""

    effective: str
    offset: int
    feedback: Feedback


class BucketReport(Struct, gc=False, frozen=True, omit_defaults=True, tag_field="record", tag="bucket"):
    """One tallies partition, signal and bucket. A done mark: after it the bucket never changes.

    `blind`: the signal was not seen in this bucket (the columns hold what little was). `incomplete`: a source
    partition was given up. `baseline`: by service, only where not `ready`.
    """

    partition: int
    partitions: int
    signal: Signal
    bucket: str
    bucket_s: int
    services: list[str]
    observed: list[int]
    expected: list[float]
    lower: list[float]
    upper: list[float]
    score: list[float]
    states: list[SeriesState] = []
    leaning: list[Leaning] = []
    details: list[Detail] = []
    late: dict[str, int] = {}
    baseline: dict[str, BaselineState] = {}
    baseline_days: dict[str, int] = {}
    absent: list[str] = []  # services that never sent this signal
    statements: list[StatementAt] = []
    feedback: list[FeedbackAt] = []
    blind: bool = False
    incomplete: bool = False


class GoOn(Struct, gc=False, frozen=True, tag_field="record", tag="go_on"):
    """Written by correlate, obeyed when read back: bucket `bucket` is taken without `signal`, which has stalled."""

    signal: Signal
    bucket: str


SeriesRecord = BucketReport | GoOn
