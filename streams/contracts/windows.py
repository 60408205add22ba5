"""Window revisions on `windows`: one outage of one service, as CloudEvents 1.0 in structured JSON.

A field that is not known is `null`, never guessed. Fields and their meaning never change within a major version.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from streams.contracts.events import StatementStatus
from streams.contracts.series import BaselineState, Direction

Change = Literal["opened", "updated", "closed", "reopened", "retracted", "restored"]
WindowState = Literal["open", "closed", "retracted"]
Severity = Literal["minor", "major", "critical"]
WitnessState = Literal["elevated", "normal", "blind", "absent"]


class Clocks(Struct, gc=False):
    """RFC 3339. Dated back: started, peak, reports_ended, errors_ended, ended. Decided: opened, closed."""

    started: str
    opened: str
    peak: str | None = None
    reports_ended: str | None = None
    errors_ended: str | None = None
    ended: str | None = None
    closed: str | None = None
    acknowledged: str | None = None
    all_clear: str | None = None


class Lags(Struct, gc=False):
    """Seconds from `started`."""

    opened: int
    acknowledged: int | None = None
    all_clear: int | None = None


class Peak(Struct, gc=False):
    """The most extreme bucket."""

    time: str
    count: int
    expected: float
    lower: float
    upper: float
    bucket_s: int


class Witness(Struct, gc=False):
    """What one signal says of the outage. Totals run from `started` to the end of the outage (or until now)."""

    direction: Direction
    state: WitnessState
    total: int | None = None
    expected: float | None = None
    excess: float | None = None
    peak: Peak | None = None
    score: float | None = None


class Witnesses(Struct, gc=False):
    errors: Witness
    reports: Witness


class RegionShare(Struct, gc=False):
    region: str
    count: int
    expected: float | None
    peak: int
    share: float
    affected: bool


class SymptomShare(Struct, gc=False):
    symptom: str
    count: int
    share: float


class TextShare(Struct, gc=False):
    text: str
    lang: str | None
    count: int


class Estimate(Struct, gc=False):
    low: int
    high: int
    method: str


class Affected(Struct, gc=False):
    """Who is affected. A report is never called a user."""

    reports: int | None = None
    reporters: int | None = None
    users_in_errors: int | None = None
    relative_error: float | None = None
    estimate: Estimate | None = None


class Fact(Struct, gc=False):
    """One piece of evidence. `weight`: natural logarithm of its likelihood ratio. Languages are written from `code`."""

    code: str
    params: dict[str, Any]
    text: str
    time: str | None = None
    weight: float | None = None
    url: str | None = None


class Because(Struct, gc=False):
    code: str
    text: str


class Candidate(Struct, gc=False, rename={"for_": "for"}):
    candidate: str
    probability: float | None
    for_: list[Fact] = []
    against: list[Fact] = []
    ruled_out: bool = False
    because: Because | None = None


class Cause(Struct, gc=False):
    """`verdict` is the word before the colon of the winning candidate, `of` what follows."""

    verdict: str = "undetermined"
    of: str | None = None
    window: str | None = None
    chain: list[str] = []
    probability: float | None = None
    candidates: list[Candidate] = []


class Bystander(Struct, gc=False):
    service: str
    raw: int
    moved: int
    kept: int


class Collateral(Struct, gc=False):
    of: str | None = None
    bystanders: list[Bystander] = []
    received: int = 0
    given_away: int = 0


class Phase(Struct, gc=False, rename={"from_": "from"}):
    from_: str
    to: str
    kind: Literal["surge", "lingering"]
    peak: int
    share: float


class Contradicted(Struct, gc=False, rename={"from_": "from"}):
    from_: str
    to: str


class StatementSeen(Struct, gc=False):
    """A statement on this outage. `contradicted`: it said operational while the outage was on."""

    about: str
    time: str
    status: StatementStatus
    by: str | None = None
    text: str | None = None
    lang: str | None = None
    url: str | None = None
    contradicted: Contradicted | None = None


class Operator(Struct, gc=False):
    action: str | None = None
    by: str | None = None
    time: str | None = None


class Quality(Struct, gc=False):
    baseline: BaselineState = "cold"
    baseline_days: int = 0
    blind_s: int = 0
    late: int = 0
    incomplete: bool = False
    maintenance: bool = False  # some of it lay in planned work
    maintenance_overran: bool = False  # and it was elevated still ten minutes after that was over
    sources_heard: int | None = None
    sources_expected: int | None = None


class Previous(Struct, gc=False):
    window: str | None = None
    count_365d: int = 0
    median_s: int | None = None


class Window(Struct, gc=False):
    """The `data` of a revision."""

    window: str
    revision: int
    change: Change
    time: str
    state: WindowState
    service: str
    severity: Severity
    confidence: float
    clocks: Clocks
    lags_s: Lags
    witnesses: Witnesses
    regions: list[RegionShare]
    symptoms: list[SymptomShare]
    texts: list[TextShare]
    affected: Affected
    cause: Cause
    collateral: Collateral
    phases: list[Phase]
    statements: list[StatementSeen]
    operator: Operator
    quality: Quality
    previous: Previous
    scenario: str | None = None


class WindowEvent(Struct, gc=False):
    """CloudEvents 1.0, structured mode; header `content-type: application/cloudevents+json`."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"]
    dataschema: Literal["urn:outage-streams:window:1"]
    data: Window
