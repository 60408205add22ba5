"""The fields of a batch of errors as columns, however they were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import compress, repeat
from typing import Any

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from streams.contracts.events import ErrorEvent
from streams.ingest.uniform import Texts


@dataclass(frozen=True, slots=True)
class ErrorColumns:
    """The fields of a batch's errors, each as a column. The names and their order are those of ErrorEvent."""

    service: Sequence[str]
    time: Sequence[str | int | float]
    id: Sequence[str | None]
    region: Sequence[str | None]
    type: Sequence[str | None]
    message: Sequence[str | None]
    count: Sequence[int | None]
    user: Sequence[str | None]
    source: Sequence[str | None]
    dependency: Sequence[str | None]
    scenario: Sequence[str | None]

    def where(self, kept: NDArray[np.bool_]) -> ErrorColumns:
        """Only the rows for which `kept` is true."""
        return _columns([_where(getattr(self, name), kept) for name in FIELDS])

    def part(self, start: int, stop: int) -> ErrorColumns:
        """Only the rows from `start` up to `stop`."""
        if (start, stop) == (0, len(self.service)):
            return self
        return _columns([getattr(self, name)[start:stop] for name in FIELDS])


FIELDS = ErrorEvent.__struct_fields__
assert tuple(field.name for field in fields(ErrorColumns)) == FIELDS


def _columns(columns: Iterable[Any]) -> ErrorColumns:
    return ErrorColumns(*columns)


def _where(column: Sequence[Any], kept: NDArray[np.bool_]) -> Sequence[Any]:
    if isinstance(column, Texts):
        return column.rows(kept)
    if isinstance(column, Absent):
        return Absent(int(kept.sum()))
    return tuple(compress(column, kept.tolist()))


@dataclass(frozen=True, slots=True)
class Absent(Sequence[None]):
    """A field that no record of a batch has."""

    size: int

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[None]:
        return repeat(None, self.size)

    def __getitem__(self, at: Any) -> Any:
        return Absent(len(range(self.size)[at])) if isinstance(at, slice) else None


def columns_of_alike(fields: Mapping[str, Texts], size: int) -> ErrorColumns:
    """The columns of so many records that look alike."""
    return _columns([fields.get(name) or Absent(size) for name in FIELDS])


def is_said(column: Sequence[Any]) -> bool:
    """Whether any record says something in this field."""
    if isinstance(column, Texts):
        return not column.is_empty()
    return not isinstance(column, Absent) and any(column)


def columns_of(events: Sequence[ErrorEvent]) -> ErrorColumns:
    """The columns of a batch."""
    return _columns(zip(*map(astuple, events), strict=True) if events else [()] * len(FIELDS))
