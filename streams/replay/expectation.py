"""Whether the windows that came out are those a scenario expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.contracts.times import parse_time_ms, rfc3339
from streams.contracts.windows import Severity, Window
from streams.replay.scenario import Between, Expectation, ExpectedWindow

_SEVERITIES: tuple[Severity, ...] = ("minor", "major", "critical")


def unmet(expectation: Expectation, revisions: Iterable[Window]) -> list[str]:
    """What did not come out as expected, one line each; empty where all did.

    `revisions`: every window revision of the scenario, in order; of each window the newest holds.
    """
    newest = {revision.window: revision for revision in revisions}
    standing = [window for window in newest.values() if window.state != "retracted"]
    missed: list[str] = []
    others = list(standing)
    for expected in expectation.windows:
        own = [window for window in standing if window.service == expected.service]
        if len(own) != 1:
            missed.append(f"{expected.service}: {len(own)} windows, one expected")
        others = [window for window in others if window not in own[:1]]
        missed += [f"{expected.service}: {what}" for window in own[:1] for what in _unmet(expected, window)]
    missed += [
        f"{w.service}: a window ({w.window}), none expected" for w in others if w.service in expectation.none_for
    ]
    return missed + _too_many(expectation, others)


def _too_many(expectation: Expectation, others: Sequence[Window]) -> list[str]:
    missed = []
    if len(others) > expectation.others_at_most:
        missed.append(f"{len(others)} other windows, at most {expectation.others_at_most} expected")
    worst = _SEVERITIES.index(expectation.others_at_worst)
    missed += [f"{w.service}: {w.severity}" for w in others if _SEVERITIES.index(w.severity) > worst]
    return missed


def _unmet(expected: ExpectedWindow, window: Window) -> Iterator[str]:
    clocks = window.clocks
    opened_s = (parse_time_ms(clocks.opened) - expected.onset_ms) / 1000
    if opened_s > expected.opened_within_s:
        yield f"opened {opened_s:.0f} s after the onset, at most {expected.opened_within_s} s expected"
    for name, span in (("started", expected.started), ("peak", expected.peak), ("ended", expected.ended)):
        if span is not None:
            yield from _outside(name, getattr(clocks, name), span)
    if expected.closed_by_ms is not None and (
        clocks.closed is None or parse_time_ms(clocks.closed) > expected.closed_by_ms
    ):
        yield f"closed {clocks.closed}, by {rfc3339(expected.closed_by_ms)} expected"
    for name, time_ms in (("acknowledged", expected.acknowledged_ms), ("all_clear", expected.all_clear_ms)):
        told = getattr(clocks, name)
        if time_ms is not None and told != rfc3339(time_ms):
            yield f"{name} {told}, {rfc3339(time_ms)} expected"
    if expected.severity is not None and window.severity != expected.severity:
        yield f"{window.severity}, {expected.severity} expected"
    if expected.verdict is not None and window.cause.verdict != expected.verdict:
        yield f"verdict {window.cause.verdict}, {expected.verdict} expected"
    out = {candidate.candidate for candidate in window.cause.candidates if candidate.ruled_out}
    if missing := sorted(set(expected.ruled_out) - out):
        yield f"not ruled out: {', '.join(missing)}"


def _outside(name: str, told: str | None, span: Between) -> Iterator[str]:
    if told is None or not span.from_ms <= parse_time_ms(told) <= span.to_ms:
        yield f"{name} {told}, {rfc3339(span.from_ms)} to {rfc3339(span.to_ms)} expected"
