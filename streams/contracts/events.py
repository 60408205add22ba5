"""What comes in: error events, user reports, official statements, operators' feedback, clock records.

Required fields are those without a default. `null` means absent. Unknown fields are ignored. Text longer than 500
characters is cut when it is counted, never refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
StatementStatus = Literal["operational", "investigating", "identified", "monitoring", "resolved"]
FeedbackAction = Literal["confirmed", "false_alarm", "acknowledged", "silenced"]

Signal = Literal["errors", "reports"]
SIGNALS: tuple[Signal, ...] = ("errors", "reports")
INPUT_TOPICS = ("errors", "reports", "statements", "feedback")

OTHER = "other"  # the service of every name the catalogue does not know, and the region it does not list
UNKNOWN = "unknown"  # the region of an event that names none


class ErrorEvent(Struct, gc=False, frozen=True):
    """A machine noticed a failure. `count`: this record stands for so many."""

    service: str
    time: str | int | float
    id: str | None = None
    region: str | None = None
    type: str | None = None
    message: str | None = None
    count: Count | None = None
    user: str | None = None
    source: str | None = None
    dependency: str | None = None
    scenario: str | None = None


class Report(Struct, gc=False, frozen=True):
    """A person noticed a failure. The first report of a `reporter` on a service in each quarter of an hour counts."""

    service: str
    time: str | int | float
    id: str | None = None
    region: str | None = None
    symptom: str | None = None
    text: str | None = None
    lang: str | None = None
    reporter: str | None = None
    count: Count | None = None
    source: str | None = None
    scenario: str | None = None


class Statement(Struct, gc=False, frozen=True):
    """The operator, or its provider, said something. `about` may be a provider."""

    about: str
    time: str | int | float
    status: StatementStatus
    by: str | None = None
    text: str | None = None
    lang: str | None = None
    url: str | None = None
    cause: str | None = None
    scenario: str | None = None


class Feedback(Struct, gc=False, frozen=True):
    """What an operator says of a window. The latest in log order holds."""

    window: str
    action: FeedbackAction
    by: str
    time: str | int | float
    reason: str | None = None
    until: str | int | float | None = None


class ClockRecord(Struct, gc=False, frozen=True, forbid_unknown_fields=True):
    """Moves the time of the partition it lies in; only where `clock = "record"`."""

    clock: str | int | float


Event = ErrorEvent | Report | Statement | Feedback
EVENT_TYPES: dict[str, type[ErrorEvent] | type[Report] | type[Statement] | type[Feedback]] = {
    "errors": ErrorEvent,
    "reports": Report,
    "statements": Statement,
    "feedback": Feedback,
}
