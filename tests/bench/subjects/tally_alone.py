"""tally as it ships, in this process, until every event is counted, published and committed.

With `until-told` it goes on until SIGTERM, so that the clock at the topic's end is passed on to detect too.

    python -m tests.bench.subjects.tally_alone BROKER TOPIC EVENTS RESULT CORE FOLDER [until-told]
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streams.metrics import Metrics
from streams.roles.tally import Tally
from tests.bench.events import catalogue
from tests.bench.meter import BROKER, CORE, EVENTS, FOLDER, RESULT, TOPIC, Meter, pin
from tests.bench.topic import bench_settings, prefix_of

TAKEN = ("accepted", "duplicate", "late", "refused")  # each event has exactly one of these outcomes


class TakenIn:
    """Stands for the role's counter of events, and calls `done` when so many have been taken in."""

    def __init__(self, counter: Any, wanted: int) -> None:
        self._counter = counter
        self._wanted = wanted
        self.events = 0
        self.by_outcome: dict[str, int] = {}
        self.done: Callable[[], None] = lambda: None

    def labels(self, signal_name: str, outcome: str) -> TakenIn:
        self._outcome = outcome
        self._child = self._counter.labels(signal_name, outcome)
        return self

    def inc(self, count: float) -> None:
        self._child.inc(count)
        self.by_outcome[self._outcome] = self.by_outcome.get(self._outcome, 0) + int(count)
        if self._outcome in TAKEN:
            self.events += int(count)
            if self.events >= self._wanted:
                self.done()


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    settings = bench_settings(arguments[BROKER], Path(arguments[FOLDER]), prefix_of(arguments[TOPIC]))
    metrics = Metrics()
    taken = TakenIn(metrics.events, int(arguments[EVENTS]))
    metrics.events = taken  # type: ignore[assignment]
    role = Tally(settings, catalogue(), metrics)
    if arguments[-1] == "until-told":
        signal.signal(signal.SIGTERM, lambda *_: role.stop())
    else:
        taken.done = role.stop
    meter = Meter()
    meter.begin()
    role.run()
    meter.end(Path(arguments[RESULT]), taken.by_outcome.get("accepted", 0), {})


if __name__ == "__main__":
    main(sys.argv)
