"""detect as it ships, with the benchmark's catalogue, until it is told to stop.

python -m tests.bench.subjects.detect BROKER TOPIC EVENTS RESULT CORE FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from streams.metrics import Metrics
from streams.roles.agents import run_detect
from streams.roles.ready import ready
from tests.bench.events import catalogue
from tests.bench.meter import BROKER, CORE, FOLDER, TOPIC, pin
from tests.bench.topic import bench_settings, prefix_of


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    settings = bench_settings(arguments[BROKER], Path(arguments[FOLDER]), prefix_of(arguments[TOPIC]))
    run_detect(settings, catalogue(), ready(settings), Metrics())


if __name__ == "__main__":
    main(sys.argv)
