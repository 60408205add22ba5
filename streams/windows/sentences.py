"""Sentences about one side of a window each, for people: what is known, and what is not.

A report is never called a user, no duration goes without saying from what to what, and where the cause is not
determined it is said so.
"""

from __future__ import annotations

from streams.contracts.events import SIGNALS, Signal
from streams.contracts.times import parse_time_ms
from streams.contracts.windows import Candidate, Fact, RegionShare, StatementSeen, Window, Witness
from streams.windows.words import about, capital, clock, count, listed, percent, printable, quoted, span, usual

EVIDENCE_SHOWN = 3  # pieces of evidence told for the verdict, the weightiest first
TEXTS_SHOWN = 2
OTHER = {"other": "other regions", "unknown": "places not named"}


def witness(window: Window, signal: Signal) -> Witness:
    """What one of the two says."""
    return window.witnesses.errors if signal == "errors" else window.witnesses.reports


def peak(signal: Signal, of: Witness) -> str | None:
    """`3,790 reports a minute (12:14 UTC), where about 3 are usual`; None where there is nothing to tell."""
    told = worst(signal, of)
    return None if told is None or of.peak is None else f"{told}, {usual(of.peak.expected)}"


def worst(signal: Signal, of: Witness) -> str | None:
    """`3,790 reports a minute (12:14 UTC)`; None where there is nothing to tell."""
    if of.peak is None or of.direction == "none":
        return None
    each = "a minute" if of.peak.bucket_s == 60 else f"in {span(of.peak.bucket_s)}"
    at = clock(of.peak.time, of.peak.time)
    if of.direction == "surge":
        return f"{count(of.peak.count)} {signal} {each} ({at})"
    return f"{signal} fell to {count(of.peak.count)} {each} ({at})" if of.peak.count else f"{signal} fell silent ({at})"


def totals(window: Window) -> str:
    """`719,614 errors and 129,517 reports`, as far as they are counted."""
    told = [f"{count(total)} {signal}" for signal in SIGNALS if (total := witness(window, signal).total) is not None]
    return listed(told)


def state_of(signal: Signal, of: Witness) -> str:
    """How a witness stands now."""
    match of.state:
        case "elevated":
            return f"{signal} are {'missing' if of.direction == 'drop' else 'elevated'}"
        case "normal":
            return f"{signal} are as usual"
        case "blind":
            return f"{signal} cannot be seen, so what they would say is not known"
        case "absent":
            return f"no {signal} come for this service, so they say nothing"


def both(window: Window) -> list[str]:
    """What each witness saw in all, a sentence each."""
    told = []
    for signal in SIGNALS:
        of = witness(window, signal)
        if of.state == "absent" or of.total is None:
            told.append(capital(state_of(signal, of)) + ".")
            continue
        whole = f"{count(of.total)} {signal}, {usual(of.expected or 0.0)}"
        at_worst = peak(signal, of)
        if at_worst is None:
            told.append(f"{whole}: nothing unusual in them.")
            continue
        now = f" At present {state_of(signal, of)}." if window.state == "open" or of.state == "blind" else ""
        told.append(f"{whole}; at worst {at_worst}.{now}")
    return told


def who(window: Window) -> str:
    """How many people are known to have noticed, and that this is not how many were affected."""
    affected, told = window.affected, []
    if affected.reporters is not None:
        told.append(f"{about(affected.reporters)} different people who reported it")
    if affected.users_in_errors is not None:
        told.append(f"{about(affected.users_in_errors)} different users named in errors")
    known = f"Known are {listed(told)}" if told else "Nobody who noticed it gave a name to count by"
    if affected.estimate is None:
        return f"{known}; how many were affected in all is not known."
    low, high = count(affected.estimate.low), count(affected.estimate.high)
    method = printable(affected.estimate.method).replace("_", " ")
    return f"{known}; an estimated {low} to {high} were affected ({method})."


def where(window: Window) -> str:
    """The affected regions with their shares of the events."""
    affected = [region for region in window.regions if region.affected]
    if not affected:
        return "No region stands out from the others."
    return f"Affected: {listed([_share(region) for region in affected])}."


def _share(region: RegionShare) -> str:
    name = OTHER.get(region.region, printable(region.region))
    return f"{name} ({percent(region.share)})" if region.count else name


def noticed(window: Window) -> str | None:
    """What people noticed and which texts most of them saw; None where nobody said."""
    told = []
    if window.symptoms:
        told.append(
            "most reported: " + listed([f"{printable(s.symptom)} ({percent(s.share)})" for s in window.symptoms])
        )
    texts = list(dict.fromkeys(quoted(text.text) for text in window.texts))
    if texts:
        told.append("most seen: " + listed(texts[:TEXTS_SHOWN]))
    return ended("; ".join(told)) if told else None


def ended(text: str) -> str:
    """The text as a sentence: a capital before it, and a full stop behind it unless a quotation brings its own."""
    return capital(text) + ("" if text.endswith((".”", "…”", "!”", "?”")) else ".")


def candidate_words(name: str) -> str:
    """`its provider aws` for `provider:aws`."""
    kind, _, of = name.partition(":")
    words = {
        "own": "its own systems",
        "provider": f"its provider {of}",
        "dependency": f"{of}, on which it depends",
        "network": f"the network of {of}" if of else "the network between it and its users",
        "collateral": f"an outage of {of}, for which it is blamed",
        "undetermined": "something that nothing points to",
    }
    return printable(words.get(kind, name))


def cause(window: Window) -> str:
    """The verdict with its evidence, or that there is none; and who is ruled out."""
    return " ".join(part for part in (verdict(window), ruled_out(window)) if part)


def verdict(window: Window) -> str:
    """The verdict with its evidence, or that there is none."""
    return _undetermined(window.cause.candidates) if window.cause.verdict == "undetermined" else _named(window)


def _named(window: Window) -> str:
    found = window.cause
    name = f"{found.verdict}:{found.of}" if found.of else found.verdict
    sure = "" if found.probability is None else f" ({percent(found.probability)})"
    facts = next((evidence(candidate.for_) for candidate in found.candidates if candidate.candidate == name), "")
    window_of = f" See {printable(found.window)}." if found.window else ""
    return f"Cause: {candidate_words(name)}{sure}{': ' + facts if facts else ''}.{window_of}"


def _undetermined(candidates: list[Candidate]) -> str:
    likeliest = next((c for c in candidates if c.candidate != "undetermined" and not c.ruled_out), None)
    if likeliest is None or likeliest.probability is None:
        return "The cause is not determined."
    facts = evidence(likeliest.for_)
    sure = f"{candidate_words(likeliest.candidate)} ({percent(likeliest.probability)})"
    if facts:
        return f"The cause is not determined; what is known speaks most for {sure}, but not enough: {facts}."
    return f"The cause is not determined; likeliest beforehand is {sure}, but no evidence speaks for it."


def evidence(facts: list[Fact]) -> str:
    """The weightiest facts, with the time of each."""
    weighty = sorted((fact for fact in facts if fact.weight), key=lambda fact: -(fact.weight or 0.0))
    return "; ".join(_fact(fact) for fact in weighty[:EVIDENCE_SHOWN])


def _fact(fact: Fact) -> str:
    return printable(fact.text) + (f" ({clock(fact.time, fact.time)})" if fact.time else "")


def ruled_out(window: Window, told: frozenset[str] = frozenset()) -> str | None:
    """Who was not the cause, and why; None where that is nobody. `told`: candidates of whom it is known already."""
    names = [_not_guilty(c) for c in window.cause.candidates if c.ruled_out and c.candidate not in told]
    return f"Ruled out: {listed(names)}." if names else None


def _not_guilty(candidate: Candidate) -> str:
    because = candidate.because
    facts = [fact for fact in candidate.against if because is not None and fact.code == because.code]
    why = facts[0].text if facts else because.text if because is not None else ""
    return f"{candidate_words(candidate.candidate)}{f' ({printable(why)})' if why else ''}"


def said(statement: StatementSeen, window: Window, note: str | None = None) -> str:
    """Who said what of it, and when; `note` in brackets."""
    by = printable(statement.by or statement.about)
    of = "" if statement.about == window.service else f" of {printable(statement.about)}"
    text = f": {quoted(statement.text)}" if statement.text else ""
    bracket = f" ({note})" if note else ""
    wrong = ", which it was not" if statement.contradicted is not None else ""
    return f"{by} said {statement.status}{of} at {clock(statement.time, window.time)}{bracket}{wrong}{text}"


def contradictions(window: Window) -> list[str]:
    """Who said that all was fine while it was not."""
    return [
        f"{capital(printable(s.by or s.about))} said operational while it was not, "
        f"from {clock(s.contradicted.from_, window.time)} to {clock(s.contradicted.to, window.time)}."
        for s in window.statements
        if s.contradicted is not None
    ]


def after(window: Window, time: str) -> str:
    """`1 h 15 min after it began`."""
    seconds = (parse_time_ms(time) - parse_time_ms(window.clocks.started)) // 1000
    return f"{span(seconds)} after it began" if seconds >= 0 else f"{span(-seconds)} before it began"


def doubts(window: Window) -> list[str]:
    """What makes this window less certain than others, a sentence each."""
    quality, told = window.quality, []
    if quality.baseline != "ready":
        days = f"{quality.baseline_days} {'day' if quality.baseline_days == 1 else 'days'}"
        told.append(f"What is usual is known from {days} only, so the counts are judged with caution.")
    if quality.blind_s:
        told.append(f"For {span(quality.blind_s)} of it something could not be seen.")
    if quality.late:
        told.append(f"{count(quality.late)} records came too late to count.")
    if quality.incomplete:
        told.append("A part of the log was out of reach, so the counts are too low.")
    if quality.maintenance:
        planned = "Work on it was planned for this time"
        told.append(f"{planned}, but it lasted longer." if quality.maintenance_overran else f"{planned}.")
    if window.scenario is not None:
        told.append(f"The events are a replay or synthesised (scenario {printable(window.scenario)}), not measured.")
    return told
