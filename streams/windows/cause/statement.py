"""Evidence: what officials said. They know most, and have their reasons to say it; so they weigh much, never all."""

from __future__ import annotations

from collections.abc import Iterable

from streams.contracts.series import StatementAt
from streams.contracts.times import rfc3339
from streams.contracts.windows import Fact, StatementSeen
from streams.windows.cause.candidates import OWN, is_candidate
from streams.windows.cause.evidence import Evidence
from streams.windows.official import ACKNOWLEDGING, in_order, own_ms

NAMES_CAUSE_NATS = 3.0  # 20 to 1: an operator that names a cause has looked; it may be wrong or may shift the blame
PROVIDER_ADMITS_NATS = 2.0  # 7 to 1: the provider has an incident, which need not be the one that hit this service
PROVIDER_FINE_NATS = 0.5  # 1.6 to 1: provider pages say "operational" for hours into an outage
# A page that says "operational" during an outage is wrong whatever the cause was: worth telling, no evidence.
PAGE_CONTRADICTED_NATS = 0.0


def named_causes(statements: Iterable[StatementAt], service: str) -> list[str]:
    """Candidates that statements name, in this service's terms."""
    return sorted({cause for at in statements if (cause := _cause(at, service)) is not None})


def statement_evidence(statements: Iterable[StatementAt], service: str) -> list[Evidence]:
    """What each statement says of a candidate. Of several that say the same, the first counts."""
    found: dict[tuple[str, str], Evidence] = {}
    for at in in_order(statements):
        evidence = _of_statement(at, service)
        if evidence is not None:
            found.setdefault((evidence.candidate, evidence.fact.code), evidence)
    return list(found.values())


def page_contradicted(seen: Iterable[StatementSeen]) -> list[Evidence]:
    """The page said fine while it was not."""
    found = []
    for statement in seen:
        if statement.contradicted is not None:
            params = {"by": statement.by, "from": statement.contradicted.from_, "to": statement.contradicted.to}
            text = f"{statement.by or 'The status page'} said operational while it was not"
            weight = PAGE_CONTRADICTED_NATS
            fact = Fact("status_page_contradicted", params, text, statement.time, weight, statement.url)
            found.append(Evidence(OWN, fact, weight))
    return found


def _cause(at: StatementAt, service: str) -> str | None:
    said, about = at.statement.cause, at.statement.about
    if said is None or not is_candidate(said):
        return None
    if about == service:
        return said
    return f"provider:{about}" if said == OWN else None  # a provider's own fault is the provider, seen from here


def _of_statement(at: StatementAt, service: str) -> Evidence | None:
    statement, time, cause = at.statement, rfc3339(own_ms(at)), _cause(at, service)
    by = statement.by or statement.about
    if cause is not None:
        text = f"{by} named its own systems" if statement.cause == OWN else f"{by} named {cause} as the cause"
        return _evidence(cause, "statement_names_cause", {"by": by, "cause": cause}, text, time, NAMES_CAUSE_NATS, at)
    if statement.about == service:
        return None
    candidate, params = f"provider:{statement.about}", {"by": by, "provider": statement.about}
    if statement.status in ACKNOWLEDGING:
        text = f"{by} reported an incident at {statement.about}"
        return _evidence(candidate, "provider_acknowledged", params, text, time, PROVIDER_ADMITS_NATS, at)
    if statement.status == "operational":
        text = f"{by} called {statement.about} operational"
        return _evidence(candidate, "provider_operational", params, text, time, -PROVIDER_FINE_NATS, at)
    return None


def _evidence(
    candidate: str, code: str, params: dict[str, str], text: str, time: str, nats: float, at: StatementAt
) -> Evidence:
    fact = Fact(code, dict(params), text, time, abs(nats), at.statement.url)
    return Evidence(candidate, fact, nats, "its operator called it operational" if nats < 0 else None)
