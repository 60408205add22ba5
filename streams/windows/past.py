"""The outages of each service so far: for `previous`, and so that feedback still reaches an old window."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from msgspec import Struct, msgpack

from streams.contracts.times import DAY_MS
from streams.contracts.windows import Previous, Window

KEPT_MS = 365 * DAY_MS  # the contract's `count_365d`
FEEDBACK_MS = (
    30 * DAY_MS
)  # the whole record, about 8 kB, is kept for a month: who looks back later reads, and does not judge


class PastWindow(Struct, array_like=True, gc=False):
    """One window that has ended."""

    window: str
    started_ms: int
    ended_ms: int
    retracted: bool


class _Pasts(Struct):
    by_service: dict[str, list[PastWindow]]


class Past:
    """Ended windows by service, for a year; the newest revision of each that is no longer followed, for a month."""

    def __init__(self) -> None:
        self._by_service: dict[str, list[PastWindow]] = {}
        self._archive: dict[str, tuple[int, Window]] = {}  # by id: end, newest revision

    def note(self, service: str, window: PastWindow) -> None:
        """Remembers the window as it ended, in place of what was known of it."""
        self.forget(service, window.window)
        self._by_service.setdefault(service, []).append(window)
        self._by_service[service].sort(key=lambda past: (past.started_ms, past.window))

    def forget(self, service: str, window_id: str) -> None:
        """Forgets a window that goes on."""
        if service in self._by_service:
            self._by_service[service] = [past for past in self._by_service[service] if past.window != window_id]

    def last_end_ms(self, service: str) -> int | None:
        """When the service's last window ended, a retracted one too."""
        return max((past.ended_ms for past in self._by_service.get(service, ())), default=None)

    def previous(self, service: str, window_id: str, started_ms: int) -> Previous:
        """The outages of the 365 days before a window, retracted ones left out."""
        earlier = [
            past
            for past in self._by_service.get(service, ())
            if past.window != window_id and not past.retracted and started_ms - KEPT_MS <= past.started_ms < started_ms
        ]
        if not earlier:
            return Previous()
        lasted_s = statistics.median((past.ended_ms - past.started_ms) / 1000 for past in earlier)
        return Previous(earlier[-1].window, len(earlier), round(lasted_s))

    def archive(self, window: Window, ended_ms: int) -> None:
        self._archive[window.window] = (ended_ms, window)

    def archived(self, window_id: str) -> Window | None:
        return self._archive[window_id][1] if window_id in self._archive else None

    def revise(self, window: Window) -> None:
        """A newer revision of an archived window."""
        ended_ms, _ = self._archive[window.window]
        self._archive[window.window] = (ended_ms, window)
        for past in self._by_service.get(window.service, ()):
            if past.window == window.window:
                past.retracted = window.state == "retracted"

    def expire(self, now_ms: int) -> None:
        """Forgets what is older than is kept."""
        for service in list(self._by_service):
            kept = [past for past in self._by_service[service] if past.ended_ms > now_ms - KEPT_MS]
            if kept:
                self._by_service[service] = kept
            else:
                del self._by_service[service]
        for window_id in [key for key, (ended_ms, _) in self._archive.items() if ended_ms <= now_ms - FEEDBACK_MS]:
            del self._archive[window_id]

    def blocks(self) -> dict[str, bytes]:
        """`past`, and `archive/<window>/<revision>`, which never change."""
        blocks = {"past": msgpack.encode(_Pasts(dict(sorted(self._by_service.items()))))}
        for window_id, (ended_ms, window) in sorted(self._archive.items()):
            blocks[f"archive/{window_id}/{window.revision}"] = msgpack.encode((ended_ms, window))
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        self._by_service = msgpack.decode(blocks["past"], type=_Pasts).by_service
        self._archive = {}
        for name in sorted(blocks):
            if name.startswith("archive/"):
                ended_ms, window = msgpack.decode(blocks[name], type=tuple[int, Window])
                self._archive[window.window] = (ended_ms, window)
