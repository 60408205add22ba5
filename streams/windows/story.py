"""A window told to people: one line for each revision as it comes, or the whole in a few sentences.

1. `words`      numbers, times, other people's texts
2. `sentences`  one side of a window each: witnesses, where, who, cause, what is not known
3. `news`       what a revision says that the one before did not
4. here         put together
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.contracts.events import SIGNALS
from streams.contracts.times import parse_time_ms
from streams.contracts.windows import Window
from streams.windows.news import news
from streams.windows.sentences import (
    after,
    both,
    cause,
    contradictions,
    doubts,
    noticed,
    peak,
    totals,
    verdict,
    where,
    who,
    witness,
)
from streams.windows.words import capital, clock, count, day, listed, percent, printable, span


def story_line(window: Window, before: Window | None) -> str:
    """What a revision says, in one line without a line break: `12:01 UTC  twitter: ...`.

    `before`: the revision that the reader heard last of this window; None where it is the first, which then carries the
    date.
    """
    told = " ".join(_line(window, before))
    return (
        f"{clock(window.time, None if before is None else before.time)}  {printable(window.service)}: {capital(told)}"
    )


def _line(window: Window, before: Window | None) -> Iterator[str]:
    if window.state == "retracted":
        yield _retracted(window)
    elif window.change == "updated" and before is not None:
        yield from news(window, before)
    elif window.state == "closed":
        yield from _over(window)
    else:
        yield from _on(window)


def _on(window: Window) -> Iterator[str]:
    """That an outage is on, to somebody who has not heard of it."""
    match window.change:
        case "opened":
            yield f"an outage opens, {window.severity}, {percent(window.confidence)} sure."
        case "reopened":
            yield f"the outage goes on after all, {window.severity}."
        case "restored":
            yield f"it was an outage after all, {window.severity}."
        case _:
            yield f"an outage is on, {window.severity}, {percent(window.confidence)} sure."
    yield from (f"{capital(told)}." for signal in SIGNALS if (told := peak(signal, witness(window, signal))))
    yield f"It began at {_began(window)}, seen {after(window, window.clocks.opened)}."
    yield "The cause is not known yet." if window.cause.verdict == "undetermined" else verdict(window)
    if window.change == "opened" and window.scenario is not None:
        yield f"The events are a replay or synthesised (scenario {printable(window.scenario)})."


def _over(window: Window) -> Iterator[str]:
    yield f"the outage is over, {window.severity} at its worst. {_span(window)} {capital(totals(window))} in all."
    yield "What caused it was not determined." if window.cause.verdict == "undetermined" else verdict(window)
    if window.clocks.acknowledged is None:
        yield "No official word on it is known."


def _began(window: Window) -> str:
    return clock(window.clocks.started, window.time)


def _span(window: Window) -> str:
    """From when to when, and which signal ended when."""
    clocks = window.clocks
    if clocks.ended is None:
        return f"It began at {_began(window)}; when it ended is not known."
    lasted = span((parse_time_ms(clocks.ended) - parse_time_ms(clocks.started)) // 1000)
    ends = [
        f"{signal} until {clock(time, window.time)}"
        for signal, time in (("errors", clocks.errors_ended), ("reports", clocks.reports_ended))
        if time is not None
    ]
    apart = f" ({listed(ends)})" if len(ends) > 1 else ""
    return f"It lasted {lasted}, from {_began(window)} to {clock(clocks.ended, window.time)}{apart}."


def _retracted(window: Window) -> str:
    if window.cause.verdict == "collateral":
        return f"taken back, it was no outage of its own. {cause(window)}"
    if window.operator.action == "false_alarm":
        return f"taken back: {printable(window.operator.by or 'an operator')} called it a false alarm."
    return "taken back: it was no outage."


def story(window: Window) -> list[str]:
    """The whole window in a few plain sentences, one or two to an entry, in reading order."""
    told = [_headline(window), _clocks(window), *both(window), where(window), noticed(window), who(window)]
    told += [cause(window), *contradictions(window), _phases(window), _operator(window), _previous(window)]
    return [sentence for sentence in [*told, *doubts(window)] if sentence]


def _headline(window: Window) -> str:
    service, began = printable(window.service), window.clocks.started
    if window.state == "retracted":
        return f"{service}: no outage after all on {day(began)}. {capital(_retracted(window))}"
    if window.state == "open":
        lasts = span((parse_time_ms(window.time) - parse_time_ms(began)) // 1000)
        return (
            f"{service} has an outage, {window.severity}, {percent(window.confidence)} sure: since {clock(began)}, "
            f"{lasts} so far (as of {clock(window.time, began)})."
        )
    sure = f"{window.severity}, {percent(window.confidence)} sure"
    return f"{service} had an outage on {day(began)}, {sure}. {_span(window)}"


def _clocks(window: Window) -> str:
    """The moments that others decided, each with its lag."""
    clocks = window.clocks
    told = [f"opened at {clock(clocks.opened, window.time)}, {after(window, clocks.opened)}"]
    if clocks.acknowledged is not None:
        told.append(
            f"officially admitted at {clock(clocks.acknowledged, window.time)}, {after(window, clocks.acknowledged)}"
        )
    if clocks.all_clear is not None:
        told.append(f"officially over at {clock(clocks.all_clear, window.time)}, {after(window, clocks.all_clear)}")
    if clocks.closed is not None:
        told.append(f"closed at {clock(clocks.closed, window.time)}, when it was sure to be over")
    silent = "" if clocks.acknowledged is not None else " No official has admitted it, as far as is known."
    return f"{capital('; '.join(told))}.{silent}"


def _phases(window: Window) -> str | None:
    if len(window.phases) < 2:
        return None
    words = {"surge": "in the surge", "lingering": "lingering"}
    told = [
        f"{percent(phase.share)} {words[phase.kind]} "
        f"from {clock(phase.from_, window.time)} to {clock(phase.to, window.time)}"
        for phase in window.phases
    ]
    dropped = any(witness(window, signal).direction == "drop" for signal in SIGNALS)
    return f"Of {'what was missing' if dropped else 'its events'}: {listed(told)}."


def _operator(window: Window) -> str | None:
    operator = window.operator
    if operator.action is None:
        return None
    at = f" at {clock(operator.time, window.time)}" if operator.time is not None else ""
    return f"{capital(printable(operator.by or 'an operator'))} called it {operator.action.replace('_', ' ')}{at}."


def _previous(window: Window) -> str | None:
    previous = window.previous
    if previous.window is None:
        return None
    half = f"; half of them took no longer than {span(previous.median_s)}" if previous.median_s is not None else ""
    return f"The one before was {printable(previous.window)}; {count(previous.count_365d)} in the year before{half}."
