"""What one revision says that the one before it did not, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from streams.contracts.events import SIGNALS
from streams.contracts.windows import Window
from streams.windows.sentences import after, ended, peak, ruled_out, said, state_of, totals, verdict, witness
from streams.windows.words import capital, clock, listed, printable

# A peak is told again when it has grown by a tenth; below that it is the same minute as before, counted on.
PEAK_GROWTH = 1.1


def news(window: Window, before: Window) -> Iterator[str]:
    """Sentences in the order in which a reader would ask. Empty when nothing a reader would notice changed."""
    if window.severity != before.severity:
        yield f"Now {window.severity} (was {before.severity})."
    if window.clocks.started != before.clocks.started:
        started = clock(window.clocks.started, window.time)
        yield f"It began at {started}, not at {clock(before.clocks.started, window.time)}."
    yield from _states(window, before)
    peaks = list(_peaks(window, before))
    yield from peaks
    yield from _regions(window, before)
    yield from _officials(window, before)
    yield from _cause(window, before)
    if window.operator != before.operator and window.operator.action is not None:
        action = window.operator.action.replace("_", " ")
        yield f"{capital(printable(window.operator.by or 'an operator'))} called it {action}."
    if window.state == "open" and not peaks:
        yield f"{capital(totals(window))} so far."


def _states(window: Window, before: Window) -> Iterator[str]:
    for signal in SIGNALS:
        now = witness(window, signal)
        if now.state != witness(before, signal).state:
            ended = window.clocks.errors_ended if signal == "errors" else window.clocks.reports_ended
            since = f" since {clock(ended, window.time)}" if now.state == "normal" and ended is not None else ""
            yield f"{capital(state_of(signal, now))}{since}."


def _peaks(window: Window, before: Window) -> Iterator[str]:
    """The peaks that are new or have grown."""
    for signal in SIGNALS:
        now, then = witness(window, signal), witness(before, signal)
        grown = now.direction != then.direction or then.peak is None
        if now.peak is not None and then.peak is not None and not grown:
            departed = abs(now.peak.count - now.peak.expected)
            grown = departed >= PEAK_GROWTH * abs(then.peak.count - then.peak.expected)
        told = peak(signal, now) if grown else None
        if told is not None:
            yield f"{capital(told)}."


def _cause(window: Window, before: Window) -> Iterator[str]:
    if (window.cause.verdict, window.cause.of) != (before.cause.verdict, before.cause.of):
        yield verdict(window)
    no_longer = ruled_out(window, frozenset(c.candidate for c in before.cause.candidates if c.ruled_out))
    if no_longer is not None:
        yield no_longer


def _regions(window: Window, before: Window) -> Iterator[str]:
    known = {region.region for region in before.regions if region.affected}
    new = [printable(region.region) for region in window.regions if region.affected and region.region not in known]
    if new:
        yield f"{'Also affected' if known else 'Affected'}: {listed(new)}."


def _officials(window: Window, before: Window) -> Iterator[str]:
    known = [(s.about, s.time, s.status, s.by, s.text) for s in before.statements]
    for statement in window.statements:
        if (statement.about, statement.time, statement.status, statement.by, statement.text) in known:
            continue
        clocks = window.clocks
        own = statement.about == window.service
        first = own and statement.time == clocks.acknowledged and before.clocks.acknowledged is None
        over = own and statement.time == clocks.all_clear and before.clocks.all_clear is None
        note = f"first word on it, {after(window, statement.time)}" if first else None
        note = f"all clear, {after(window, statement.time)}" if over else note
        yield ended(said(statement, window, note))
