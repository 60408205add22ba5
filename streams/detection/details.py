"""What a window will want to know of each bucket: regions, kinds, texts, people. Kept while a service leans, told once
it is notable, so that an outage dated back to when it began can be explained from then on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.contracts.events import OTHER
from streams.contracts.series import Detail, TextCount
from streams.contracts.sketches import merge, pack
from streams.contracts.tallies import Row
from streams.contracts.times import bucket_start
from streams.tally.panes import MAX_DISTINCT, WHO_KEPT
from streams.tally.sealing import SealedBucket

_encode = msgspec.json.Encoder().encode

LEANING_FROM = 0.4  # one bucket may add at most 0.4 of what opens a window: less is not yet a lean worth telling
MAX_TOLD_BYTES = 4 * 1024 * 1024  # of details in one report: half of a record on `series`; what is over waits its turn
MAX_PENDING_BUCKETS = 240  # four hours: no outage is dated back further; older details are given up


class PendingDetails:
    """Details per service that were not told yet."""

    def __init__(self, held: dict[str, list[Detail]] | None = None) -> None:
        self.held: dict[str, list[Detail]] = held or {}

    def emit(
        self, details: Mapping[str, Detail], *, leaning: AbstractSet[str], notable: AbstractSet[str]
    ) -> list[Detail]:
        """Takes one bucket's details in; returns what is to be told now, by service and then by bucket.

        Where that is more than MAX_TOLD_BYTES, as when hundreds of services fail at once, the oldest buckets are told
        first and the rest with the next ones.
        """
        for service in [s for s in self.held if s not in leaning and s not in notable]:
            del self.held[service]
        for service in sorted(leaning | notable):
            detail = details.get(service)
            kept = self.held.setdefault(service, [])
            if detail is not None:
                kept.append(detail)
                del kept[:-MAX_PENDING_BUCKETS]
        return self._told(sorted(notable))

    def _told(self, services: list[str]) -> list[Detail]:
        """Takes out of what is held of these services as much as fits into a report."""
        queue = sorted(
            (detail.bucket, service, i) for service in services for i, detail in enumerate(self.held[service])
        )
        taken: dict[str, int] = {}
        size = 0
        for _, service, i in queue:
            size += len(_encode(self.held[service][i]))
            if size > MAX_TOLD_BYTES and taken:
                break
            taken[service] = i + 1
        told: list[Detail] = []
        for service in services:
            number = taken.get(service, 0)
            told += self.held[service][:number]
            del self.held[service][:number]
            if not self.held[service]:
                del self.held[service]
        return told


def details_of(
    sealed: SealedBucket,
    wanted: AbstractSet[str],
    index: Mapping[tuple[str, str | None], int],
    expected: NDArray[np.float64],
) -> dict[str, Detail]:
    """One Detail per wanted service that had events in the bucket. `expected` per judged series, `index` their places.

    Never one of `other`, which is no service.
    """
    rows_of: dict[str, list[Row]] = {}
    for row in sealed.rows:
        if row.service in wanted and row.service != OTHER:
            rows_of.setdefault(row.service, []).append(row)
    begin = bucket_start(sealed.bucket)
    return {service: _detail(service, begin, rows, index, expected) for service, rows in rows_of.items()}


def _detail(
    service: str,
    begin: str,
    rows: list[Row],
    index: Mapping[tuple[str, str | None], int],
    expected: NDArray[np.float64],
) -> Detail:
    regions = _total(row.regions for row in rows)
    people: dict[int, int] = {}
    for row in rows:
        if row.people:
            merge(people, row.people)
    return Detail(
        service=service,
        bucket=begin,
        regions=regions,
        expected={r: float(f"{expected[index[service, r]]:.6g}") for r in regions if (service, r) in index},
        kinds=_most(_total(row.kinds for row in rows)),
        sources=_most(_total(row.sources for row in rows)),
        dependencies=_most(_total(row.dependencies for row in rows)),
        texts=_texts(rows),
        people=pack(people) if people else b"",
        scenario=min((row.scenario for row in rows if row.scenario), default=None),
    )


def _total(counters: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counter in counters:
        if counter:  # most are empty, and thousands of services may lean at once
            for name, count in counter.items():
                total[name] = total.get(name, 0) + count
    return dict(sorted(total.items())) if len(total) > 1 else total


def _most(total: dict[str, int]) -> dict[str, int]:
    """The hundred most frequent names; the rest is `other`, as within a pane: invented names must not fill a record."""
    if len(total) <= MAX_DISTINCT:
        return total
    named = {name: count for name, count in total.items() if name != OTHER}
    ordered = sorted(named, key=lambda name: (-named[name], name))
    kept = {name: named[name] for name in sorted(ordered[:MAX_DISTINCT])}
    kept[OTHER] = total.get(OTHER, 0) + sum(named[name] for name in ordered[MAX_DISTINCT:])
    return kept


def _texts(rows: Iterable[Row]) -> list[TextCount]:
    """Texts of all partitions together, the most frequent first; at most a hundred."""
    rows = [row for row in rows if row.texts]
    if not rows:
        return []
    counts: dict[tuple[str, str], int] = {}
    who: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        for text in row.texts:
            key = (text.text, text.lang or "")
            counts[key] = counts.get(key, 0) + text.count
            who.setdefault(key, set()).update(text.who)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_DISTINCT]
    return [
        TextCount(text=text, count=count, lang=lang or None, who=sorted(who[text, lang])[:WHO_KEPT])
        for (text, lang), count in ordered
    ]
