"""What every subject of the benchmark does the same way: one core, the CPU time from first to last, its counts.

Only the standard library: the peers run with a Python environment of their own.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

BROKER, TOPIC, EVENTS, RESULT, CORE, FOLDER = range(1, 7)  # places in the arguments of a subject
PARTITIONS = 8
PANE_MS = 10_000

Counts = Mapping[tuple[int, str, int], int]  # by partition, service and pane


def cpu_s() -> float:
    """CPU seconds of this process so far, all its threads and ended children included."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_mb() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the process held from which this one was forked
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pin(core: int) -> None:
    """Keeps this process, and what it starts from now on, on one core, where the system can do that."""
    if core >= 0 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


class Meter:
    """From `begin` to `end`. A second `begin` changes nothing, so it may stand where every record comes by."""

    def __init__(self) -> None:
        self._from: tuple[float, float] | None = None

    def begin(self) -> None:
        if self._from is None:
            self._from = (cpu_s(), time.monotonic())

    def end(self, path: Path, events: int, counts: Counts, first: Iterable[int] | None = None) -> None:
        """Writes what was measured. `first`: by partition how many of its first events are counted, None for all.

        In `counts` the partition is -1 where it is not told.
        """
        cpu, wall = cpu_s(), time.monotonic()
        if self._from is None:
            raise RuntimeError("nothing was read")
        result = {
            "events": events,
            "begun_s": self._from[1],  # monotonic, the same clock in every process
            "cpu_s": cpu - self._from[0],
            "wall_s": wall - self._from[1],
            "peak_mb": peak_mb(),
            "counts": [[partition, service, pane, n] for (partition, service, pane), n in sorted(counts.items())],
            "first": None if first is None else list(first),
        }
        path.write_text(json.dumps(result))


def pane_of(time: str) -> int:
    """The 10 s pane of an RFC 3339 time, read as one would in a stream processor's callback."""
    return int(datetime.fromisoformat(time).timestamp()) // 10
