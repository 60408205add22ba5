"""Keep the processes of one machine running: start, restart with growing patience, log, and end them all.

As a library `Supervisor(commands, log_dir).start()`, then `.poll()` now and then, and `.stop()`; `.run()` does all of
it until a signal comes. On Linux its children die with it, however it ends.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from streams.child_log import ChildLog
from streams.processes import start_child, stop_children
from streams.stopping import told_to_stop

# A role ends itself when anything is amiss and expects to be back at once; ten seconds between attempts are little
# enough to look alive when the cause goes away, and enough not to load a machine that has one already.
FIRST_DELAY_S = 0.2
MOST_DELAY_S = 10.0
# Who lived this long had started well: the next end is a new trouble, not the old one.
STEADY_S = 30.0

STOP_S = 10.0  # systemd, Docker and Kubernetes wait 10 to 90 s before they kill
GRACE_S = 8.0  # of these for going by itself


def next_delay_s(previous_s: float | None, lived_s: float) -> float:
    """How long to wait before a process is started again that lived `lived_s` seconds.

    `previous_s`: the wait before that life, None if there was none. 0.2 s, doubling up to 10 s; a life of 30 s counts
    as a good start, after which it begins anew.

    >>> [next_delay_s(None, 1), next_delay_s(0.2, 1), next_delay_s(8.0, 1), next_delay_s(8.0, 31)]
    [0.2, 0.4, 10.0, 0.2]
    """
    if previous_s is None or lived_s >= STEADY_S:
        return FIRST_DELAY_S
    return min(previous_s * 2, MOST_DELAY_S)


@dataclass(frozen=True, slots=True)
class Command:
    """A process to keep running. `environ`: all of its environment, None for ours."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A process ended by itself, with `code` (minus the signal's number where one ended it), and starts again."""

    name: str
    pid: int
    code: int
    again_in_s: float


@dataclass(slots=True)
class _Kept:
    """One command and its present process."""

    command: Command
    log: ChildLog
    child: subprocess.Popen[bytes] | None = None
    pump: threading.Thread | None = None
    started_s: float = 0.0
    delay_s: float | None = None
    due_s: float | None = None
    ends: int = field(default=0)


class Supervisor:
    """Keeps `commands` running. Not for several threads at once.

    `log_dir/NAME.log` gets what each writes; `echo` gets it too, each line after its process's name.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        log_dir: Path,
        *,
        echo: TextIO | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        names = [command.name for command in commands]
        if len(set(names)) != len(names):
            raise ValueError(f"two processes of one name in {names}")
        log_dir.mkdir(parents=True, exist_ok=True)
        width = max(map(len, names), default=0)
        self._kept = [_Kept(c, ChildLog(log_dir / f"{c.name}.log", f"{c.name:<{width}} | ", echo)) for c in commands]
        self._clock_s = clock_s

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run now, by name."""
        running = ((kept.command.name, kept.child) for kept in self._kept)
        return {name: child.pid for name, child in running if child is not None and child.poll() is None}

    @property
    def ends(self) -> dict[str, int]:
        """How often each process has ended by itself."""
        return {kept.command.name: kept.ends for kept in self._kept}

    def start(self) -> None:
        """Start all of them; returns without waiting for what they do."""
        for kept in self._kept:
            self._start(kept)

    def poll(self) -> list[Ended]:
        """Notice who has ended, and start again whose time has come. To be called some times a second."""
        ended = []
        for kept in self._kept:
            now_s = self._clock_s()
            if kept.child is not None and kept.child.poll() is not None:
                ended.append(self._note_end(kept, kept.child, now_s))
            elif kept.due_s is not None and now_s >= kept.due_s:
                self._start(kept)
        return ended

    def stop(self) -> None:
        """End all of them within ten seconds: SIGTERM, then SIGKILL. None is left, none starts again."""
        deadline_s = time.monotonic() + STOP_S
        children = [kept.child for kept in self._kept if kept.child is not None]
        try:
            stop_children(children, GRACE_S)
        finally:
            for kept in self._kept:
                kept.due_s = None
                kept.child = None
                if kept.pump is not None:
                    # Ends with the last writer; what a child's own child still writes is not worth waiting for.
                    kept.pump.join(timeout=max(0.0, deadline_s - time.monotonic()))
                kept.log.close()

    def run(self, poll_s: float = 0.1, tell: Callable[[Ended], None] | None = None) -> None:
        """Keep them running until SIGTERM, SIGINT or SIGHUP, then end them. `tell` hears of each end.

        Only in the main thread, because only there can Python handle signals.
        """
        with told_to_stop() as stop:
            try:
                self.start()
                while not stop.told:
                    time.sleep(poll_s)
                    for ended in self.poll():
                        if tell is not None:
                            tell(ended)
            finally:
                self.stop()

    def _start(self, kept: _Kept) -> None:
        kept.due_s = None
        kept.started_s = self._clock_s()
        kept.child = start_child(kept.command.argv, output=subprocess.PIPE, environ=kept.command.environ)
        assert kept.child.stdout is not None
        kept.pump = threading.Thread(target=kept.log.take, args=(kept.child.stdout,), daemon=True)
        kept.pump.start()

    def _note_end(self, kept: _Kept, child: subprocess.Popen[bytes], now_s: float) -> Ended:
        kept.delay_s = next_delay_s(kept.delay_s, now_s - kept.started_s)
        kept.due_s = now_s + kept.delay_s
        kept.child = None
        kept.ends += 1
        return Ended(kept.command.name, child.pid, child.returncode, kept.delay_s)
