"""Bytewax: the count of each service in tumbling windows of 10 s of event time.

python -m tests.bench.subjects.bytewax_flow BROKER TOPIC EVENTS RESULT CORE FOLDER
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.meter import BROKER, CORE, EVENTS, PANE_MS, PARTITIONS, RESULT, TOPIC, Meter, pin

# Its clock belongs to a key, over all partitions, which are not read evenly: nothing may be late, whatever the order.
WAIT = timedelta(days=1)


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    import bytewax.operators as op  # type: ignore[import-not-found]  # in the benchmark's own environment
    import bytewax.operators.windowing as win  # type: ignore[import-not-found]
    from bytewax.connectors.kafka import KafkaSource  # type: ignore[import-not-found]
    from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]
    from bytewax.inputs import StatefulSourcePartition  # type: ignore[import-not-found]
    from bytewax.testing import TestingSink, run_main  # type: ignore[import-not-found]

    meter = Meter()
    seen: Counter[int] = Counter()
    each = int(arguments[EVENTS]) // PARTITIONS

    class First(StatefulSourcePartition):  # type: ignore[misc]
        """The first so many records of one partition."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner
            self._left = each

        def next_batch(self) -> list[Any]:
            meter.begin()
            if not self._left:
                raise StopIteration
            batch: list[Any] = self._inner.next_batch()[: self._left]
            self._left -= len(batch)
            return batch

        def snapshot(self) -> Any:
            return self._inner.snapshot()

        def close(self) -> None:
            self._inner.close()

    class Prefix(KafkaSource):  # type: ignore[misc]
        def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Any:
            return First(super().build_part(step_id, for_part, resume_state))

    def read(message: Any) -> tuple[str, datetime] | None:
        error = json.loads(message.value)
        if "service" not in error:
            return None
        seen[message.partition] += 1
        return error["service"], datetime.fromisoformat(error["time"])

    align = datetime(2020, 1, 1, tzinfo=UTC)
    flow = Dataflow("bench")
    source = Prefix([arguments[BROKER]], [arguments[TOPIC]], tail=False, add_config={"fetch.queue.backoff.ms": "5"})
    events = op.filter_map("read", op.input("errors", flow, source), read)
    clock = win.EventClock(lambda event: event[1], WAIT)
    counted = win.count_window(
        "count", events, clock, win.TumblingWindower(timedelta(seconds=10), align), lambda event: event[0]
    )
    out: list[tuple[str, tuple[int, int]]] = []
    late: list[Any] = []
    op.output("out", counted.down, TestingSink(out))
    op.output("late", counted.late, TestingSink(late))
    run_main(flow)
    if late:
        raise RuntimeError(f"{len(late)} events came too late")
    origin = int(align.timestamp() * 1000) // PANE_MS
    counts = {(-1, service, origin + window): number for service, (window, number) in out}
    meter.end(Path(arguments[RESULT]), sum(seen.values()), counts, [seen[p] for p in range(PARTITIONS)])


if __name__ == "__main__":
    main(sys.argv)
