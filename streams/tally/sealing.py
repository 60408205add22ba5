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
    """`watermark_ms` and `origin_ms` are None of a partition that was given up before it told its time."""

    watermark_ms: int | None = None
    origin_ms: int | None = None
    gave_up: bool = False
    blind: list[tuple[int, int]] = []


class _Held(msgspec.Struct):
    """Everything not yet sealed, as it goes into a snapshot."""

    sources: list[tuple[str, int, _SourceState]] = []
    rows: list[tuple[str, int, Row]] = []
    said: list[tuple[str, Said]] = []
    next_bucket: dict[Signal, int] = {}
    first_bucket: dict[Signal, int] = {}
    history: list[History] = []


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
        self._first: dict[Signal, int] = {}
        self.history: list[History] = []  # as long as its reader leaves it here

    def offer(self, tally: Tally) -> None:
        """Merges one record in. What is already sealed is dropped."""
        self.history += tally.history
        if tally.topic in self._rows:
            self._merge_rows(tally)
        for said in tally.said:
            self._said.setdefault((tally.topic, said.offset), said)
        source = (tally.topic, tally.partition)
        if tally.gave_up:
            self._sources.setdefault(source, _SourceState()).gave_up = True
        elif tally.watermark_ms is not None and tally.origin_ms is not None:
            state = self._sources.setdefault(source, _SourceState())
            if state.origin_ms is None:
                state.origin_ms = tally.origin_ms
            if state.watermark_ms is None or tally.watermark_ms > state.watermark_ms:
                state.watermark_ms = tally.watermark_ms
                state.gave_up = False
            state.blind += [step for step in tally.blind if step not in state.blind]

    def next_bucket(self, signal: Signal) -> int | None:
        """The next bucket of a signal to be sealed; None before every partition has told its time or was given up."""
        known = self._next.get(signal)
        if known is None:
            if any(source not in self._sources for source in self._needed[signal]):
                return None
            origins = [state.origin_ms for state in self._own(signal) if state.origin_ms is not None]
            if not origins:
                return None
            known = self._next[signal] = self._first[signal] = min(origins) // BUCKET_MS
            panes = self._rows[signal]
            for pane in [pane for pane in panes if pane < known * PANES_PER_BUCKET]:
                del panes[pane]
        return known

    def seal(self, signal: Signal) -> Iterator[SealedBucket]:
        """Buckets that can be sealed now, in order."""
        bucket = self.next_bucket(signal)
        if bucket is None:
            return
        states = [self._sources.get(source) for source in self._needed[signal]]
        if any(state is None for state in states):
            return  # a partition that the topic has gained since: nothing is sealed without it
        live = [s.watermark_ms for s in states if s is not None and s.watermark_ms is not None and not s.gave_up]
        if not live:
            return
        watermark_ms = min(live)
        if (bucket + 1) * BUCKET_MS > watermark_ms:
            return
        incomplete = any(state is not None and state.gave_up for state in states)
        while (bucket + 1) * BUCKET_MS <= watermark_ms:
            sealed = self._sealed(signal, bucket, incomplete)
            bucket += 1
            self._next[signal] = bucket  # before it is handed out: its reader may stop here
            yield sealed
        self._forget(signal)

    def watermarks(self) -> dict[Source, int]:
        """W of every source partition heard of, in milliseconds."""
        return {s: state.watermark_ms for s, state in self._sources.items() if state.watermark_ms is not None}

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
            next_bucket=self._next,
            first_bucket=self._first,
            history=self.history,
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
        self._next = held.next_bucket
        self._first = held.first_bucket
        self.history = held.history

    def _own(self, signal: Signal) -> list[_SourceState]:
        """The partitions of the signal's own topic that were heard of."""
        own = (self._sources.get(source) for source in self._needed[signal] if source[0] == signal)
        return [state for state in own if state is not None]

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
            from_ms < end_ms and start_ms < to_ms for state in self._own(signal) for from_ms, to_ms in state.blind
        )
        said = {topic: self._said_in(signal, topic, bucket) for topic in SAID_TOPICS}
        return SealedBucket(signal, bucket, rows, said["statements"], said["feedback"], blind, incomplete)

    def _said_in(self, signal: Signal, topic: str, bucket: int) -> list[Said]:
        """What takes effect in this bucket, or took effect before the signal's first one, in order of effect."""
        earliest = bucket * BUCKET_MS if bucket > self._first[signal] else -(2**62)
        taken = [
            said
            for (of, _), said in self._said.items()
            if of == topic and earliest <= said.effective_ms < (bucket + 1) * BUCKET_MS
        ]
        return sorted(taken, key=lambda said: (said.effective_ms, said.offset))

    def _forget(self, signal: Signal) -> None:
        """Drops what was said before all that either signal has still to seal, and blind stretches that are sealed."""
        oldest = min((self._next.get(s, -(2**62)) for s in self._needed), default=-(2**62))
        self._said = {key: said for key, said in self._said.items() if said.effective_ms >= oldest * BUCKET_MS}
        sealed_ms = self._next[signal] * BUCKET_MS
        for state in self._own(signal):
            state.blind = [step for step in state.blind if step[1] > sealed_ms]


def _extent(row: Row) -> tuple[int, int]:
    """How much of its log a row has seen: of two rows of the same pane and partition the larger is the later."""
    return sum(row.regions.values()), row.late
