"""Counts out of CSV files: `timestamp,value` of one series, or `timestamp,service,signal[,region],value` of many.

A row stands for the span from its time to the next row of its series; the spacing tells how long spans are. Rows that
are absent are spans in which nothing was seen, never zeros.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, get_args

import numpy as np

from streams.catalogue import Catalogue
from streams.contracts.events import Signal
from streams.contracts.times import rfc3339
from streams.replay.series_csv import count_of, is_header, moment_of
from streams.warmup.past import Past, service_of
from streams.warmup.slots import Counts, HistoryError, span_of

TIMES = ("timestamp", "time", "date", "datetime", "ts")
VALUES = ("value", "count", "events")
LOOK_ROWS = 20_000  # between two looks at how far a file is read
Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller says of all rows; None where the rows say it themselves."""

    service: str | None = None
    signal: Signal | None = None
    region: str | None = None


@dataclass(slots=True)
class _Rows:
    times_ms: array[int]
    values: array[float]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a row what stands; None where the caller has said it, or (of a region) nobody does."""

    number: int
    time: int
    value: int
    service: int | None
    signal: int | None
    region: int | None


def read_csv(
    files: Sequence[Path], catalogue: Catalogue, given: Given, on_progress: Advance = lambda done, total: None
) -> Past:
    """The history that the files hold together. Raises HistoryError and SeriesFileError.

    `on_progress(bytes done, bytes in all)`.
    """
    series: dict[tuple[str, Signal, str | None], _Rows] = {}
    sizes = [file.stat().st_size if file.is_file() else 0 for file in files]
    for index, file in enumerate(files):
        before = sum(sizes[:index])
        _read(file, catalogue, given, series, lambda done, before=before: on_progress(before + done, sum(sizes)))  # type: ignore[misc]
    past = Past(catalogue)
    for (service, signal, region), rows in series.items():
        what = f"{', '.join(map(str, files))}: {signal} of {service}" + (f" in {region}" if region else "")
        past.add(service, signal, region, _counts(rows, what))
    return past


def _counts(rows: _Rows, what: str) -> Counts:
    times, values = np.frombuffer(rows.times_ms, np.int64), np.frombuffer(rows.values, np.float64)
    if (np.diff(times) <= 0).any():
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
        twice = np.flatnonzero(np.diff(times) == 0)
        if len(twice):
            moment = rfc3339(int(times[twice[0]]))
            raise HistoryError(f"{what}: two rows for {moment}; sum up to one row a minute")
    return Counts(times, values, span_of(times, what))


def _read(
    file: Path,
    catalogue: Catalogue,
    given: Given,
    series: dict[tuple[str, Signal, str | None], _Rows],
    on_bytes: Callable[[int], None],
) -> None:
    columns: _Columns | None = None
    ids: dict[str, str] = {}
    times: dict[str, int] = {}  # a long form repeats each for every series
    for number, cells in _lines(file, on_bytes):
        if columns is None:
            columns = _columns(cells, given, str(file))
            if is_header(cells[0]):
                continue
        where = f"{file}, line {number}"
        if len(cells) != columns.number:
            raise HistoryError(f"{where}: {len(cells)} columns where there were {columns.number}; write every cell")
        key = _key(cells, columns, given, catalogue, ids, where)
        value = count_of(cells[columns.value].strip(), where)
        text = cells[columns.time]
        time_ms = times.get(text)
        if time_ms is None:
            time_ms = times[text] = moment_of(text.strip(), where)
        rows = series.get(key)
        if rows is None:
            rows = series[key] = _Rows(array("q"), array("d"))
        rows.times_ms.append(time_ms)
        rows.values.append(value)
    if columns is None or not series:
        raise HistoryError(f"{file}: no rows; write a line timestamp,value for every minute that was seen")


def _key(
    cells: list[str], columns: _Columns, given: Given, catalogue: Catalogue, ids: dict[str, str], where: str
) -> tuple[str, Signal, str | None]:
    name = given.service if columns.service is None else cells[columns.service].strip()
    assert name is not None, "_columns saw to it"
    service = ids.get(name)
    if service is None:
        service = ids[name] = service_of(name, catalogue, where)
    signal = given.signal if columns.signal is None else cells[columns.signal].strip()
    if signal not in get_args(Signal):
        raise HistoryError(f"{where}: {signal!r} is no signal; write errors or reports")
    region = given.region if columns.region is None else cells[columns.region].strip()
    return service, signal, region or None  # type: ignore[return-value]


def _columns(cells: list[str], given: Given, file: str) -> _Columns:
    names = [cell.strip().lower() for cell in cells]
    if not is_header(cells[0]):
        names = ["timestamp", "value"] if len(cells) == 2 else []

    def place(*called: str) -> int | None:
        return next((index for index, name in enumerate(names) if name in called), None)

    time, value = place(*TIMES), place(*VALUES)
    if time is None or value is None:
        raise HistoryError(
            f"{file}: no columns timestamp and value; begin with a line timestamp,value or "
            "timestamp,service,signal,region,value"
        )
    found = _Columns(len(names), time, value, place("service"), place("signal"), place("region"))
    for name, column, said in (
        ("service", found.service, given.service),
        ("signal", found.signal, given.signal),
        ("region", found.region, given.region),
    ):
        if column is not None and said is not None:
            raise HistoryError(f"{file}: a column {name} and --{name} as well; leave out one of them")
        if column is None and said is None and name != "region":
            raise HistoryError(f"{file}: whose rows are these? Give --{name}, or a column {name}")
    return found


def _lines(file: Path, on_bytes: Callable[[int], None]) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with their line's number."""
    try:
        with file.open("rb") as raw:
            yield from _rows(raw, on_bytes)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8 text with commas"
        raise HistoryError(f"{file}: cannot be read ({cause}); name a CSV file of timestamp,value") from error


def _rows(raw: BinaryIO, on_bytes: Callable[[int], None]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(TextIOWrapper(raw, encoding="utf-8-sig", newline=""), strict=True)
    for count, cells in enumerate(reader):
        if count % LOOK_ROWS == 0:
            on_bytes(raw.tell())
        if any(map(str.strip, cells)):
            yield reader.line_num, cells
