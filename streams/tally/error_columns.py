"""Counting the errors of a batch in columns: one pass of machine code per field instead of Python per event.

What events say is numbered per batch, the numbers of a pane, a service and one field become one number, and those
are counted. Python then looks at each distinct combination once, in the order in which it first stood in the log: the
first hundred names of a pane are the same whatever the batches were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from streams.catalogue import Catalogue
from streams.contracts.events import OTHER
from streams.contracts.sketches import add, hash64
from streams.ingest.texts import Texts, distinct, ranked
from streams.tally.columns import ErrorColumns
from streams.tally.panes import Pane, ServicePane, bump_tidied, tidied

_NO_WEIGHTS = np.empty(0, np.int64)


class Counted(NamedTuple):
    """What became of a batch: repeats among its records, and the names that no service answers to."""

    repeats: int
    unknown: Counter[str]


def count_errors(
    columns: ErrorColumns,
    panes: NDArray[np.int64],
    catalogue: Catalogue,
    pane_at: Callable[[int, int], Pane],
) -> Counted:
    """Counts errors in log order. `panes`: of each row. `pane_at(index, row)`: the pane, first met at that row."""
    places, held = _panes_of(panes, pane_at)
    repeats = _repeats(columns.texts("id"), places, held)
    if len(repeats):
        columns, places = columns.rows(np.delete(np.arange(len(places)), repeats)), np.delete(places, repeats)
    if not len(places):
        return Counted(len(panes), Counter())
    return Counted(len(panes) - len(places), _Counting(columns, places, held, catalogue).count())


def _panes_of(panes: NDArray[np.int64], pane_at: Callable[[int, int], Pane]) -> tuple[NDArray[np.int64], list[Pane]]:
    """For each row the place of its pane in the list of panes."""
    places, firsts = ranked(panes)
    found = zip(panes[firsts].tolist(), firsts.tolist(), strict=True)
    return places, [pane_at(index, row) for index, row in found]


def _repeats(ids: Texts, places: NDArray[np.int64], panes: Sequence[Pane]) -> NDArray[np.int64]:
    """The rows whose id was seen before in their pane."""
    if not ids.is_said():
        return np.empty(0, np.int64)
    return np.concatenate([pane.error_ids.repeats(ids, places, place) for place, pane in enumerate(panes)])


class _Counting:
    """One batch without repeats, of which every field is counted in turn. A *cell* is a service in a pane."""

    def __init__(
        self, columns: ErrorColumns, places: NDArray[np.int64], panes: Sequence[Pane], catalogue: Catalogue
    ) -> None:
        self._columns = columns
        self._catalogue = catalogue
        self._weights = np.maximum(columns.counts, 1) if columns.counts.any() else _NO_WEIGHTS
        self._services, names = columns.texts("service").numbered()
        self._names = cast(list[str], names)  # every error has a service
        self._known = [catalogue.resolve(name) for name in self._names]
        self._cells, firsts = ranked(places * len(names) + self._services)
        self._service_of = self._services[firsts].tolist()  # of each cell
        self._held = [
            panes[place].service(self._known[service] or OTHER)
            for place, service in zip(places[firsts].tolist(), self._service_of, strict=True)
        ]
        # Names nobody knows get a count by region, and no other state.
        self._judged = [
            held if self._known[service] is not None else None
            for held, service in zip(self._held, self._service_of, strict=True)
        ]

    def count(self) -> Counter[str]:
        """Counts everything; returns the names that no service answers to."""
        columns = self._columns
        self._count_regions(columns.texts("region"))
        self._mark_scenarios(columns.texts("scenario"))
        self._count_labels(columns.texts("type"), attrgetter("kinds"))
        self._count_labels(columns.texts("source"), attrgetter("sources"))
        self._count_labels(columns.texts("dependency"), attrgetter("dependencies"))
        self._count_texts(columns.texts("message"))
        self._add_users(columns.texts("user"))
        return self._unknown()

    def _distinct(self, column: Texts) -> tuple[list[int], list[int], list[int], list[str | None]]:
        """Cells, values and counts of the distinct combinations, in order of first appearance; and all values."""
        codes, values = column.numbered()
        found, totals = distinct(self._cells * len(values) + codes, self._weights)
        cells = found // len(values)
        return cells.tolist(), (found - cells * len(values)).tolist(), totals.tolist(), values

    def _count_regions(self, column: Texts) -> None:
        cells, codes, counts, regions = self._distinct(column)
        names: dict[tuple[int, int], str] = {}
        for cell, code, count in zip(cells, codes, counts, strict=True):
            key = self._service_of[cell], code
            name = names.get(key)
            if name is None:
                name = names[key] = self._catalogue.region(self._known[key[0]] or OTHER, regions[code])
            by_region = self._held[cell].regions
            by_region[name] = by_region.get(name, 0) + count

    def _mark_scenarios(self, column: Texts) -> None:
        if not column.is_said():
            return
        cells, codes, _, values = self._distinct(column)
        for cell, code in zip(cells, codes, strict=True):
            held, scenario = self._held[cell], values[code]
            if scenario and not held.scenario:
                held.scenario = tidied(scenario)

    def _count_labels(self, column: Texts, counts_of: Callable[[ServicePane], dict[str, int]]) -> None:
        if not column.is_said():
            return
        cells, codes, counts, values = self._distinct(column)
        labels = [tidied(value) if value else None for value in values]
        tables = [None if held is None else counts_of(held) for held in self._judged]
        for cell, code, count in zip(cells, codes, counts, strict=True):
            label, table = labels[code], tables[cell]
            if label is None or table is None:
                continue
            if label in table:
                table[label] += count
            else:
                bump_tidied(table, label, count)

    def _count_texts(self, column: Texts) -> None:
        if not column.is_said():
            return
        cells, codes, counts, values = self._distinct(column)
        for cell, code, count in zip(cells, codes, counts, strict=True):
            text, held = values[code], self._judged[cell]
            if text and held is not None:
                held.text(text, None, count, None)

    def _add_users(self, column: Texts) -> None:
        if not column.is_said():
            return
        cells, codes, _, values = self._distinct(column)
        for cell, code in zip(cells, codes, strict=True):
            user, held = values[code], self._judged[cell]
            if user and held is not None:
                add(held.people, hash64(user))

    def _unknown(self) -> Counter[str]:
        if None not in self._known:
            return Counter()
        totals = np.bincount(self._services).tolist()
        pairs = zip(self._names, self._known, totals, strict=True)
        return Counter({name: total for name, known, total in pairs if known is None})
