"""Merging what source partitions tell of one tallies partition, and sealing buckets: their counts never change again.

Of one pane, service and source partition every row is a prefix of the same log, so of two rows the one that counts
more is the later one, and repeats or old owners of a partition change nothing. A bucket of a signal is sealed when W
of every partition of its topic, of `statements` and of `feedback` has passed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from streams.contracts.events import Signal
from streams.contracts.tallies import History, Row, Said, Tally
from streams.contracts.times import BUCKET_MS, PANES_PER_BUCKET

SAID_TOPICS = ("statements", "feedback")
Source = tuple[str, int]  # topic and partition


@dataclass(slots=True)
class SealedBucket:
    """All that one bucket of one signal held. `rows`: one or more per service, from several panes and partitions."""

    signal: Signal
    bucket: int
    rows: list[Row]
    statements: list[Said] = field(default_factory=list)
    feedback: list[Said] = field(default_factory=list)
    blind: bool = False
    incomplete: bool = False


class _SourceState(msgspec.Struct):
    watermark_ms: int
    origin_ms: int
    gave_up: bool = False
    blind: list[tuple[int, int]] = []


class _Held(msgspec.Struct):
    """Everything not yet sealed, as it goes into a snapshot."""

    sources: list[tuple[str, int, _SourceState]] = []
    rows: list[tuple[str, int, Row]] = []
    said: list[tuple[str, Said]] = []
    next_bucket: dict[str, int] = {}


class Sealing:
    """Merges the tallies of one tallies partition. `partitions`: of every input topic, by its bare name."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._needed: dict[Signal, list[Source]] = {}
        for signal in ("errors", "reports"):
            topics = (signal, *SAID_TOPICS)
            self._needed[signal] = [(topic, p) for topic in topics for p in range(partitions[topic])]
        self._sources: dict[Source, _SourceState] = {}
        self._rows: dict[str, dict[int, dict[tuple[str, int], Row]]] = {"errors": {}, "reports": {}}
        self._said: dict[tuple[str, int], Said] = {}
        self._next: dict[Signal, int] = {}
        self.history: list[History] = []

    def offer(self, tally: Tally) -> None:
        """Merges one record in. What is already sealed is dropped."""
        self.history += tally.history
        if tally.topic in self._rows:
            self._merge_rows(tally)
        for said in tally.said:
            self._said.setdefault((tally.topic, said.offset), said)
        source = (tally.topic, tally.partition)
        state = self._sources.get(source)
        if tally.gave_up and state is not None:
            state.gave_up = True
        elif tally.watermark_ms is not None and tally.origin_ms is not None:
            if state is None:
                state = self._sources[source] = _SourceState(tally.watermark_ms, tally.origin_ms)
            elif tally.watermark_ms > state.watermark_ms:
                state.watermark_ms = tally.watermark_ms
                state.gave_up = False
            state.blind += [step for step in map(tuple, tally.blind) if step not in state.blind]  # type: ignore[misc]

    def next_bucket(self, signal: Signal) -> int | None:
        """The next bucket of a signal to be sealed; None before every partition has told its time."""
        known = self._next.get(signal)
        if known is None:
            needed = self._needed[signal]
            if any(source not in self._sources for source in needed):
                return None
            known = min(self._sources[s].origin_ms for s in needed if s[0] == signal) // BUCKET_MS
            self._next[signal] = known
        return known

    def seal(self, signal: Signal) -> Iterator[SealedBucket]:
        """Buckets that can be sealed now, in order."""
        bucket = self.next_bucket(signal)
        if bucket is None:
            return
        states = [self._sources[s] for s in self._needed[signal]]
        live = [s.watermark_ms for s in states if not s.gave_up]
        if not live:
            return
        watermark_ms = min(live)
        incomplete = any(state.gave_up for state in states)
        while (bucket + 1) * BUCKET_MS <= watermark_ms:
            yield self._sealed(signal, bucket, incomplete)
            bucket += 1
            self._next[signal] = bucket
        self._forget(signal)

    def watermarks(self) -> dict[Source, int]:
        """W of every source partition heard of, in milliseconds."""
        return {source: state.watermark_ms for source, state in self._sources.items()}

    def snapshot(self) -> bytes:
        """All that is not sealed yet."""
        held = _Held(
            sources=[(topic, p, state) for (topic, p), state in sorted(self._sources.items())],
            rows=[
                (signal, partition, row)
                for signal, panes in self._rows.items()
                for _, rows in sorted(panes.items())
                for (_, partition), row in sorted(rows.items())
            ],
            said=[(topic, said) for (topic, _), said in sorted(self._said.items())],
            next_bucket=dict(self._next),
        )
        return msgspec.msgpack.encode(held)

    def restore(self, snapshot: bytes) -> None:
        """Goes on where the snapshot was taken. Raises msgspec.DecodeError if it is none."""
        held = msgspec.msgpack.decode(snapshot, type=_Held)
        self._sources = {(topic, p): state for topic, p, state in held.sources}
        self._rows = {"errors": {}, "reports": {}}
        for signal, partition, row in held.rows:
            self._rows[signal].setdefault(row.pane, {})[row.service, partition] = row
        self._said = {(topic, said.offset): said for topic, said in held.said}
        self._next = dict(held.next_bucket)  # type: ignore[arg-type]

    def _merge_rows(self, tally: Tally) -> None:
        panes = self._rows[tally.topic]
        sealed = self._next.get(tally.topic, -(2**62)) * PANES_PER_BUCKET  # type: ignore[call-overload]
        partition = tally.partition
        for row in tally.rows:
            if row.pane < sealed:
                continue
            held = panes.get(row.pane)
            if held is None:
                held = panes[row.pane] = {}
            key = (row.service, partition)
            before = held.get(key)
            if before is None or _extent(row) > _extent(before):
                held[key] = row

    def _sealed(self, signal: Signal, bucket: int, incomplete: bool) -> SealedBucket:
        panes = self._rows[signal]
        rows: list[Row] = []
        first = bucket * PANES_PER_BUCKET
        for pane in range(first, first + PANES_PER_BUCKET):
            held = panes.pop(pane, None)
            if held:
                rows += [row for _, row in sorted(held.items())]
        start_ms, end_ms = bucket * BUCKET_MS, (bucket + 1) * BUCKET_MS
        blind = any(
            from_ms < end_ms and start_ms < to_ms
            for source in self._needed[signal]
            if source[0] == signal
            for from_ms, to_ms in self._sources[source].blind
        )
        said = {topic: self._said_in(signal, topic, bucket) for topic in SAID_TOPICS}
        return SealedBucket(signal, bucket, rows, said["statements"], said["feedback"], blind, incomplete)

    def _said_in(self, signal: Signal, topic: str, bucket: int) -> list[Said]:
        """What takes effect in this bucket, or took effect before the signal's first one, in order of effect."""
        earliest = bucket * BUCKET_MS if self._begun(signal, bucket) else -(2**62)
        taken = [
            said
            for (of, _), said in self._said.items()
            if of == topic and earliest <= said.effective_ms < (bucket + 1) * BUCKET_MS
        ]
        return sorted(taken, key=lambda said: (said.effective_ms, said.offset))

    def _begun(self, signal: Signal, bucket: int) -> bool:
        first = min(self._sources[s].origin_ms for s in self._needed[signal] if s[0] == signal) // BUCKET_MS
        return bucket > first

    def _forget(self, signal: Signal) -> None:
        """Drops what both signals have sealed past, and rows of panes that came after their bucket was sealed."""
        oldest = min((self._next.get(s, -(2**62)) for s in self._needed), default=-(2**62))
        self._said = {key: said for key, said in self._said.items() if said.effective_ms >= oldest * BUCKET_MS}
        sealed_ms = self._next[signal] * BUCKET_MS
        for source in self._needed[signal]:
            if source[0] == signal:
                state = self._sources[source]
                state.blind = [step for step in state.blind if step[1] > sealed_ms]


def _extent(row: Row) -> tuple[int, int]:
    """How much of its log a row has seen: of two rows of the same pane and partition the larger is the later."""
    return sum(row.regions.values()), row.late
