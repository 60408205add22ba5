"""The last buckets of every service in columns, so that a window that is dated back finds its beginning.

One immutable block of bytes a bucket: all columns end to end, then a footer that says what they are. The numpy columns
are views into that block, so a snapshot costs nothing and repeats only what is new. 24 bytes per service, signal and
bucket: a float32 holds the six significant digits that reports carry, and gives them back exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from msgspec import Struct, msgpack
from numpy.typing import NDArray
from xxhash import xxh3_64_hexdigest

from streams.contracts.events import SIGNALS, Signal
from streams.contracts.series import BucketReport
from streams.windows.alignment import WholeBucket
from streams.windows.rounding import six_digits
from streams.windows.totals import Row

RING_BUCKETS = (
    240  # 4 h: a slow start is dated back by minutes to an hour; more costs 24 bytes a service, signal and bucket
)

_FLOATS = ("expected", "lower", "upper", "score")
_FOOTER_LENGTH_BYTES = 4


class _Part(Struct, array_like=True):
    """One report in the footer of a block."""

    signal: Signal
    partition: int
    roster: str
    blind: bool
    incomplete: bool
    late: dict[str, int]


class _Footer(Struct, array_like=True):
    partitions: int
    parts: list[_Part]


class Roster:
    """The services of one report and their rows. Equal lists of services share one roster."""

    def __init__(self, services: list[str]) -> None:
        self.services = services
        self.block = msgpack.encode(services)
        self.digest = xxh3_64_hexdigest(self.block)
        self.row = {service: row for row, service in enumerate(services)}


class _Columns:
    """One report's columns. `values`: the four float columns, shape (4, services)."""

    __slots__ = ("observed", "part", "roster", "values")

    def __init__(self, part: _Part, roster: Roster, observed: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        self.part, self.roster, self.observed, self.values = part, roster, observed, values


class _Bucket:
    __slots__ = ("block", "columns", "partitions")

    def __init__(self, block: bytes, partitions: int, columns: list[_Columns]) -> None:
        self.block, self.partitions, self.columns = block, partitions, columns


class Ring:
    """Remembers the newest `RING_BUCKETS` whole buckets, which come without gaps."""

    def __init__(self) -> None:
        self._buckets: dict[int, _Bucket] = {}
        self._rosters: dict[str, Roster] = {}
        self._last_roster: dict[tuple[Signal, int], Roster] = {}

    @property
    def first(self) -> int | None:
        """The oldest bucket remembered."""
        return next(iter(self._buckets), None)

    def append(self, whole: WholeBucket) -> None:
        """Remembers a bucket, forgets the oldest."""
        columns, parts = [], []
        for signal in SIGNALS:
            for report in whole.reports[signal]:
                roster = self._roster(report)
                columns += [np.asarray(report.observed, np.int64).tobytes(), _floats(report).tobytes()]
                parts.append(
                    _Part(signal, report.partition, roster.digest, report.blind, report.incomplete, report.late)
                )
        footer = msgpack.encode(_Footer(whole.partitions, parts))
        block = b"".join([*columns, footer, len(footer).to_bytes(_FOOTER_LENGTH_BYTES, "little")])
        self._buckets[whole.bucket] = self._view(block)
        for bucket in [bucket for bucket in self._buckets if bucket <= whole.bucket - RING_BUCKETS]:
            del self._buckets[bucket]

    def row(self, bucket: int, signal: Signal, service: str) -> Row | None:
        """What the signal said of the service in that bucket; None where it has no column there."""
        for columns in self._columns(bucket, signal):
            row = columns.roster.row.get(service)
            if row is not None:
                expected, lower, upper, score = (six_digits(value) for value in columns.values[:, row])
                part = columns.part
                late = part.late.get(service, 0)
                return Row(
                    bucket, int(columns.observed[row]), expected, lower, upper, score, late, part.blind, part.incomplete
                )
        return None

    def expected(self, bucket: int) -> dict[str, float]:
        """Events expected of every service in that bucket, over the signals that were not blind."""
        total: dict[str, float] = {}
        for signal in SIGNALS:
            for columns in self._columns(bucket, signal):
                if not columns.part.blind:
                    for service, value in zip(columns.roster.services, columns.values[0].tolist(), strict=True):
                        total[service] = total.get(service, 0.0) + value
        return total

    def lists_all(self, bucket: int, signal: Signal) -> bool:
        """Whether every partition reported that signal: a service without a column then has none of it."""
        known = self._buckets.get(bucket)
        return known is not None and sum(1 for _ in self._columns(bucket, signal)) == known.partitions

    def blocks(self) -> dict[str, bytes]:
        """`ring/<bucket>` and `roster/<digest>`: none ever changes."""
        blocks = {f"ring/{bucket}": known.block for bucket, known in self._buckets.items()}
        used = {columns.part.roster for known in self._buckets.values() for columns in known.columns}
        return blocks | {f"roster/{digest}": self._rosters[digest].block for digest in sorted(used)}

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Remembers what `blocks` held."""
        self._buckets, self._last_roster = {}, {}
        rosters = (Roster(msgpack.decode(block, type=list[str])) for name, block in _named(blocks, "roster/"))
        self._rosters = {roster.digest: roster for roster in rosters}
        for bucket, block in sorted((int(name), block) for name, block in _named(blocks, "ring/")):
            self._buckets[bucket] = self._view(block)

    def _columns(self, bucket: int, signal: Signal) -> Iterator[_Columns]:
        known = self._buckets.get(bucket)
        return (columns for columns in (known.columns if known else ()) if columns.part.signal == signal)

    def _roster(self, report: BucketReport) -> Roster:
        key = (report.signal, report.partition)
        last = self._last_roster.get(key)
        if last is None or last.services != report.services:
            last = Roster(list(report.services))
            last = self._rosters.setdefault(last.digest, last)
            self._last_roster[key] = last
            self._forget_rosters()
        return last

    def _forget_rosters(self) -> None:
        used = {columns.part.roster for known in self._buckets.values() for columns in known.columns}
        used |= {roster.digest for roster in self._last_roster.values()}
        self._rosters = {digest: roster for digest, roster in self._rosters.items() if digest in used}

    def _view(self, block: bytes) -> _Bucket:
        end = len(block) - _FOOTER_LENGTH_BYTES
        footer_bytes = int.from_bytes(block[end:], "little")
        footer = msgpack.decode(block[end - footer_bytes : end], type=_Footer)
        columns, offset = [], 0
        for part in footer.parts:
            roster = self._rosters[part.roster]
            n = len(roster.services)
            observed: NDArray[np.int64] = np.frombuffer(block, np.int64, n, offset)
            offset += observed.nbytes
            values: NDArray[np.float32] = np.frombuffer(block, np.float32, 4 * n, offset).reshape(4, n)
            offset += values.nbytes
            columns.append(_Columns(part, roster, observed, values))
        return _Bucket(block, footer.partitions, columns)


def _floats(report: BucketReport) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray([getattr(report, name) for name in _FLOATS], np.float32), nan=0.0)


def _named(blocks: Mapping[str, bytes], prefix: str) -> Iterator[tuple[str, bytes]]:
    return ((name.removeprefix(prefix), block) for name, block in blocks.items() if name.startswith(prefix))
