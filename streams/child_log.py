"""What a child process writes, kept in a file of bounded size and perhaps shown on a terminal."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import IO, TextIO

LINE_BYTES = 65_536  # a longer line comes in pieces
LOG_BYTES = 10_000_000  # a process that ends and starts for days must not fill the disk: this and one file before it


class ChildLog:
    """One process's output: a file of bounded size, and perhaps a terminal."""

    def __init__(self, path: Path, label: str, echo: TextIO | None) -> None:
        self._path = path
        self._label = label
        self._echo = echo
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = path.open("ab")

    def take(self, pipe: IO[bytes]) -> None:
        """Read until the writer is gone. What cannot be written is dropped: a full disk must not stop the process."""
        with pipe:
            while line := pipe.readline(LINE_BYTES):
                with contextlib.suppress(OSError, ValueError):
                    self._write(line)

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _write(self, line: bytes) -> None:
        with self._lock:
            if self._file is None:
                return
            if self._file.tell() + len(line) > LOG_BYTES:
                self._file.close()
                self._path.replace(self._path.with_suffix(".log.1"))
                self._file = self._path.open("ab")
            self._file.write(line)
            self._file.flush()
        if self._echo is not None:
            self._echo.write(self._label + line.decode("utf-8", "replace").rstrip("\n") + "\n")
            self._echo.flush()
