"""Planned work on a service and its windows: which are excused by it, and which have outlasted it."""

from __future__ import annotations

from streams.contracts.times import BUCKET_MS
from streams.windows.services import Maintenance, Service
from streams.windows.state import WindowState

# A service needs some minutes to come back, and its window eight calm buckets to close: not yet worth waking anybody.
GRACE_MS = 10 * 60_000


def in_planned_work(window: WindowState, service: Service | None, now: int) -> bool:
    """Whether any of the window, up to bucket `now`, lies in planned work."""
    return bool(_overlapping(window, service, now))


def overran(window: WindowState, service: Service | None, now: int) -> bool:
    """Whether the window lay in planned work and was elevated still when that had been over for a while."""
    works = _overlapping(window, service, now)
    if not works:
        return False
    elevated_until_ms = (max(trace.ended or trace.last_elevated for trace in window.traces) + 1) * BUCKET_MS
    return elevated_until_ms > max(work.to_ms for work in works) + GRACE_MS


def _overlapping(window: WindowState, service: Service | None, now: int) -> list[Maintenance]:
    end_ms = (now + 1) * BUCKET_MS if window.ended_ms is None else window.ended_ms
    works = () if service is None else service.maintenance
    return [work for work in works if work.from_ms < end_ms and window.started_ms < work.to_ms]
