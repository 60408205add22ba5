"""What lies in the benchmark's topic: realistic error events of half an hour, and the offline count of them.

Seeded, so that every run and every subject reads the same. Event time runs a little out of order, as events of many
machines do; nothing is late, repeated or broken, so that every subject must come to the same counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.times import PANE_MS, rfc3339

BEGIN_MS = 1_773_136_800_000  # 2026-03-10T10:00:00Z, a bucket boundary; any time would do
PARTITIONS = 8
CLOCK_MS = 10_000  # between clock records of every partition, as the replayer writes them
DISORDER_MS = 4_900  # how far an event may come behind younger ones; below every subject's allowance
SEED = 20_260_310

SERVICES = tuple(f"service-{i:02d}" for i in range(50))
REGIONS = ("US", "GB", "IN")
TYPES = ("http_500", "http_503", "timeout", "connection_refused")
SOURCES = ("edge-1", "edge-2", "collector")


class Record(NamedTuple):
    """One record of `errors`. `key`: the service, so that an engine which counts by key need not repartition."""

    partition: int
    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class Load:
    """So many events over so many seconds of event time; `seconds` is a multiple of a minute."""

    events: int = 5_000_000
    seconds: int = 1_800

    @property
    def end_ms(self) -> int:
        """Event time at which everything has been sent."""
        return BEGIN_MS + self.seconds * 1000


def catalogue() -> Catalogue:
    """The services of the load, with the regions that its events name."""
    return Catalogue([Service(id=name, names={"en": name}, regions=REGIONS) for name in SERVICES])


@dataclass(frozen=True, slots=True)
class Draws:
    """The columns of a load, in the order in which it is sent."""

    sent_ms: NDArray[np.int64]
    times_ms: NDArray[np.int64]
    partitions: NDArray[np.int64]
    services: NDArray[np.int64]
    regions: NDArray[np.int64]
    types: NDArray[np.int64]
    sources: NDArray[np.int64]
    ids: NDArray[np.int64]


def draws(load: Load) -> Draws:
    """Draws a load. A few services have most of the errors, as everywhere (weights 1/rank)."""
    rng = np.random.default_rng(SEED)
    n = load.events
    sent_ms = BEGIN_MS + np.sort(rng.integers(0, load.seconds * 1000, n))
    weights = 1 / np.arange(1, len(SERVICES) + 1)
    return Draws(
        sent_ms,
        np.maximum(sent_ms - rng.integers(0, DISORDER_MS, n), BEGIN_MS),
        rng.integers(0, PARTITIONS, n),
        rng.choice(len(SERVICES), n, p=weights / weights.sum()),
        rng.choice(len(REGIONS), n, p=(0.6, 0.25, 0.15)),
        rng.choice(len(TYPES), n, p=(0.5, 0.25, 0.15, 0.1)),
        rng.choice(len(SOURCES), n, p=(0.45, 0.45, 0.1)),
        rng.integers(0, 2**63, n),
    )


def records(drawn: Draws) -> Iterator[Record]:
    """Events in the order in which they are sent, without clock records."""
    seconds: dict[int, str] = {}
    for second in range(int(drawn.times_ms.min() // 1000), int(drawn.times_ms.max() // 1000) + 1):
        seconds[second] = rfc3339(second * 1000)[:-4]  # up to the dot
    columns = (drawn.partitions, drawn.times_ms, drawn.services, drawn.regions, drawn.types, drawn.sources, drawn.ids)
    for partition, time_ms, service, region, kind, source, ident in zip(*(c.tolist() for c in columns), strict=True):
        name = SERVICES[service]
        value = (
            f'{{"id":"{ident:016x}","service":"{name}","time":"{seconds[time_ms // 1000]}{time_ms % 1000:03d}Z",'
            f'"region":"{REGIONS[region]}","type":"{TYPES[kind]}","source":"{SOURCES[source]}"}}'
        )
        yield Record(partition, name.encode(), value.encode())


def clock(time_ms: int) -> bytes:
    """A clock record: it moves the time of the partition in which it lies."""
    return f'{{"clock":"{rfc3339(time_ms)}"}}'.encode()


def with_clocks(drawn: Draws, load: Load) -> Iterator[Record | int]:
    """Records, and the time of a clock record wherever one goes into every partition of every input topic.

    The last clock is a bucket and the allowed delay behind the end: it seals everything.
    """
    stream = records(drawn)
    marks = range(BEGIN_MS, load.end_ms + CLOCK_MS, CLOCK_MS)
    bounds = np.searchsorted(drawn.sent_ms, np.array(marks), side="left")
    sent = 0
    for time_ms, bound in zip(marks, bounds.tolist(), strict=True):
        yield from islice(stream, bound - sent)
        sent = bound
        yield time_ms
    yield from stream
    yield load.end_ms + 120_000


class Offline:
    """What must come out: events by partition, service and pane, counted without any stream processor."""

    def __init__(self, drawn: Draws) -> None:
        self._drawn = drawn
        self._places = [np.flatnonzero(drawn.partitions == partition) for partition in range(PARTITIONS)]

    def counts(self, first: Sequence[int] | None = None) -> dict[tuple[int, str, int], int]:
        """By partition, service and pane; with `first` only of the first so many events of each partition."""
        counts: dict[tuple[int, str, int], int] = {}
        for partition, places in enumerate(self._places):
            kept = places if first is None else places[: first[partition]]
            panes = self._drawn.times_ms[kept] // PANE_MS
            keys, numbers = np.unique(panes * len(SERVICES) + self._drawn.services[kept], return_counts=True)
            for key, number in zip(keys.tolist(), numbers.tolist(), strict=True):
                counts[partition, SERVICES[key % len(SERVICES)], key // len(SERVICES)] = number
        return counts


def without_partition(counts: Mapping[tuple[int, str, int], int]) -> dict[tuple[str, int], int]:
    """By service and pane."""
    found: dict[tuple[str, int], int] = {}
    for (_, service, pane), number in counts.items():
        found[service, pane] = found.get((service, pane), 0) + number
    return found
