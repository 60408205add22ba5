"""Become another program that dies with its parent: `python leash.py PARENT_PID PROGRAM [ARGUMENT]...`.

A small program of its own, because code between fork and exec inside a process with threads may deadlock it
(https://docs.python.org/3/library/subprocess.html#subprocess.Popen, warning at `preexec_fn`).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = (
    1  # <linux/prctl.h>; kept across execve: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
)


def become(parent: int, argv: list[str]) -> None:
    """Replace this process by `argv`. On Linux the kernel kills it when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # the parent went before the leash was on
        sys.exit(1)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.exit(f"cannot start {argv[0]}: {error.strerror}")


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
