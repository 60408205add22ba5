"""Being told to stop, without being torn out of what is going on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Set by a signal. A plain attribute: locks, and so events, must not be taken in a signal handler."""

    told = False


@contextmanager
def told_to_stop() -> Iterator[Stop]:
    """What SIGTERM, SIGINT and SIGHUP set while the block runs; one that is ignored (nohup) stays ignored.

    Only in the main thread, because only there can Python handle signals.
    """
    stop = Stop()

    def tell(number: int, frame: FrameType | None) -> None:
        stop.told = True

    heeded = [n for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, tell) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
