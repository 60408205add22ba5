"""Counting the errors of a batch in columns: one pass of C per field instead of Python per event.

What events say is numbered per batch, the numbers of a pane, a service and one field become one number, and numpy
counts those. Python then looks at each distinct combination once, in the order in which it first stood in the log: the
first hundred names of a pane are the same whatever the batches were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.catalogue import Catalogue
from streams.contracts.events import OTHER
from streams.contracts.sketches import add, hash64
from streams.ingest.uniform import Texts
from streams.tally.columns import ErrorColumns, is_said
from streams.tally.panes import Pane, ServicePane, bump, bump_tidied, tidied

# Up to so many cells per event a table of all combinations is quicker than sorting those that occur.
CELLS_PER_EVENT = 4
FEW_CELLS = 4_096


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
    fresh = _first_of_each_id(columns.id, places, held)
    if fresh is not None:
        columns, places = columns.where(fresh), places[fresh]
    if not len(places):
        return Counted(len(panes), Counter())
    return Counted(len(panes) - len(places), _Counting(columns, places, held, catalogue).count())


def _panes_of(
    panes: NDArray[np.int64], pane_at: Callable[[int, int], Pane]
) -> tuple[NDArray[np.uint16] | NDArray[np.int64], list[Pane]]:
    """For each row the place of its pane in the list of panes."""
    low, high = int(panes.min()), int(panes.max())
    if low == high:
        return np.zeros(len(panes), np.uint16), [pane_at(low, 0)]
    if high - low < FEW_CELLS:
        rows = np.empty(high - low + 1, np.intp)
        at = panes - low
        present = np.flatnonzero(np.bincount(at))
        rows[at[::-1]] = np.arange(len(at) - 1, -1, -1)  # of rows of the same pane the last to be written: the first
        place = np.empty(high - low + 1, np.uint16)
        place[present] = np.arange(len(present))
        found = zip((present + low).tolist(), rows[present].tolist(), strict=True)
        return place[at], [pane_at(index, row) for index, row in found]
    indexes, first, places = np.unique(panes, return_index=True, return_inverse=True)
    return places, [pane_at(index, row) for index, row in zip(indexes.tolist(), first.tolist(), strict=True)]


def _first_of_each_id(
    ids: Sequence[str | None], places: NDArray[Any], panes: Sequence[Pane]
) -> NDArray[np.bool_] | None:
    """Which rows are not the second of their id in their pane; None where all are, as nearly always."""
    if not is_said(ids):
        return None
    ids = ids.strings() if isinstance(ids, Texts) else ids
    if len(panes) == 1:
        repeated = panes[0].repeats(ids)
        rows = np.array(repeated, np.intp)
    else:
        order = np.argsort(places, kind="stable")
        column = np.fromiter(ids, object, len(ids))[order]
        ends = np.cumsum(np.bincount(places, minlength=len(panes))).tolist()
        found: list[int] = []
        start = 0
        for pane, end in zip(panes, ends, strict=True):
            found += [start + at for at in pane.repeats(column[start:end].tolist())]
            start = end
        rows = order[found]
    if not len(rows):
        return None
    fresh = np.ones(len(ids), np.bool_)
    fresh[rows] = False
    return fresh


class _Numbers(dict[Any, int]):
    """A number for each value, in order of first appearance."""

    def __missing__(self, value: Any) -> int:
        number = self[value] = len(self)
        return number


def _numbered(column: Sequence[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    if isinstance(column, Texts):
        return column.numbered()
    numbers = _Numbers()
    codes = np.fromiter(map(numbers.__getitem__, column), np.int64, len(column))
    return codes, list(numbers)


class _Counting:
    """One batch without repeats, of which every field is counted in turn."""

    def __init__(
        self, columns: ErrorColumns, places: NDArray[Any], panes: Sequence[Pane], catalogue: Catalogue
    ) -> None:
        self._columns = columns
        self._panes = panes
        self._catalogue = catalogue
        services, self._names = _numbered(columns.service)
        self._known = [catalogue.resolve(name) for name in self._names]
        self._cells = places.astype(np.int64) * len(self._names) + services  # pane and service
        self._services = services
        self._all_cells = len(panes) * len(self._names)
        self._held: dict[int, ServicePane] = {}  # by cell
        self._weights: NDArray[np.int64] | None = None
        if is_said(columns.count):
            self._weights = np.array([count or 1 for count in columns.count], np.int64)

    def count(self) -> Counter[str]:
        """Counts everything; returns the names that no service answers to."""
        columns = self._columns
        self._count_regions(columns.region)
        if is_said(columns.scenario):
            self._mark_scenarios(columns.scenario)
        self._count_labels(columns.type, lambda held: held.kinds)
        self._count_labels(columns.source, lambda held: held.sources)
        self._count_labels(columns.dependency, lambda held: held.dependencies)
        if is_said(columns.message):
            self._count_texts(columns.message)
        if is_said(columns.user):
            self._add_users(columns.user)
        return self._unknown()

    def _distinct(self, column: Sequence[Any]) -> tuple[list[int], list[Any], list[int], list[Any]]:
        """Cells, values and counts of the distinct combinations, in order of first appearance; and all values."""
        codes, values = _numbered(column)
        combined = self._cells * len(values) + codes
        found, counts = distinct(combined, self._all_cells * len(values), self._weights)
        return (found // len(values)).tolist(), (found % len(values)).tolist(), counts.tolist(), values

    def _count_regions(self, column: Sequence[str | None]) -> None:
        cells, codes, counts, regions = self._distinct(column)
        names: dict[tuple[int, int], str] = {}
        services = len(self._names)
        for cell, code, count in zip(cells, codes, counts, strict=True):
            held = self._held.get(cell)
            service = cell % services
            if held is None:
                held = self._held[cell] = self._panes[cell // services].service(self._known[service] or OTHER)
            name = names.get((service, code))
            if name is None:
                name = self._catalogue.region(self._known[service] or OTHER, regions[code])
                names[service, code] = name
            bump(held.regions, name, count)

    def _mark_scenarios(self, column: Sequence[str | None]) -> None:
        cells, codes, _, values = self._distinct(column)
        for cell, code in zip(cells, codes, strict=True):
            held, scenario = self._held[cell], values[code]
            if scenario and not held.scenario:
                held.scenario = tidied(scenario)

    def _count_labels(self, column: Sequence[str | None], counts_of: Callable[[ServicePane], dict[str, int]]) -> None:
        if not is_said(column):
            return
        cells, codes, counts, values = self._distinct(column)
        labels = [tidied(value) if value else None for value in values]
        services, known = len(self._names), self._known
        for cell, code, count in zip(cells, codes, counts, strict=True):
            label, held = labels[code], self._held[cell]
            # Names nobody knows get a count, never state.
            if label is not None and known[cell % services] is not None:
                bump_tidied(counts_of(held), label, count)

    def _count_texts(self, column: Sequence[str | None]) -> None:
        cells, codes, counts, values = self._distinct(column)
        services = len(self._names)
        for cell, code, count in zip(cells, codes, counts, strict=True):
            text, held = values[code], self._held[cell]
            if text and self._known[cell % services] is not None:
                held.text(text, None, count, None)

    def _add_users(self, column: Sequence[str | None]) -> None:
        services = len(self._names)
        for cell, user in set(zip(self._cells.tolist(), column, strict=True)):
            held = self._held[cell]
            if user and self._known[cell % services] is not None:
                add(held.people, hash64(user))

    def _unknown(self) -> Counter[str]:
        if all(known is not None for known in self._known):
            return Counter()
        totals = np.bincount(self._services, self._weights).astype(np.int64).tolist()
        pairs = zip(self._names, self._known, totals, strict=True)
        return Counter({name: total for name, known, total in pairs if known is None})


def distinct(
    codes: NDArray[np.int64], cells: int, weights: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct numbers below `cells`, in order of first appearance, and how often (or how heavy) each is."""
    if cells > CELLS_PER_EVENT * len(codes) + FEW_CELLS:
        found, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        totals = np.bincount(inverse, weights)
    else:
        every = np.bincount(codes, weights, minlength=cells)
        rows = np.empty(cells, np.intp)
        rows[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # of equal codes the last to be written: the first
        found = np.flatnonzero(every)
        first, totals = rows[found], every[found]
    order = np.argsort(first)
    # Weights are summed as doubles, exact up to 2**53: nine billion events of the heaviest kind in one batch.
    return found[order], totals[order].astype(np.int64)
