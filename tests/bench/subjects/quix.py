"""Quix Streams: the count of each service in tumbling windows of 10 s of event time.

Its windows are kept by key and partition; the records' key is the service, so nothing need be repartitioned. Durable
state (RocksDB and a changelog) stays on, as it ships.

    python -m tests.bench.subjects.quix BROKER TOPIC EVENTS RESULT CORE FOLDER
"""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench.meter import BROKER, CORE, EVENTS, FOLDER, PANE_MS, RESULT, TOPIC, Meter, pin

GRACE_MS = 5_000  # events come at most so late


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    from quixstreams import Application  # type: ignore[import-not-found]  # in the benchmark's own environment
    from quixstreams.context import message_context  # type: ignore[import-not-found]

    meter = Meter()
    counts: dict[tuple[int, str, int], int] = {}
    wanted = int(arguments[EVENTS])
    read = 0

    def time_ms(value: Any, headers: Any, timestamp: float, timestamp_type: Any) -> int:
        meter.begin()
        text = value.get("time") or value["clock"]
        return int(datetime.fromisoformat(text).timestamp() * 1000)

    def processed(topic: str, partition: int, offset: int) -> None:
        nonlocal read
        read += 1
        if read == wanted:
            app.stop()

    def closed(window: Any, key: Any, timestamp: int, headers: Any) -> None:
        counts[message_context().partition, key, window["start"] // PANE_MS] = window["value"]

    with tempfile.TemporaryDirectory(dir=arguments[FOLDER]) as state:
        app = Application(
            broker_address=arguments[BROKER],
            consumer_group=f"bench-quix-{Path(state).name}",
            auto_offset_reset="earliest",
            state_dir=state,
            loglevel="WARNING",
            on_message_processed=processed,
            consumer_extra_config={"fetch.queue.backoff.ms": 5},
        )
        topic = app.topic(arguments[TOPIC], key_deserializer="str", timestamp_extractor=time_ms)
        errors = app.dataframe(topic)
        errors = errors[errors.apply(lambda value: "service" in value)]
        errors = errors.tumbling_window(PANE_MS, grace_ms=GRACE_MS).count().final()
        errors.update(closed, metadata=True)
        app.run()
        # What was counted in windows that are still open is not told, so only closed ones are compared.
        meter.end(Path(arguments[RESULT]), read, counts)


if __name__ == "__main__":
    main(sys.argv)
