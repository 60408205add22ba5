"""A batch of errors as columns: found in the bytes, all but the few records that take a closer look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.contracts.events import ErrorEvent
from streams.ingest.decode import MAX_RECORD_BYTES, BatchDecoder, Failure
from streams.ingest.scan import COUNT, NAME, TEXT, TIME, layout, scan
from streams.ingest.texts import NOT_SAID, Places, Texts
from streams.ingest.time_column import NO_TIME, UNREAD, time_column, time_of
from streams.ingest.words import PAD

FIELDS = ErrorEvent.__struct_fields__
_KINDS = dict.fromkeys(FIELDS, NAME) | {"time": TIME, "count": COUNT, "message": TEXT}
_LAYOUT = layout(_KINDS, ("service", "time"))
_TEXT_FIELDS = [(place, name) for place, name in enumerate(FIELDS) if _KINDS[name] in (NAME, TEXT)]
_TIME = FIELDS.index("time")
_QUOTE = ord('"')

_DECODER = BatchDecoder("errors")


@dataclass(frozen=True, slots=True)
class ErrorColumns:
    """The errors of a batch. `starts`, `ends`: (field, row), the fields those of ErrorEvent.

    `times_ms`: NO_TIME where it is none. `counts`: how many a record stands for, 0 where it does not say.
    """

    text: bytes
    starts: Places
    ends: Places
    times_ms: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times_ms)

    def texts(self, field: str) -> Texts:
        """One field."""
        place = FIELDS.index(field)
        # In one piece, so that what is compiled is compiled for one kind of array.
        return Texts(self.text, np.ascontiguousarray(self.starts[place]), np.ascontiguousarray(self.ends[place]))

    def rows(self, chosen: slice | NDArray[Any]) -> ErrorColumns:
        """Only some of the errors."""
        return ErrorColumns(
            self.text, self.starts[:, chosen], self.ends[:, chosen], self.times_ms[chosen], self.counts[chosen]
        )


def error_columns(values: Sequence[bytes]) -> tuple[ErrorColumns, dict[int, Failure]]:
    """The errors among `values` in order, and by position what stands there instead of one."""
    found = scan(values, _LAYOUT, MAX_RECORD_BYTES)
    columns = ErrorColumns(found.text, found.starts, found.ends, found.times_ms, found.counts)
    failures: dict[int, Failure] = {}
    if not found.taken.all():
        columns, failures = _with_the_rest(columns, values, np.flatnonzero(~found.taken).tolist())
    unread = np.flatnonzero(columns.times_ms == UNREAD)
    if len(unread):
        columns.times_ms[unread] = time_column(_times(columns, unread.tolist()))
    if failures:
        columns = columns.rows(np.delete(np.arange(len(values)), list(failures)))
    return columns, failures


def _with_the_rest(
    columns: ErrorColumns, values: Sequence[bytes], left: Sequence[int]
) -> tuple[ErrorColumns, dict[int, Failure]]:
    """As `columns`, with the records that were left read one by one: what they say is written behind the text."""
    events, refused = _DECODER.present([values[position] for position in left])
    failures = {left[at]: failure for at, failure in refused.items()}
    for position in failures:
        columns.times_ms[position] = NO_TIME
    text = bytearray(columns.text)
    for position, event in zip([p for p in left if p not in failures], cast(list[ErrorEvent], events), strict=True):
        for place, name in _TEXT_FIELDS:
            value = getattr(event, name)
            columns.starts[place, position] = columns.ends[place, position] = NOT_SAID
            if value is not None:
                columns.starts[place, position] = len(text)
                text += msgspec.json.encode(value)[1:-1]
                columns.ends[place, position] = len(text)
        columns.times_ms[position] = time_of(event.time)
        columns.counts[position] = event.count or 0
    whole = bytes(text + PAD)
    return ErrorColumns(whole, columns.starts, columns.ends, columns.times_ms, columns.counts), failures


def _times(columns: ErrorColumns, rows: Sequence[int]) -> list[str | int | float]:
    """Times that are written unusually, or as numbers."""
    text, starts, ends = columns.text, columns.starts[_TIME].tolist(), columns.ends[_TIME].tolist()
    quoted = [text[starts[row] - 1] == _QUOTE for row in rows]
    tokens = [text[starts[row] - is_text : ends[row] + is_text] for row, is_text in zip(rows, quoted, strict=True)]
    return cast(list[str | int | float], msgspec.json.decode(b"[%s]" % b",".join(tokens)))
