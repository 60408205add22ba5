"""The published record of a window, written from its state."""

from __future__ import annotations

from collections.abc import Iterable

from streams.contracts import sketches
from streams.contracts.events import SIGNALS, Signal
from streams.contracts.series import Direction
from streams.contracts.times import BUCKET_MS, bucket_start, rfc3339
from streams.contracts.windows import (
    Affected,
    Cause,
    Change,
    Clocks,
    Collateral,
    Lags,
    Operator,
    Peak,
    Phase,
    Previous,
    Quality,
    RegionShare,
    SymptomShare,
    TextShare,
    Window,
    Witness,
    Witnesses,
)
from streams.contracts.windows import (
    WindowState as State,
)
from streams.windows.confidence import confidence
from streams.windows.gathered import WHO_NEEDED, Sums, TextSum
from streams.windows.official import official_clocks, statements_seen
from streams.windows.planned import in_planned_work, overran
from streams.windows.rounding import rounded
from streams.windows.services import Service
from streams.windows.state import WindowState
from streams.windows.totals import Row, Totals, settled_phases

TEXTS_SHOWN = 10
SYMPTOMS_SHOWN = 20  # an open list; beyond that many it is free text, which is not what the field is for
ERRORS_NEEDED = 5  # error events from which on a text is public; reporters: WHO_NEEDED


def state_of(window: WindowState) -> State:
    if window.retracted:
        return "retracted"
    return "open" if window.closed is None else "closed"


def write(
    window: WindowState, change: Change, now: int, service: Service | None, cause: Cause, previous: Previous
) -> Window:
    """The revision of bucket `now`. `service`: its entry in the catalogue, None where it has none."""
    totals = {signal: window.totals(signal, now) for signal in SIGNALS}
    sums = {signal: window.details(signal, now) for signal in SIGNALS if window.of(signal)}
    leading = window.leading()
    return rounded(
        Window(
            window=window.id,
            revision=window.revision,
            change=change,
            time=bucket_start(now + 1),
            state=state_of(window),
            service=window.service,
            severity=window.severity,
            confidence=confidence((trace.signal, trace.evidence) for trace in window.traces),
            clocks=_clocks(window, totals[leading]),
            lags_s=_lags(window),
            witnesses=Witnesses(*(_witness(window, signal, totals[signal]) for signal in SIGNALS)),
            regions=_regions(window, sums.get(leading, Sums()), service),
            symptoms=_symptoms(sums.get("reports", Sums())),
            texts=_texts(sums),
            affected=_affected(window, totals["reports"], sums),
            cause=cause,
            collateral=Collateral(),
            phases=_phases(totals[leading], window.direction(leading)),
            statements=statements_seen(window.statements, window.service, window.started_ms, until_ms(window, now)),
            operator=window.operator or Operator(),
            quality=_quality(window, now, totals, sums, service),
            previous=previous,
            scenario=_scenario(window, sums),
        )
    )


def until_ms(window: WindowState, now: int) -> int:
    """The end of the outage, or the end of bucket `now` while it is on."""
    return (now + 1) * BUCKET_MS if window.ended_ms is None else window.ended_ms


def _end_of(bucket: int | None) -> str | None:
    return None if bucket is None else bucket_start(bucket + 1)


def _clocks(window: WindowState, leading: Totals) -> Clocks:
    official = official_clocks(window.statements, window.service, window.started_ms)
    peak = leading.peak(window.direction(window.leading()))
    return Clocks(
        started=bucket_start(window.started),
        opened=bucket_start(window.opened + 1),
        peak=None if peak is None else bucket_start(peak.bucket),
        reports_ended=_end_of(window.signal_ended("reports")),
        errors_ended=_end_of(window.signal_ended("errors")),
        ended=None if window.closed is None else _end_of(window.ended),
        closed=_end_of(window.closed),
        acknowledged=None if official.acknowledged_ms is None else rfc3339(official.acknowledged_ms),
        all_clear=None if official.all_clear_ms is None else rfc3339(official.all_clear_ms),
    )


def _lags(window: WindowState) -> Lags:
    official = official_clocks(window.statements, window.service, window.started_ms)

    def lag_s(time_ms: int | None) -> int | None:
        return None if time_ms is None else (time_ms - window.started_ms) // 1000

    opened_s = (window.opened + 1 - window.started) * BUCKET_MS // 1000
    return Lags(opened_s, lag_s(official.acknowledged_ms), lag_s(official.all_clear_ms))


def _witness(window: WindowState, signal: Signal, totals: Totals) -> Witness:
    track, direction = window.tracks[signal], window.direction(signal)
    if track.now == "absent":
        return Witness(direction, "absent")
    return Witness(
        direction=direction,
        state=track.now,
        total=totals.observed,
        expected=totals.expected,
        excess=totals.observed - totals.expected,
        peak=_peak(totals.peak(direction)),
        score=totals.score,
    )


def _peak(row: Row | None) -> Peak | None:
    if row is None:
        return None
    bucket_s = BUCKET_MS // 1000
    return Peak(bucket_start(row.bucket), row.observed, row.expected, row.lower, row.upper, bucket_s)


def _regions(window: WindowState, sums: Sums, service: Service | None) -> list[RegionShare]:
    """Where, by the leading witness. A region is affected if it was judged so itself, or is the service's only one."""
    only = list(service.regions) if service is not None and len(service.regions) == 1 else []
    affected = {*window.affected_regions(), *only}
    drop = window.direction(window.leading()) == "drop"
    shares = [
        RegionShare(
            region=name,
            count=region.count,
            expected=region.expected,
            peak=region.lowest if drop else region.highest,
            share=region.count / sums.events if sums.events else 0.0,
            affected=name in affected,
        )
        for name, region in sums.regions.items()
    ]
    # One that fell silent has no events to be told by, and yet it is where the outage is.
    shares += [RegionShare(name, 0, None, 0, 0.0, True) for name in affected - sums.regions.keys()]
    return sorted(shares, key=lambda share: (-share.count, share.region))


def _symptoms(sums: Sums) -> list[SymptomShare]:
    """What reporters noticed; shares are of all reports told in detail, also of those without a symptom."""
    whole = max(sums.events, sum(sums.kinds.values()))
    ordered = sorted(sums.kinds.items(), key=lambda kind: (-kind[1], kind[0]))
    return [SymptomShare(symptom, count, count / whole) for symptom, count in ordered[:SYMPTOMS_SHOWN] if count]


def _texts(sums: dict[Signal, Sums]) -> list[TextShare]:
    """The most frequent texts that many carry: reports are private until they are many.

    A text is one however it came; its language is the one most often named with it (errors name none).
    """
    alike: dict[str, list[tuple[Signal, TextSum]]] = {}
    for signal in SIGNALS:
        for text in sums.get(signal, Sums()).texts.values():
            alike.setdefault(text.text, []).append((signal, text))
    public = [
        TextShare(text, _language(one for _, one in same), sum(one.count for _, one in same))
        for text, same in alike.items()
        if _is_public(same)
    ]
    return sorted(public, key=lambda share: (-share.count, share.text))[:TEXTS_SHOWN]


def _is_public(same: list[tuple[Signal, TextSum]]) -> bool:
    reporters = {who for signal, text in same if signal == "reports" for who in text.who}
    errors = sum(text.count for signal, text in same if signal == "errors")
    return len(reporters) >= WHO_NEEDED or errors >= ERRORS_NEEDED


def _language(texts: Iterable[TextSum]) -> str | None:
    counts: dict[str, int] = {}
    for text in texts:
        if text.lang is not None:
            counts[text.lang] = counts.get(text.lang, 0) + text.count
    return min(counts, key=lambda lang: (-counts[lang], lang), default=None)


def _affected(window: WindowState, reports: Totals, sums: dict[Signal, Sums]) -> Affected:
    counted = None if window.tracks["reports"].now == "absent" else reports.observed
    reporters = _people(sums.get("reports"))
    if reporters is not None and counted is not None:
        reporters = min(reporters, counted)  # each reporter is counted at least once, so more is the sketch's error
    users = _people(sums.get("errors"))
    known = reporters is not None or users is not None
    return Affected(counted, reporters, users, sketches.RELATIVE_ERROR if known else None)


def _people(sums: Sums | None) -> int | None:
    """None where nobody named himself: nobody known is not nobody."""
    return sketches.estimate(sums.people) if sums is not None and sums.people else None


def _phases(totals: Totals, direction: Direction) -> list[Phase]:
    """Shares: of all events of the leading witness; in a drop, of what was missing."""
    spans = settled_phases(totals.phases)
    whole = sum(span.departed if direction == "drop" else span.observed for span in spans)
    return [
        Phase(
            from_=bucket_start(span.start),
            to=bucket_start(span.last + 1),
            kind=span.kind,
            peak=span.peak,
            share=(span.departed if direction == "drop" else span.observed) / whole if whole else 0.0,
        )
        for span in spans
    ]


def _quality(
    window: WindowState, now: int, totals: dict[Signal, Totals], sums: dict[Signal, Sums], service: Service | None
) -> Quality:
    """Baseline: the poorest of the elevated witnesses. Blind: a minute in which either signal was, counts once."""
    elevated = [track for signal in SIGNALS if (track := window.tracks[signal]).baseline_days is not None]
    order = ("cold", "warming", "ready")
    last = now if window.closed is None or window.ended is None else window.ended
    sources = {name for told in sums.values() for name in told.sources}
    return Quality(
        baseline=min((track.baseline for track in elevated), key=order.index, default="cold"),
        baseline_days=min((track.baseline_days or 0 for track in elevated), default=0),
        blind_s=window.blind_buckets(last) * BUCKET_MS // 1000,
        late=sum(total.late for total in totals.values()),
        incomplete=any(total.incomplete for total in totals.values()),
        maintenance=in_planned_work(window, service, now),
        maintenance_overran=overran(window, service, now),
        sources_heard=len(sources) or None,
    )


def _scenario(window: WindowState, sums: dict[Signal, Sums]) -> str | None:
    """Once a part of it is synthesised, the whole window must not be quoted as measured."""
    said = [at.statement.scenario for at in window.statements] + [told.scenario for told in sums.values()]
    return min((scenario for scenario in said if scenario is not None), default=None)
