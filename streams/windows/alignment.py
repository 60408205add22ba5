"""Which buckets are whole: every tallies partition has reported, for both signals.

A pure fold over the records of `series` in log order. Rules:

- Start: the first bucket for which every partition and signal has begun, that is the largest of the first buckets that
  they offered. Earlier ones are dropped: they could never become whole.
- A repeat (same partition, signal, bucket) and a bucket already taken are dropped: at-least-once upstream is harmless.
- `GoOn(signal, bucket)`: from that bucket on the signal is not waited for, until a bucket is taken for which it has
  reported in full again. At most one signal is gone on without; a later record for the other replaces it. One for a
  bucket already taken is stale (written by an owner that has since been replaced) and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct, msgpack

from streams.contracts.events import SIGNALS, Signal
from streams.contracts.series import BucketReport, GoOn, SeriesRecord
from streams.contracts.times import BUCKET_MS, bucket_of


class PartitionCountError(ValueError):
    """Reports of two different partition counts stand on one `series` topic."""


@dataclass(frozen=True, slots=True)
class WholeBucket:
    """One bucket as it is correlated. `reports`: by signal, in order of partition.

    Of a signal that was gone on without there may be fewer than `partitions`, or none.
    """

    bucket: int
    partitions: int
    reports: Mapping[Signal, tuple[BucketReport, ...]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What holds up the next bucket. `missing`: partitions by signal.

    `stalled`: the one signal that holds it up while the other has reported it in full, `ahead_s` how far that other one
    is ahead of it; None and 0 where both are missing, which no `GoOn` can help.
    """

    bucket: int
    missing: Mapping[Signal, tuple[int, ...]]
    stalled: Signal | None
    ahead_s: int


class _Begun(Struct, array_like=True):
    signal: Signal
    partition: int
    first: int
    newest: int


class _State(Struct):
    partitions: int
    next: int | None
    gone_on: tuple[Signal, int] | None
    begun: list[_Begun]


class Alignment:
    """Turns records of `series`, offered in log order, into whole buckets, each exactly once and in order."""

    def __init__(self) -> None:
        self._partitions = 0
        self._next: int | None = None
        self._gone_on: tuple[Signal, int] | None = None
        self._begun: dict[tuple[Signal, int], _Begun] = {}
        self._pending: dict[int, dict[tuple[Signal, int], BucketReport]] = {}

    def offer(self, record: SeriesRecord) -> list[WholeBucket]:
        """The buckets that this record makes whole, in bucket order. Raises PartitionCountError."""
        if isinstance(record, GoOn):
            bucket = bucket_of(record.bucket)
            if self._next is None or bucket >= self._next:
                self._gone_on = (record.signal, bucket)
        else:
            self._keep(record)
        if self._next is None:
            self._start()
        return self._take()

    def waiting(self) -> Waiting | None:
        """What holds up the next bucket; None before the first report, and where nobody has begun to report it."""
        if not self._begun:
            return None
        bucket = self._earliest() if self._next is None else self._next
        if all(begun.newest < bucket for begun in self._begun.values()):
            return None
        missing = {signal: gaps for signal in self._needed(bucket) if (gaps := self._gaps(signal, bucket))}
        if not missing:
            return None
        complete = [signal for signal in SIGNALS if not self._gaps(signal, bucket)]
        if len(missing) > 1 or not complete:
            return Waiting(bucket, missing, None, 0)
        ahead = min(self._begun[complete[0], partition].newest for partition in range(self._partitions)) - (bucket - 1)
        return Waiting(bucket, missing, next(iter(missing)), ahead * BUCKET_MS // 1000)

    def snapshot(self) -> dict[str, bytes]:
        """The state as named blocks. `pending/…` never change once written, `alignment` is small."""
        state = _State(self._partitions, self._next, self._gone_on, [self._begun[key] for key in sorted(self._begun)])
        blocks = {"alignment": msgpack.encode(state)}
        for bucket, reports in sorted(self._pending.items()):
            for (signal, partition), report in sorted(reports.items()):
                blocks[f"pending/{bucket}/{signal}/{partition}"] = msgpack.encode(report)
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Goes on where `snapshot` was taken. Blocks of other names are left alone."""
        state = msgpack.decode(blocks["alignment"], type=_State)
        self._partitions, self._next, self._gone_on = state.partitions, state.next, state.gone_on
        self._begun = {(begun.signal, begun.partition): begun for begun in state.begun}
        self._pending = {}
        for name in sorted(blocks):
            if name.startswith("pending/"):
                report = msgpack.decode(blocks[name], type=BucketReport)
                self._pending.setdefault(bucket_of(report.bucket), {})[report.signal, report.partition] = report

    def _keep(self, report: BucketReport) -> None:
        if self._partitions not in (0, report.partitions):
            raise PartitionCountError(
                f"bucket reports of {self._partitions} and of {report.partitions} tallies partitions on one "
                "series topic: use a new prefix for a new partition count"
            )
        self._partitions = report.partitions
        bucket, key = bucket_of(report.bucket), (report.signal, report.partition)
        begun = self._begun.setdefault(key, _Begun(*key, bucket, bucket))
        begun.newest = max(begun.newest, bucket)
        if bucket >= (self._earliest() if self._next is None else self._next):
            self._pending.setdefault(bucket, {}).setdefault(key, report)

    def _earliest(self) -> int:
        """The first bucket that can still become whole, as far as is known before the start."""
        first = max((begun.first for begun in self._begun.values()), default=0)
        return first if self._gone_on is None else max(first, self._gone_on[1])

    def _start(self) -> None:
        earliest = self._earliest()
        for bucket in [bucket for bucket in self._pending if bucket < earliest]:
            del self._pending[bucket]
        needed = self._needed(earliest)
        if self._partitions and all((s, p) in self._begun for s in needed for p in range(self._partitions)):
            self._next = earliest

    def _needed(self, bucket: int) -> list[Signal]:
        return [s for s in SIGNALS if self._gone_on is None or s != self._gone_on[0] or bucket < self._gone_on[1]]

    def _gaps(self, signal: Signal, bucket: int) -> tuple[int, ...]:
        reports = self._pending.get(bucket, {})
        return tuple(partition for partition in range(self._partitions) if (signal, partition) not in reports)

    def _take(self) -> list[WholeBucket]:
        taken: list[WholeBucket] = []
        while self._next is not None and not any(self._gaps(signal, self._next) for signal in self._needed(self._next)):
            bucket = self._next
            if self._gone_on and bucket >= self._gone_on[1] and not self._gaps(self._gone_on[0], bucket):
                self._gone_on = None  # it has caught up: from the next bucket on it is waited for again
            reports = self._pending.pop(bucket)
            taken.append(WholeBucket(bucket, self._partitions, {s: _by_partition(reports, s) for s in SIGNALS}))
            self._next = bucket + 1
        return taken


def _by_partition(reports: Mapping[tuple[Signal, int], BucketReport], signal: Signal) -> tuple[BucketReport, ...]:
    return tuple(reports[key] for key in sorted(reports) if key[0] == signal)
