"""A plain Faust agent that counts into a table, as its documentation shows it.

python -m tests.bench.subjects.faust_agent BROKER TOPIC EVENTS RESULT CORE FOLDER
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import faust

from tests.bench.meter import BROKER, CORE, EVENTS, FOLDER, PARTITIONS, RESULT, TOPIC, Meter, pane_of, pin


def app_id(folder: Path) -> str:
    """One app a round: another one would find the table of the round before."""
    return f"bench-faust-{folder.name}"


def changelog(folder: Path) -> str:
    """The topic of its table, made beforehand: the broker creates none by itself."""
    return f"{app_id(folder)}-counts-changelog"


def app_of(folder: Path, broker: str, topic: str, wanted: int, result: Path) -> Any:
    """The app. Ends the process when it has counted so many events."""
    app = faust.App(
        app_id(folder),
        broker=f"kafka://{broker}",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        worker_redirect_stdouts=False,
        loghandlers=[],
    )
    source = app.topic(topic, value_type=bytes, value_serializer="raw", partitions=PARTITIONS)
    counts = app.Table("counts", default=int, partitions=PARTITIONS)
    meter = Meter()
    seen: Counter[int] = Counter()

    @app.agent(source)
    async def count(stream: Any) -> None:
        events = 0
        async for event in stream.events():
            meter.begin()
            error = json.loads(event.value)
            if "service" not in error:
                continue
            counts[f"{error['service']}/{pane_of(error['time'])}"] += 1
            seen[event.message.partition] += 1
            events += 1
            if events == wanted:
                # A table may be read with its partition in hand only; here all of it is wanted.
                found = {(-1, *_parted(key)): int(number) for key, number in dict(counts).items()}
                meter.end(result, events, found, [seen[p] for p in range(PARTITIONS)])
                os._exit(0)

    return app


def _parted(key: str) -> tuple[str, int]:
    service, pane = key.split("/")
    return service, int(pane)


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    folder, result = Path(arguments[FOLDER]), Path(arguments[RESULT])
    app = app_of(folder, arguments[BROKER], arguments[TOPIC], int(arguments[EVENTS]), result)
    worker = faust.Worker(app, loglevel=logging.WARNING, quiet=True, redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv)
