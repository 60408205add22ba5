"""History of many series gathered, as the detector has them: services as a whole, and the regions it judges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from streams.catalogue import Catalogue
from streams.contracts.events import Signal
from streams.contracts.tallies import History
from streams.contracts.times import rfc3339
from streams.detection.history import SLOTS_PER_DAY
from streams.detection.history_records import MEMORY_SLOTS, SLOT_BUCKETS, pack_sums
from streams.warmup.slots import SLOT_MS, Counts, Floats, HistoryError, Slots, excess_variance, slots_of

LARGEST_SUM = 2**32 - 1  # what a slot of a record can hold
Key = tuple[str, Signal, str | None]


@dataclass(frozen=True, slots=True)
class Filled:
    """What one series gets. `gaps`: stretches within it that are unknown, `missing_min` long together."""

    service: str
    signal: Signal
    region: str | None
    since: str
    until: str
    days: float
    per_minute: float
    gaps: int
    missing_min: int


@dataclass(slots=True)
class _Series:
    slots: Slots
    excess: float | None


@dataclass(slots=True)
class Past:
    """History by series. A region that the catalogue does not list counts in its service as a whole only."""

    catalogue: Catalogue
    _parts: dict[Key, list[_Series]] = field(default_factory=dict)

    def add(self, service: str, signal: Signal, region: str | None, counts: Counts) -> None:
        """Takes the counts of one series, `region` as events name it, None for the service as a whole.

        Of two for the same series the sums add up, as do those of two names of one service.
        """
        placed = None if region is None else self.catalogue.region(service, region)
        series = _Series(slots_of(counts), excess_variance(counts))
        self._parts.setdefault((service, signal, placed), []).append(series)

    def records(self) -> Iterator[History]:
        """What detect takes, in order of services; a stretch of known slots each."""
        for (service, signal, region), series in self._judged():
            for start, sums in _stretches(series.slots, f"{signal} of {service}"):
                yield History(service, signal, region, start, pack_sums(sums), series.excess)

    def filled(self) -> Iterator[Filled]:
        """What each series gets, in the order of `records`."""
        for (service, signal, region), series in self._judged():
            slots = _trimmed(series.slots)
            known = ~np.isnan(slots.sums)
            gaps = [len(list(run)) for seen, run in groupby(known.tolist()) if not seen]
            yield Filled(
                service,
                signal,
                region,
                rfc3339(slots.start * SLOT_MS),
                rfc3339(slots.end * SLOT_MS),
                round(float(known.sum()) / SLOTS_PER_DAY, 2),
                float(f"{slots.sums[known].mean() / SLOT_BUCKETS:.4g}"),
                len(gaps),
                SLOT_BUCKETS * sum(gaps),
            )

    def _judged(self) -> Iterator[tuple[Key, _Series]]:
        """Every series that the detector judges and that there is something known of, cut to what it can remember."""
        whole = dict(sorted(self._whole().items(), key=lambda item: item[0]))
        end = max((series.slots.end for series in whole.values()), default=0)
        for (service, signal), total in whole.items():
            entry = self.catalogue.services.get(service)
            listed = entry.regions if entry is not None and len(entry.regions) > 1 else ()
            yield from _known((service, signal, None), total, end)
            for region in listed:
                parts = self._parts.get((service, signal, region))
                if parts:
                    yield from _known((service, signal, region), _added(parts), end)

    def _whole(self) -> dict[tuple[str, Signal], _Series]:
        """Services as a whole: as given, else the sum of their regions where all of those are known."""
        whole: dict[tuple[str, Signal], _Series] = {}
        regions: dict[tuple[str, Signal], list[_Series]] = {}
        for (service, signal, region), parts in self._parts.items():
            if region is None:
                whole[service, signal] = _added(parts)
            else:
                regions.setdefault((service, signal), []).append(_added(parts))
        for key, parts in regions.items():
            # The excess of a sum is that of its parts only if they stray together; it is learnt live within a day.
            whole.setdefault(key, parts[0] if len(parts) == 1 else _Series(_added(parts).slots, None))
        return whole


def service_of(name: str, catalogue: Catalogue, where: str) -> str:
    """The id of a service by any of its names. Raises HistoryError."""
    found = catalogue.resolve(name)
    if found is None:
        raise HistoryError(
            f"{where}: nobody is called {name!r} in the catalogue: add it to your own (--catalogue FILE), or to a "
            "service's aliases there"
        )
    return found


def _added(parts: list[_Series]) -> _Series:
    if len(parts) == 1:
        return parts[0]
    start, end = min(part.slots.start for part in parts), max(part.slots.end for part in parts)
    sums: Floats = np.sum([part.slots.at(start, end) for part in parts], axis=0)
    return _Series(Slots(start, sums), None)


def _known(key: Key, series: _Series, end: int) -> Iterator[tuple[Key, _Series]]:
    start = max(series.slots.start, end - MEMORY_SLOTS)
    kept = _trimmed(Slots(start, series.slots.at(start, max(start, series.slots.end))))
    if len(kept.sums):
        yield key, _Series(kept, series.excess)


def _trimmed(slots: Slots) -> Slots:
    """Without what is unknown at either end."""
    known = np.flatnonzero(~np.isnan(slots.sums))
    if not len(known):
        return Slots(slots.start, slots.sums[:0])
    return Slots(slots.start + int(known[0]), slots.sums[known[0] : known[-1] + 1])


def _stretches(slots: Slots, what: str) -> Iterator[tuple[int, np.ndarray[tuple[int], np.dtype[np.uint32]]]]:
    place = 0
    for seen, run in groupby((~np.isnan(slots.sums)).tolist()):
        length = len(list(run))
        if seen:
            sums = np.rint(slots.sums[place : place + length])
            if sums.max() > LARGEST_SUM:
                raise HistoryError(f"{what}: more than {LARGEST_SUM:,} in ten minutes: are these counts of events?")
            yield slots.start + place, sums.astype(np.uint32)
        place += length
