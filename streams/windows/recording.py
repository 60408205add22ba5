"""Keeps a window's rows complete from its start to now, also after it was dated back or reopened."""

from __future__ import annotations

from streams.contracts.events import SIGNALS, Signal
from streams.windows.ring import Ring
from streams.windows.state import WindowState
from streams.windows.totals import Row


def record(window: WindowState, ring: Ring, now: int) -> None:
    """Adds to both signals' tracks every bucket from `started` to `now` that they lack and the ring still holds."""
    first, last = window.recorded or (window.started, window.started - 1)
    for signal in SIGNALS:
        track = window.tracks[signal]
        if window.started < first:
            track.prepend(_rows(window, ring, signal, window.started, first - 1))
        for row in _rows(window, ring, signal, last + 1, now):
            track.extend(row, window.signal_ended(signal))
    window.recorded = (min(first, window.started), now)


def _rows(window: WindowState, ring: Ring, signal: Signal, first: int, last: int) -> list[Row]:
    rows = []
    oldest = ring.first
    for bucket in range(first if oldest is None else max(first, oldest), last + 1):
        row = ring.row(bucket, signal, window.service)
        if row is None:
            if ring.lists_all(bucket, signal):
                continue  # the service has no such signal
            row = Row(bucket, 0, 0.0, 0.0, 0.0, 0.0, blind=True)  # taken without this signal
        if row.blind and window.tracks[signal].now != "absent":
            window.mark_blind(bucket)
        rows.append(row)
    return rows
