"""Details that came before the window that they explain: a leaning service is told in detail before it opens."""

from __future__ import annotations

from msgspec import Struct, msgpack

from streams.contracts.events import OTHER, Signal
from streams.contracts.series import Detail
from streams.contracts.times import bucket_of
from streams.windows.gathered import Gathered
from streams.windows.ring import RING_BUCKETS


class _Shelved(Struct, array_like=True):
    service: str
    signal: Signal
    details: list[Detail]


class Shelf:
    """Details by service and signal, for as long as a window may be dated back."""

    def __init__(self) -> None:
        self._details: dict[tuple[str, Signal], list[Detail]] = {}

    def put(self, signal: Signal, detail: Detail) -> None:
        if detail.service != OTHER:
            self._details.setdefault((detail.service, signal), []).append(detail)

    def hand_over(self, service: str, signal: Signal, into: Gathered, started: int, elevated: int) -> None:
        """Gives the window what lies within it. `elevated`: the last elevated bucket of that signal so far."""
        kept = self._details.pop((service, signal), [])
        kept.sort(key=lambda detail: bucket_of(detail.bucket))
        for detail in kept:
            if bucket_of(detail.bucket) >= started:
                into.take(detail, elevated)
        into.begin_at(started)
        earlier = [detail for detail in kept if bucket_of(detail.bucket) < started]
        if earlier:
            self._details[service, signal] = earlier

    def expire(self, now: int) -> None:
        """Drops what no window can be dated back to any more."""
        for key in list(self._details):
            kept = [detail for detail in self._details[key] if bucket_of(detail.bucket) > now - RING_BUCKETS]
            if kept:
                self._details[key] = kept
            else:
                del self._details[key]

    def block(self) -> bytes:
        return msgpack.encode([_Shelved(*key, details) for key, details in sorted(self._details.items())])

    def restore(self, block: bytes) -> None:
        shelved = msgpack.decode(block, type=list[_Shelved])
        self._details = {(one.service, one.signal): one.details for one in shelved}
