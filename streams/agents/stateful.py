"""One way for every Faust agent to be exact: snapshot, then acknowledge; on doubt, end the process.

For each partition of its input topic an agent holds a pure core. The order of events:

1. On every rebalance all cores are dropped. The first record of a partition recovers its core from the newest
   readable snapshot in the table, whatever the committed offset says.
2. Records already in the snapshot are passed over; the next one is read; where one is missing, the log is wound back.
3. What a record leads to is sent at once; the futures are kept.
4. About once a minute: all futures are awaited, then the snapshot's blocks, then its manifest; only then are the
   records acknowledged, and Faust commits them.

A crash before 4 repeats 2 and 3: the same records are published again, byte for byte. Faust itself would commit past an
event whose agent raised, so nothing is allowed to raise past `_guarded`: it logs and ends the process, and the
supervisor starts it again.

Records are missing in two cases. Faust skips some now and then when a rebalance ends: it lets the fetcher run on while
it seeks, and drops what lies below the highest offset fetched so far. And the commit may be ahead of the newest
*readable* snapshot, where that one was damaged or the changelog deleted: then an older one is taken, or the log read
from its begin.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import faust
import structlog
from faust.types import TP

from streams.agents.core import Core, Output
from streams.agents.snapshots import Record, Recovered, SnapshotWriter, recover

EXIT_UNEXPECTED = 70  # EX_SOFTWARE
PAUSE_S = 0.5  # before winding back: what Faust has under way comes through within milliseconds
MAX_WINDINGS = 20  # without one record taken in: ten seconds, then a new process has better chances
MAX_UNACKNOWLEDGED = 20_000  # records; a snapshot is taken early rather than let a re-read grow beyond seconds


class StatefulAgent:
    """Runs `core_of(partition)` over a topic, in `app`. Raises nothing: what is unexpected ends the process.

    `heartbeat`: the record that tells of the next offsets, by topic and partition; of None, the one that says farewell.
    """

    def __init__(
        self,
        app: faust.App,
        *,
        prefix: str,
        topic: str,
        partitions: int,
        topic_id: str,
        core_of: Callable[[int], Core],
        snapshot_s: float,
        on_snapshot: Callable[[int, int], None],
        heartbeat: Callable[[dict[str, dict[str, int]] | None], Output],
    ) -> None:
        self._app = app
        self._log = structlog.get_logger(app.conf.id)
        self._prefix = prefix
        self._topic_id = topic_id
        self._core_of = core_of
        self._snapshot_s = snapshot_s
        self._on_snapshot = on_snapshot
        self._heartbeat = heartbeat
        self._topic = topic
        self._input = prefix + topic
        self._held: dict[int, _Partition] = {}
        self._assigned: frozenset[int] = frozenset()
        self._ready = False  # between the recovery of the table and the next rebalance
        self._steps = 0
        self._heartbeats: list[Awaitable[Any]] = []  # nobody waits for these
        self._outputs: dict[str, Any] = {}
        self._turn = asyncio.Lock()
        self._table = app.Table("state", key_type=bytes, value_type=bytes, partitions=partitions, default=None)
        source = app.topic(
            self._input,
            key_type=bytes,
            value_type=bytes,
            value_serializer="raw",
            key_serializer="raw",
            partitions=partitions,
        )
        app.agent(source, name="read")(self._read)
        app.timer(1.0, name="idle")(self._idle)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_partitions_assigned.connect(self._on_assigned)
        app.on_rebalance_complete.connect(self._on_recovered)
        app.on_before_shutdown.connect(self._leave)

    def positions(self) -> dict[int, int | None]:
        """The next offset of each partition that is ours; None where nothing has come yet. From any thread."""
        held = dict(self._held)
        return {p: held[p].next_offset if p in held else None for p in self._assigned}

    def progress(self) -> int:
        """A number that changes with every step forward. From any thread."""
        return self._steps

    async def _on_revoked(self, *_: object, **__: object) -> None:
        self._ready = False
        self._held.clear()

    async def _on_assigned(self, *given: Any, **_: object) -> None:
        assigned = given[-1]  # after the sender; every partition, those of the changelog included
        self._assigned = frozenset(tp.partition for tp in assigned if tp.topic == self._input)

    async def _on_recovered(self, *_: object, **__: object) -> None:
        # `app.rebalancing` ends later, and what Faust delivers in between it never delivers again.
        self._ready = True

    async def _leave(self, *_: object, **__: object) -> None:
        """Before the app stops in good order: everything taken in is made durable and acknowledged."""
        for held in list(self._held.values()):
            if held.unacknowledged:
                await self._guarded(self._snapshot(held))
        await self._app.consumer.commit()
        await self._send(self._heartbeats, [self._heartbeat(None)])  # Faust flushes its producer after this

    async def _read(self, stream: Any) -> None:
        async for event in stream.noack().events():
            await self._guarded(self._take(event))

    async def _idle(self) -> None:
        await self._guarded(self._tick())

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Does the work; whatever it raises is logged and ends the process before Faust could commit past it."""
        async with self._turn:
            await self._or_end(work)

    async def _or_end(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._log.exception("unexpected: ending the process, to go on from the last snapshot")
            os._exit(EXIT_UNEXPECTED)

    async def _take(self, event: Any) -> None:
        if not self._ready:
            return  # will be read again from the committed offset, by whoever owns the partition then
        message = event.message
        held = self._held.get(message.partition)
        if held is None:
            held = await self._recovered(message)
        if message.offset > held.next_offset:
            self._wind_back(held, message)
            return
        if message.offset == held.next_offset:
            await self._send(held.sent, held.core.read(message.value))
            held.next_offset += 1
            held.windings = 0
        held.unacknowledged.append(event)
        self._steps += 1
        if len(held.unacknowledged) >= MAX_UNACKNOWLEDGED:
            await self._snapshot(held)

    async def _recovered(self, message: Any) -> _Partition:
        """The partition as the newest readable snapshot has it, ready for the record that has come."""
        partition = message.partition
        found = recover(self._table.data, partition, self._topic_id)
        for refusal in found.refused if found else ():
            self._log.error("snapshot refused, the next older one is taken", reason=refusal)
        next_offset = await self._next_offset(message, found)
        epoch = f"{time.time_ns():020d}-{os.getpid()}"
        writer = SnapshotWriter(partition, epoch, self._topic_id)
        held = _Partition(partition, self._core_of(partition), writer, next_offset)
        if found is not None and 0 <= found.offset == next_offset - 1:
            held.core.restore(found.blocks)
        self._log.info("recovered", partition=partition, next=next_offset, first=message.offset)
        self._held[partition] = held
        await self._send(held.sent, held.core.begin())
        return held

    async def _next_offset(self, message: Any, found: Recovered | None) -> int:
        """Where to go on: after the snapshot, or where there is none, at the begin of the log."""
        after = found.offset + 1 if found is not None else 0
        if message.offset <= after:
            return after
        tp = TP(self._input, message.partition)
        begin = int((await self._app.consumer.earliest_offsets(tp))[tp])
        if begin > after and found is not None and found.offset >= 0:
            self._log.error("records after the last snapshot are deleted: beginning anew", partition=message.partition,
                            snapshot=found.offset, begin=begin)  # fmt: skip
        return max(after, begin)

    def _wind_back(self, held: _Partition, message: Any) -> None:
        """Begins to read again from `held.next_offset`. What comes until then is passed over: it comes once more."""
        if held.winding is not None and not held.winding.done():
            return
        what = f"{self._input}-{message.partition}: offset {message.offset} came where {held.next_offset} was due"
        if held.windings == MAX_WINDINGS:
            raise RuntimeError(what)
        self._log.warning("reading again", reason=what)
        held.windings += 1
        held.winding = asyncio.create_task(self._or_end(self._wound_back(held)))

    async def _wound_back(self, held: _Partition) -> None:
        consumer, tp = self._app.consumer, TP(self._input, held.partition)
        consumer.pause_partitions({tp})  # Faust drops at once what it has fetched of it
        await asyncio.sleep(PAUSE_S)
        if self._held.get(held.partition) is held:  # else a rebalance came between, and has begun anew
            await consumer.seek_wait({tp: held.next_offset})
            consumer.resume_partitions({tp})

    async def _send(self, sent: list[Awaitable[Any]], outputs: Iterable[Output]) -> None:
        """Hands outputs to the producer in order; whether they arrived is asked before the next snapshot."""
        for output in outputs:
            topic = self._outputs.get(output.topic)
            if topic is None:
                topic = self._outputs[output.topic] = self._app.topic(
                    self._prefix + output.topic,
                    key_type=bytes,
                    value_type=bytes,
                    key_serializer="raw",
                    value_serializer="raw",
                )
            sent.append(
                await topic.send(
                    key=output.key, value=output.value, partition=output.partition, headers=dict(output.headers) or None
                )
            )

    async def _tick(self) -> None:
        if not self._ready:
            return
        now_s = time.monotonic()
        for held in list(self._held.values()):
            await self._send(held.sent, held.core.idle(now_s))
            if held.unacknowledged and now_s - held.snapshot_at_s >= self._snapshot_s:
                await self._snapshot(held)
        positions = {str(held.partition): held.next_offset for held in self._held.values()}
        self._heartbeats.clear()
        await self._send(self._heartbeats, [self._heartbeat({self._topic: positions})])

    async def _snapshot(self, held: _Partition) -> None:
        """Makes durable, in this order: outputs, blocks, manifest. Then acknowledges."""
        sent, held.sent = held.sent, []
        await asyncio.gather(*sent)
        records = held.writer.plan(held.next_offset - 1, held.core.snapshot())
        await asyncio.gather(*[self._write(held.partition, record) for record in records[:-1]])
        await self._write(held.partition, records[-1])
        for record in held.writer.outdated(self._table.data):
            await self._write(held.partition, record)
        events, held.unacknowledged = held.unacknowledged, []
        for event in events:
            event.ack()
        held.snapshot_at_s = time.monotonic()
        self._on_snapshot(held.partition, sum(len(r.value or b"") for r in records))

    async def _write(self, partition: int, record: Record) -> None:
        await (
            await self._table.changelog_topic.send(
                key=record.key,
                value=record.value,
                partition=partition,
                key_serializer="raw",
                value_serializer="raw",
                force=True,
            )
        )
        self._steps += 1
        if record.value is None:
            self._table.data.pop(record.key, None)
        else:
            self._table.data[record.key] = record.value


class _Partition:
    """One partition that this process owns."""

    def __init__(self, partition: int, core: Core, writer: SnapshotWriter, next_offset: int) -> None:
        self.partition = partition
        self.core = core
        self.writer = writer
        self.next_offset = next_offset
        self.windings = 0  # since a record was taken in
        self.winding: asyncio.Task[None] | None = None
        self.unacknowledged: list[Any] = []
        self.sent: list[Awaitable[Any]] = []
        self.snapshot_at_s = time.monotonic()
