"""correlate: a Faust agent on `series`, which has one partition, so that one instance sees the whole picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from streams.agents.core import Output
from streams.catalogue import Catalogue
from streams.contracts.series import GoOn, SeriesRecord
from streams.contracts.times import bucket_start
from streams.contracts.windows import Window
from streams.windows.alignment import Alignment, Waiting
from streams.windows.cloudevents import CONTENT_TYPE, encode, to_event
from streams.windows.correlator import Correlator

HEADERS = (("content-type", CONTENT_TYPE.encode()),)
STALL_AHEAD_S = 120  # so far one signal must be ahead of the other, in event time ...
STALL_WALL_S = 120  # ... and so long the other must have brought nothing: whoever merely catches up brings buckets

_decode = msgspec.json.Decoder(SeriesRecord).decode
_encode = msgspec.json.Encoder().encode


class CorrelateCore:
    """Bucket reports in, window revisions out. `on_window` sees each revision before it is published, for metrics."""

    def __init__(self, catalogue: Catalogue, prefix: str, on_window: Callable[[Window], None] = lambda _: None) -> None:
        self.alignment = Alignment()
        self.correlator = Correlator(catalogue, prefix)
        self._prefix = prefix
        self._on_window = on_window
        self._stalled: tuple[Waiting, float] | None = None

    def begin(self) -> Iterator[Output]:
        """A new owner says again how things stand: whoever wrote before may have ended before it was heard."""
        for window in self.correlator.open_windows():
            yield from self._published(window)

    def read(self, value: bytes) -> Iterator[Output]:
        for whole in self.alignment.offer(_decode(value)):
            for window in self.correlator.take(whole):
                self._on_window(window)
                yield from self._published(window)

    def idle(self, now_s: float) -> Iterable[Output]:
        """If one signal has stalled, asks through the log to go on without it: obeyed only when read back."""
        waiting = self.alignment.waiting()
        if waiting is None or waiting.stalled is None or waiting.ahead_s <= STALL_AHEAD_S:
            self._stalled = None
            return ()
        before = self._stalled
        if before is None or (before[0].bucket, before[0].missing) != (waiting.bucket, waiting.missing):
            self._stalled = (waiting, now_s)
            return ()
        if now_s - before[1] < STALL_WALL_S:
            return ()
        self._stalled = (waiting, now_s)
        record = GoOn(waiting.stalled, bucket_start(waiting.bucket))
        return (Output("series", b"go_on", _encode(record)),)

    def snapshot(self) -> dict[str, bytes]:
        return self.alignment.snapshot() | self.correlator.snapshot()

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        self.alignment.restore(blocks)
        self.correlator.restore(blocks)

    def _published(self, window: Window) -> Iterator[Output]:
        key, value = window.window.encode(), encode(to_event(window, self._prefix))
        yield Output("windows", key, value, headers=HEADERS)
        yield Output("windows.latest", key, value, headers=HEADERS)
