"""Child processes that outlive neither their parent nor a Ctrl-C meant for it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

LEASH = Path(__file__).resolve().parent / "leash.py"


class _Starter:
    """One thread that starts every child: the kernel's leash is tied to a thread, and this one lasts as we do."""

    def __init__(self) -> None:
        self._pid = 0
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None

    def thread(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._thread is None or self._pid != os.getpid():  # a fork inherits the object, not its thread
                self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")
                self._pid = os.getpid()
            return self._thread


_STARTER = _Starter()


def start_child(
    argv: Iterable[str],
    *,
    output: IO[bytes] | int | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` with stdout and stderr going to `output`, and nothing on stdin.

    It leads a process group of its own, so a Ctrl-C at the terminal does not reach it; on Linux it is killed when this
    process ends in whatever way. Its pid is the program's own. A program that cannot be started exits with code 1.
    """

    def start() -> subprocess.Popen[bytes]:
        # -I -S: nothing of the environment may change the few lines before the real program, and they start in 10 ms.
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if output != subprocess.PIPE else subprocess.STDOUT,
            env=environ,
            cwd=cwd,
            start_new_session=True,
        )

    return _STARTER.thread().submit(start).result()


def signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a child of `start_child` and what it started itself; nothing when it has ended already."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)


def stop_children(children: Iterable[subprocess.Popen[bytes]], grace_s: float) -> None:
    """End all of them: SIGTERM, then SIGKILL for whoever is left after `grace_s`. Reaps them, so no zombie stays."""
    running = list(children)
    for child in running:
        signal_group(child, signal.SIGTERM)
    deadline_s = time.monotonic() + grace_s
    for child in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=max(0.0, deadline_s - time.monotonic()))
    for child in running:
        signal_group(child, signal.SIGKILL)
        child.wait()
