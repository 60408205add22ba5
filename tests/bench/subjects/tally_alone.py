"""tally as it ships, in this process, until every event is counted, published and committed.

    python -m tests.bench.subjects.tally_alone BROKER TOPIC EVENTS RESULT CORE FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from streams.metrics import Metrics
from streams.roles.tally import Tally
from tests.bench.events import catalogue
from tests.bench.meter import BROKER, CORE, EVENTS, FOLDER, RESULT, Meter, pin
from tests.bench.topic import bench_settings


class CountingMetrics(Metrics):
    """Metrics that also say when so many records were taken in, of whatever outcome."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self._shown = self.events
        self._wanted = wanted
        self.taken = 0
        self.role: Tally | None = None
        self.events: Any = self

    def labels(self, *labels: str) -> CountingMetrics:
        self._counter = self._shown.labels(*labels)
        self._counts = labels[1] in ("accepted", "duplicate", "late", "refused")
        return self

    def inc(self, count: float) -> None:
        self._counter.inc(count)
        if self._counts:
            self.taken += int(count)
            if self.taken >= self._wanted and self.role is not None:
                self.role.stop()


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    settings = bench_settings(arguments[BROKER], Path(arguments[FOLDER]))
    metrics = CountingMetrics(int(arguments[EVENTS]))
    role = Tally(settings, catalogue(), metrics)
    metrics.role = role
    meter = Meter()
    meter.begin()
    role.run()
    meter.end(Path(arguments[RESULT]), metrics.taken, {})


if __name__ == "__main__":
    main(sys.argv)
