"""What a window amounts to at a bucket: how bad, why, and whether that is news."""

from __future__ import annotations

from dataclasses import dataclass

from streams.contracts.events import SIGNALS, Signal
from streams.contracts.windows import Cause, Change, Severity
from streams.windows.cause.candidates import candidates
from streams.windows.cause.other_customers import other_customers
from streams.windows.cause.statement import named_causes, page_contradicted, statement_evidence
from streams.windows.cause.verdict import weigh
from streams.windows.confidence import confidence
from streams.windows.official import official_clocks, statements_seen
from streams.windows.planned import overran
from streams.windows.revision import state_of, until_ms
from streams.windows.services import Service
from streams.windows.severity import severity, worse
from streams.windows.significance import Noted, NotedPeak, changed
from streams.windows.state import WindowState
from streams.windows.totals import Totals


@dataclass(frozen=True, slots=True)
class Judgement:
    """`change` None: nothing that a reader would act on."""

    change: Change | None
    cause: Cause
    noted: Noted


def judge(window: WindowState, service: Service | None, now: int) -> Judgement:
    """Judges the window; its severity rises here and never falls."""
    totals = {signal: window.totals(signal, now) for signal in SIGNALS}
    window.severity = worse(window.severity, _severity(window, totals, service, now))
    cause = explain(window, service, now)
    noted = _noted(window, totals, cause, overran(window, service, now))
    rows = {signal: window.tracks[signal].rows for signal in SIGNALS}
    news = window.noted is None or changed(window.noted, noted, rows)
    return Judgement(_change(window, noted, news), cause, noted)


def explain(window: WindowState, service: Service | None, now: int) -> Cause:
    """The cause, from everything that is known of it so far."""
    seen = statements_seen(window.statements, window.service, window.started_ms, until_ms(window, now))
    evidence = [
        *statement_evidence(window.statements, window.service),
        *page_contradicted(seen),
        *other_customers(window.customers),
    ]
    named = named_causes(window.statements, window.service)
    return weigh(candidates(service, named), evidence, window.service)


def _severity(window: WindowState, totals: dict[Signal, Totals], service: Service | None, now: int) -> Severity:
    regions = len(service.regions) if service is not None else 0
    whole = any(trace.region is None for trace in window.traces)
    lasted = (now if window.ended is None else window.ended) - window.started + 1
    return severity(
        [(window.direction(signal), totals[signal]) for signal in SIGNALS if window.of(signal)],
        lasted,
        confidence((trace.signal, trace.evidence) for trace in window.traces),
        wide=whole or 2 * len(window.affected_regions()) >= max(regions, 1),
    )


def _change(window: WindowState, noted: Noted, news: bool) -> Change | None:
    """The change is the difference from what was published last, so that nothing has to be remembered between."""
    if window.published is None:
        return "opened"
    before, now = window.published.state, state_of(window)
    if before != now:
        changes: dict[tuple[str, str], Change] = {("open", "closed"): "closed", ("closed", "open"): "reopened"}
        return changes.get((before, now), "retracted" if now == "retracted" else "restored")
    if window.retracted:  # it was no outage: only what its operator says of it is news
        return "updated" if window.noted is not None and noted.operator != window.noted.operator else None
    return "updated" if news else None


def _noted(window: WindowState, totals: dict[Signal, Totals], cause: Cause, outlasts_work: bool) -> Noted:
    official = official_clocks(window.statements, window.service, window.started_ms)
    operator = window.operator
    peaks = {}
    for signal in SIGNALS:
        peak = totals[signal].peak(window.direction(signal))
        if window.of(signal) and peak is not None:
            peaks[signal] = NotedPeak(peak.bucket, abs(peak.excess))
    return Noted(
        severity=window.severity,
        started=window.started,
        witnesses=[(window.tracks[signal].now, window.direction(signal)) for signal in SIGNALS],
        regions=window.affected_regions(),
        statements=sorted(at.offset for at in window.statements),
        official=(official.acknowledged_ms, official.all_clear_ms),
        cause=(cause.verdict, cause.of),
        ruled_out=sorted(candidate.candidate for candidate in cause.candidates if candidate.ruled_out),
        operator=(None, None, None) if operator is None else (operator.action, operator.by, operator.time),
        peaks=peaks,
        overran=outlasts_work,
    )
