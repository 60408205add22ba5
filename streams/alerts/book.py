"""Which revisions somebody should be told of: one alert per window, from its opening to its end."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from streams.contracts.alerts import Alert, AlertState
from streams.contracts.times import parse_time_ms
from streams.contracts.windows import Window
from streams.windows.story import story, story_line

ROUTE = "default"  # routes are not built yet: everybody is told everything
KEPT_MS = (
    48 * 3_600_000
)  # a window may be reopened or revised a day after its end; twice that, and its alert is history


class Told(NamedTuple):
    """An alert to publish, at which moment of event time, for which revision."""

    state: AlertState
    time: str
    revision: int
    alert: Alert


class _Entry(msgspec.Struct):
    """What was told of a window last. `worth`: what a change of is worth telling."""

    revision: int
    firing: bool
    worth: tuple[str, str, bool, str]
    time_ms: int


class AlertBook:
    """Everything that was told. A function of the revisions taken in, in log order; repeats are dropped."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._newest: dict[str, Window] = {}

    def take(self, window: Window) -> Told | None:
        """The alert that one more revision leads to; None where nobody need be told."""
        entry = self._entries.get(window.window)
        if entry is not None and window.revision <= entry.revision:
            return None
        before = self._newest.get(window.window)
        worth = (window.severity, window.cause.verdict, window.clocks.acknowledged is not None, window.state)
        state = _state(window, entry, worth)
        firing = entry.firing if entry is not None else False
        if state is not None:
            firing = state != "resolved"
        told_worth = worth if state is not None or entry is None else entry.worth
        time_ms = parse_time_ms(window.time)
        self._entries[window.window] = _Entry(window.revision, firing, told_worth, time_ms)
        self._newest[window.window] = window
        self._forget(time_ms)
        if state is None:
            return None
        return Told(state, window.time, window.revision, _alert(window, before))

    def snapshot(self) -> dict[str, bytes]:
        """The book as named blocks."""
        return {
            f"alert/{key}": msgspec.msgpack.encode((entry, self._newest[key])) for key, entry in self._entries.items()
        }

    def restore(self, blocks: dict[str, bytes]) -> None:
        """Goes on where the snapshot was taken."""
        self._entries, self._newest = {}, {}
        for name, block in sorted(blocks.items()):
            key = name.removeprefix("alert/")
            self._entries[key], self._newest[key] = msgspec.msgpack.decode(block, type=tuple[_Entry, Window])

    def _forget(self, now_ms: int) -> None:
        for key in [k for k, e in self._entries.items() if not e.firing and now_ms - e.time_ms > KEPT_MS]:
            del self._entries[key], self._newest[key]


def _state(window: Window, entry: _Entry | None, worth: tuple[str, str, bool, str]) -> AlertState | None:
    """Firing while a window is open, updated on a change that matters, resolved when it ends in whatever way.

    Held back: planned maintenance (not what outlasts it), and what an operator has silenced. What fires already is
    still resolved.
    """
    firing = entry is not None and entry.firing
    if window.state != "open":
        return "resolved" if firing else None
    planned = window.quality.maintenance and not window.quality.maintenance_overran
    if planned or window.operator.action == "silenced":
        return None
    if not firing:
        return "firing"
    return "updated" if entry is not None and entry.worth != worth else None


def _alert(window: Window, before: Window | None) -> Alert:
    return Alert(
        alert=f"alert-{window.window}",
        windows=[window.window],
        route=ROUTE,
        group=window.service,
        labels={"service": window.service, "window": window.window},
        severity=window.severity,
        summary={"en": story_line(window, before)},
        text={"en": "\n".join(story(window))},
        starts_at=window.clocks.started,
        ends_at=window.clocks.ended,
        dedup_key=window.window,
    )
