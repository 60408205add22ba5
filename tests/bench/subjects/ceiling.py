"""The ceiling: the shortest loop that still counts right. No validation, no repeats, no recovery, nothing published.

python -m tests.bench.subjects.ceiling BROKER TOPIC EVENTS RESULT CORE FOLDER
"""

from __future__ import annotations

import sys
from operator import attrgetter
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
from confluent_kafka import Consumer, Message, TopicPartition

from streams.contracts.times import PANE_MS
from streams.ingest.time_column import time_column
from tests.bench.meter import BROKER, CORE, EVENTS, PARTITIONS, RESULT, TOPIC, Meter, pin

BATCH_RECORDS = 4_000  # as tally: measured quickest here too
MAX_PANES = 4_096
MAX_SERVICES = 64


class Timed(msgspec.Struct, gc=False):
    """The two fields that a count in windows needs; a clock record has neither."""

    service: str = ""
    time: str = ""


class Whole(Timed, gc=False):
    """Every field of an error event."""

    id: str | None = None
    region: str | None = None
    type: str | None = None
    message: str | None = None
    count: int | None = None
    user: str | None = None
    source: str | None = None
    dependency: str | None = None
    scenario: str | None = None


class Codes(dict[str, int]):
    """A number for each name, given at first sight."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self)
        return number


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    wanted = int(arguments[EVENTS])
    consumer = Consumer(
        {
            "bootstrap.servers": arguments[BROKER],
            "group.id": "ceiling",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "fetch.queue.backoff.ms": 5,  # with the default of a second it would stand idle
            "queued.max.messages.kbytes": 131_072,
        }
    )
    decode = msgspec.json.Decoder(Whole if arguments[-1] == "every-field" else Timed).decode
    codes = Codes()
    service_of, time_of = attrgetter("service"), attrgetter("time")
    total = np.zeros(MAX_PANES * MAX_SERVICES, np.int64)
    first_pane: int | None = None
    events = 0
    meter = Meter()
    meter.begin()
    consumer.assign([TopicPartition(arguments[TOPIC], partition, 0) for partition in range(PARTITIONS)])
    while events < wanted:
        messages = consumer.consume(BATCH_RECORDS, timeout=0.1)
        values = cast(list[bytes], list(map(Message.value, messages)))  # none is a tombstone
        timed = [event for event in map(decode, values) if event.service]
        if not timed:
            continue
        panes = time_column(list(map(time_of, timed))) // PANE_MS
        if first_pane is None:
            first_pane = int(panes.min()) - 100
        services = np.fromiter(map(codes.__getitem__, map(service_of, timed)), np.int64, len(timed))
        total += np.bincount((panes - first_pane) * MAX_SERVICES + services, minlength=len(total))
        events += len(timed)
    names = list(codes)
    counts = {
        (-1, names[key % MAX_SERVICES], (first_pane or 0) + key // MAX_SERVICES): int(total[key])
        for key in np.flatnonzero(total).tolist()
    }
    meter.end(Path(arguments[RESULT]), events, counts)


if __name__ == "__main__":
    main(sys.argv)
