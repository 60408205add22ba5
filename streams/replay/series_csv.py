"""The detector over one file of counts: `timestamp,value` in, one object per bucket and window out.

Causal: what is said of a bucket hangs on the rows up to it. Rows that are absent are minutes in which nothing was seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from streams.contracts.times import BUCKET_MS, BadTime, parse_time_ms, rfc3339
from streams.detection.bank import BankStep, SeriesBank, SeriesRow
from streams.detection.smooth.pace import DAY_MIN

DEFAULT_FALSE_OPENS_PER_YEAR = 4.0  # as in the catalogue
MAX_GAP_BUCKETS = 60 * 1440  # two months unseen: nothing learnt before is left, and the file is more likely wrong
MAX_COUNT = 1e12


class SeriesFileError(ValueError):
    """A file that cannot be judged: names file, line, cause and remedy in one line."""


@dataclass(frozen=True, slots=True)
class CountSeries:
    """What a file holds: `buckets` (of `bucket_min` minutes since 1970) ascending, without repetition.

    `offset_ms`: where in its bucket every row lies.
    """

    buckets: list[int]
    values: list[float]
    offset_ms: int
    bucket_min: int = 1


def backtest_series(
    path: Path, *, profile: str = "counts", false_opens_per_year: float = DEFAULT_FALSE_OPENS_PER_YEAR
) -> Iterator[dict[str, Any]]:
    """Judge the series in `path`: a dict per row (`timestamp`, `value`, ...) and per window (`opened_at`, ...).

    A window comes once it is closed, or at the end with `closed_at` None. Surges and drops are both looked for. The
    profile `smooth` takes rows further apart than a minute too, as long as they divide a day. Raises SeriesFileError
    (before the first object) for a file, profile or tolerance that cannot be judged by.
    """
    if profile not in ("counts", "smooth"):
        raise SeriesFileError(f"there is no profile {profile!r}: use counts or smooth")
    if not (false_opens_per_year > 0 and math.isfinite(false_opens_per_year)):
        given = f"not {false_opens_per_year}: the default is 4"
        raise SeriesFileError(f"false opens a year must be a number above 0, {given}")
    series = read_series(path)
    series = _paced(path, series) if profile == "smooth" else _by_minute(path, series)
    row = SeriesRow("series", None, false_opens_per_year, 1, profile="smooth" if profile == "smooth" else "counts")
    return _judge(series, row)


def _judge(series: CountSeries, row: SeriesRow) -> Iterator[dict[str, Any]]:
    bank = SeriesBank([row], series.buckets[0], bucket_min=series.bucket_min)
    moment = partial(_moment, series)
    blind = np.array([np.nan])
    recent: dict[int, float] = {}  # counts since the earliest bucket a window may still be dated back to
    step: BankStep | None = None
    for bucket, value in zip(series.buckets, series.values, strict=True):
        while bank.bucket < bucket:
            step = bank.step(blind)
        step = bank.step(np.array([value]))
        yield _bucket_object(step, value, moment)
        recent[bucket] = value
        if step.closed[0]:
            yield _window_object(step, recent, moment)
        if step.open[0] == 0 and step.lean[0] == 0:
            recent.clear()
    if step is not None and step.open[0] != 0:
        yield _window_object(step, recent, moment)


def _bucket_object(step: BankStep, value: float, moment: Callable[[int], str]) -> dict[str, Any]:
    return {
        "timestamp": moment(step.bucket),
        "value": _number(value),
        "expected": _rounded(step.expected[0]),
        "score": _rounded(step.score[0]),
        "upper": _rounded(step.upper[0]),
        "lower": _rounded(step.lower[0]),
    }


def _window_object(step: BankStep, recent: dict[int, float], moment: Callable[[int], str]) -> dict[str, Any]:
    is_closed = bool(step.closed[0])
    first, last = int(step.started[0]), int(step.ended[0]) if is_closed else step.bucket
    inside = [value for bucket, value in recent.items() if first <= bucket <= last]
    surge = step.direction[0] > 0
    return {
        "opened_at": moment(first),
        "detected_at": moment(int(step.detected[0])),
        "closed_at": moment(last) if is_closed else None,
        "peak": _number((max if surge else min)(inside)),
        "direction": "surge" if surge else "drop",
    }


def _moment(series: CountSeries, bucket: int) -> str:
    return rfc3339(bucket * series.bucket_min * BUCKET_MS + series.offset_ms)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def read_series(path: Path) -> CountSeries:
    """Rows of a CSV `timestamp,value`, with or without that header, a minute apart or more, counts a minute.

    Timestamps: ISO 8601 (without an offset: UTC) or epoch seconds. Raises SeriesFileError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SeriesFileError(f"{path}: cannot be read ({cause}); name a CSV file of timestamp,value") from error
    buckets: list[int] = []
    values: list[float] = []
    first_ms = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or (not buckets and is_header(line)):
            continue
        where = f"{path}, line {number}"
        time_ms, value = _row(line, where)
        if not buckets:
            first_ms = time_ms
        bucket = time_ms // BUCKET_MS
        if buckets:
            _check_order(buckets[-1], bucket, time_ms - first_ms, where)
        buckets.append(bucket)
        values.append(value)
    if not buckets:
        raise SeriesFileError(f"{path}: no rows; write a line timestamp,value for every minute that was seen")
    return CountSeries(buckets, values, first_ms % BUCKET_MS)


def is_header(line: str) -> bool:
    """Whether a line names columns: its first cell says that times stand below it."""
    return line.split(",")[0].strip().strip('"').lower() in ("timestamp", "time", "date", "datetime", "ts")


def _row(line: str, where: str) -> tuple[int, float]:
    cells = [cell.strip().strip('"') for cell in line.split(",")]
    if len(cells) != 2:
        raise SeriesFileError(f"{where}: {len(cells)} columns; write timestamp,value")
    value = count_of(cells[1], where)
    return moment_of(cells[0], where), value


def count_of(text: str, where: str) -> float:
    """A count as it stands in a cell. Raises SeriesFileError, which names `where`."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SeriesFileError(f"{where}: {text!r} is not a number; leave out the row of a minute that was not seen")
    if not 0 <= value <= MAX_COUNT:
        raise SeriesFileError(f"{where}: {text} is no count; counts lie between 0 and {MAX_COUNT:g}")
    return value


def moment_of(text: str, where: str) -> int:
    """Milliseconds of the time in a cell. Raises SeriesFileError, which names `where`."""
    try:
        return _time_ms(text)
    except (BadTime, ValueError, OverflowError) as error:
        raise SeriesFileError(
            f"{where}: {text!r} is not a time; write ISO 8601 (2022-07-14T11:45:00Z) or epoch seconds"
        ) from error


def _time_ms(text: str) -> int:
    try:
        return parse_time_ms(float(text))
    except BadTime:
        raise
    except ValueError:
        moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        text = moment.replace(tzinfo=UTC).isoformat()
    return parse_time_ms(text)


def _check_order(before: int, bucket: int, since_first_ms: int, where: str) -> None:
    if bucket < before:
        raise SeriesFileError(f"{where}: earlier than the row before; sort the rows by time")
    if bucket == before:
        raise SeriesFileError(f"{where}: a second row in the same minute; sum up to one row a minute")
    if since_first_ms % BUCKET_MS:
        raise SeriesFileError(f"{where}: not a whole number of minutes after the first row; sum up to one row a minute")
    if bucket - before > MAX_GAP_BUCKETS:
        raise SeriesFileError(
            f"{where}: nothing for {(bucket - before) // 1440} days; check the time, or split the file"
        )


def _by_minute(path: Path, series: CountSeries) -> CountSeries:
    nearest = _nearest(series)
    if nearest > 1:
        raise SeriesFileError(
            f"{path}: rows are {nearest} minutes apart; the profile counts judges counts a minute: "
            "sum per minute, or use --profile smooth"
        )
    return series


def _paced(path: Path, series: CountSeries) -> CountSeries:
    """The same rows by buckets as long as the nearest two rows are apart."""
    bucket_min, first = _nearest(series), series.buckets[0]
    if DAY_MIN % bucket_min or any((bucket - first) % bucket_min for bucket in series.buckets):
        raise SeriesFileError(
            f"{path}: rows are {bucket_min} minutes and more apart, in no steps that divide a day; "
            "sum up to rows of 1, 5, 10, 15, 30 or 60 minutes"
        )
    offset_ms = first % bucket_min * BUCKET_MS + series.offset_ms
    return CountSeries([bucket // bucket_min for bucket in series.buckets], series.values, offset_ms, bucket_min)


def _nearest(series: CountSeries) -> int:
    return min((b - a for a, b in pairwise(series.buckets)), default=1)
