"""What officials said of an outage: which statements belong to a window, and the two clocks that they set.

A statement takes effect at the later of its own time and the time at which it came; its own time stands in the clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.contracts.series import StatementAt
from streams.contracts.times import DAY_MS, parse_time_ms, rfc3339
from streams.contracts.windows import Contradicted, StatementSeen

JOINS_AFTER_MS = DAY_MS  # the contract: a window that ended less than 24 h before
# A statement on an incident may be dated a little before the first evidence of it (its author knew); more than half an
# hour before, it speaks of something else.
JOINS_BEFORE_MS = 30 * 60_000
ACKNOWLEDGING = ("investigating", "identified", "monitoring")


@dataclass(frozen=True, slots=True)
class OfficialClocks:
    acknowledged_ms: int | None = None
    all_clear_ms: int | None = None


def own_ms(at: StatementAt) -> int:
    """The statement's own time."""
    return parse_time_ms(at.statement.time)


def effective_ms(at: StatementAt) -> int:
    return parse_time_ms(at.effective)


def in_order(statements: Iterable[StatementAt]) -> list[StatementAt]:
    """By their own time."""
    return sorted(statements, key=lambda at: (own_ms(at), effective_ms(at), at.offset))


def joins(at: StatementAt, started_ms: int, ended_ms: int | None) -> bool:
    """Whether a statement may belong to the window from `started_ms` to `ended_ms` (None: still open)."""
    in_time = ended_ms is None or effective_ms(at) - ended_ms < JOINS_AFTER_MS
    return in_time and own_ms(at) >= started_ms - JOINS_BEFORE_MS


def official_clocks(statements: Iterable[StatementAt], service: str, started_ms: int) -> OfficialClocks:
    """When the service's own officials first admitted the outage and when they first called it over.

    A `resolved` or `operational` from before the outage ends nothing.
    """
    acknowledged: int | None = None
    for at in in_order(statements):
        status, time_ms = at.statement.status, own_ms(at)
        if at.statement.about != service:
            continue  # a provider acknowledges only its own
        if status in ACKNOWLEDGING and acknowledged is None:
            acknowledged = time_ms
        over = status == "resolved" or (status == "operational" and acknowledged is not None)
        if over and time_ms >= started_ms:
            return OfficialClocks(acknowledged, time_ms)
    return OfficialClocks(acknowledged)


def statements_seen(
    statements: Sequence[StatementAt], service: str, started_ms: int, until_ms: int
) -> list[StatementSeen]:
    """The statements as published. `until_ms`: the end of the outage, or now."""
    ordered = in_order(statements)
    return [
        StatementSeen(
            about=at.statement.about,
            time=rfc3339(own_ms(at)),
            status=at.statement.status,
            by=at.statement.by,
            text=at.statement.text,
            lang=at.statement.lang,
            url=at.statement.url,
            contradicted=contradicted(at, ordered, service, started_ms, until_ms),
        )
        for at in ordered
    ]


def contradicted(
    at: StatementAt, ordered: Sequence[StatementAt], service: str, started_ms: int, until_ms: int
) -> Contradicted | None:
    """The stretch of outage during which this statement said that all was fine; None where it did not.

    It held from its own time until its officials said otherwise, or until the outage was over. After an acknowledgement
    `operational` is the all-clear, and no contradiction.
    """
    if at.statement.status != "operational" or at.statement.about != service:
        return None
    own = [other for other in ordered if other.statement.about == service]
    if any(other.statement.status in ACKNOWLEDGING and own_ms(other) <= own_ms(at) for other in own):
        return None
    otherwise = [
        own_ms(other) for other in own if other.statement.status != "operational" and own_ms(other) > own_ms(at)
    ]
    begin, end = max(own_ms(at), started_ms), min([until_ms, *otherwise])
    return Contradicted(rfc3339(begin), rfc3339(end)) if begin < end else None
