"""What a change of settings or catalogue would have changed: windows gained, lost, moved and judged otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

from msgspec import Struct

from streams.contracts.times import parse_time_ms
from streams.contracts.windows import Severity, Window

Difference = Literal["same", "moved", "judged", "gained", "lost"]


class Outage(Struct, frozen=True, omit_defaults=False):
    """A window as far as it is compared. Times are RFC 3339; `ended` None: open at the end of the input.

    `verdict`: of what caused it, with what that is about, as in `provider:aws`.
    """

    window: str
    started: str
    opened: str
    ended: str | None
    severity: Severity
    verdict: str


class Moved(Struct, frozen=True):
    """Minutes by which B's clocks are later (above 0) or earlier than A's; None where one of the two is open."""

    started: float
    opened: float
    ended: float | None


class Compared(Struct, frozen=True):
    """One outage under A and under B. `moved`: started, opened or ended at another time; `judged`: at the same times,
    but of another severity or verdict; `gained`: only under B; `lost`: only under A."""

    difference: Difference
    service: str
    a: Outage | None = None
    b: Outage | None = None
    moved: Moved | None = None


def standing(revisions: Iterable[Window]) -> list[Window]:
    """The newest revision of each window that was not retracted, in order of their starts."""
    newest = {revision.window: revision for revision in revisions}
    kept = [window for window in newest.values() if window.state != "retracted"]
    return sorted(kept, key=lambda window: (window.clocks.started, window.service))


def compare(a: Sequence[Window], b: Sequence[Window]) -> list[Compared]:
    """Pairs the standing windows of A with those of B by service and overlap, the largest first; in order of starts."""
    found = list(_pairs(a, b))
    paired_a, paired_b = {pair[0].window for pair in found}, {pair[1].window for pair in found}
    told = [_compared(one, other) for one, other in found]
    told += [Compared("lost", w.service, a=_outage(w)) for w in a if w.window not in paired_a]
    told += [Compared("gained", w.service, b=_outage(w)) for w in b if w.window not in paired_b]
    return sorted(told, key=lambda one: (min(o.started for o in (one.a, one.b) if o is not None), one.service))


def _pairs(a: Sequence[Window], b: Sequence[Window]) -> Iterator[tuple[Window, Window]]:
    by_service = {s: list(of) for s, of in groupby(sorted(b, key=_service), _service)}
    possible = [
        (-overlap, one.clocks.started, other.clocks.started, one, other)
        for one in a
        for other in by_service.get(one.service, [])
        if (overlap := _overlap_ms(one, other)) >= 0
    ]
    taken: set[tuple[str, str]] = set()
    for _, _, _, one, other in sorted(possible, key=lambda entry: entry[:3]):
        if not {("a", one.window), ("b", other.window)} & taken:
            taken |= {("a", one.window), ("b", other.window)}
            yield one, other


def _service(window: Window) -> str:
    return window.service


def _overlap_ms(one: Window, other: Window) -> int:
    """How long both went on at once; below 0 where they did not."""
    start_ms = max(parse_time_ms(window.clocks.started) for window in (one, other))
    return min(parse_time_ms(window.clocks.ended or window.time) for window in (one, other)) - start_ms


def _compared(one: Window, other: Window) -> Compared:
    a, b = _outage(one), _outage(other)
    is_open = (a.ended is None, b.ended is None)
    ended = _minutes(a.ended, b.ended) if a.ended is not None and b.ended is not None else None
    moved = Moved(_minutes(a.started, b.started), _minutes(a.opened, b.opened), ended)
    if moved.started or moved.opened or moved.ended or is_open[0] != is_open[1]:
        return Compared("moved", one.service, a, b, moved)
    same = (a.severity, a.verdict) == (b.severity, b.verdict)
    return Compared("same" if same else "judged", one.service, a, b)


def _minutes(a: str, b: str) -> float:
    return round((parse_time_ms(b) - parse_time_ms(a)) / 60_000, 2)


def _outage(window: Window) -> Outage:
    clocks, cause = window.clocks, window.cause
    verdict = cause.verdict if cause.of is None else f"{cause.verdict}:{cause.of}"
    return Outage(window.window, clocks.started, clocks.opened, clocks.ended, window.severity, verdict)
