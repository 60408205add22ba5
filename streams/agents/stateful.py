"""One way for every Faust agent to be exact: snapshot, then acknowledge; on doubt, end the process.

For each partition of its input topic an agent holds a pure core. The order of events:

1. On every assignment all cores are dropped. The first record of a partition recovers its core from the newest readable
   snapshot in the table, whatever the committed offset says.
2. Records already in the snapshot are passed over; the next one is read; a gap ends the process.
3. What a record leads to is sent at once; the futures are kept.
4. About once a minute: all futures are awaited, then the snapshot's blocks, then its manifest; only then are the records
   acknowledged, and Faust commits them.

A crash before 4 repeats 2 and 3: the same records are published again, byte for byte. Faust itself would commit past an
event whose agent raised, so nothing is allowed to raise past `_guarded`: it logs and ends the process, and the
supervisor starts it again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import faust
import structlog

from streams.agents.core import Core, Output
from streams.agents.snapshots import Record, SnapshotWriter, recover

EXIT_UNEXPECTED = 70  # EX_SOFTWARE
MAX_UNACKNOWLEDGED = 20_000  # records; a snapshot is taken early rather than let a re-read grow beyond seconds


class StatefulAgent:
    """Runs `core_of(partition)` over a topic, in `app`. Raises nothing: what is unexpected ends the process."""

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
        on_progress: Callable[[int, int], None],
        on_snapshot: Callable[[int, int], None],
        heartbeat: Callable[[dict[str, dict[str, int]]], Output],
    ) -> None:
        self._app = app
        self._log = structlog.get_logger(app.conf.id)
        self._prefix = prefix
        self._topic_id = topic_id
        self._core_of = core_of
        self._snapshot_s = snapshot_s
        self._on_progress = on_progress
        self._on_snapshot = on_snapshot
        self._heartbeat = heartbeat
        self._topic = topic
        self._input = prefix + topic
        self._held: dict[int, _Partition] = {}
        self._heartbeats: list[Awaitable[Any]] = []  # nobody waits for these
        self._outputs: dict[str, Any] = {}
        self._turn = asyncio.Lock()
        self._table = app.Table("state", key_type=bytes, value_type=bytes, partitions=partitions, default=None)
        source = app.topic(
            self._input, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw", partitions=partitions
        )
        app.agent(source, name="read")(self._read)
        app.timer(1.0, name="idle")(self._idle)
        app.on_partitions_revoked.connect(self._forget)
        app.on_partitions_assigned.connect(self._forget)
        app.on_before_shutdown.connect(self._leave)

    async def _forget(self, *_: object, **__: object) -> None:
        self._held.clear()

    async def _leave(self, *_: object, **__: object) -> None:
        """Before the app stops in good order: everything taken in is made durable and acknowledged."""
        for held in list(self._held.values()):
            if held.unacknowledged:
                await self._guarded(self._snapshot(held))
        await self._app.consumer.commit()

    async def _read(self, stream: Any) -> None:
        async for event in stream.noack().events():
            await self._guarded(self._take(event))

    async def _idle(self) -> None:
        await self._guarded(self._tick())

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Does the work; whatever it raises is logged and ends the process before Faust could commit past it."""
        try:
            async with self._turn:
                await work
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._log.exception("unexpected: ending the process, to go on from the last snapshot")
            os._exit(EXIT_UNEXPECTED)

    async def _take(self, event: Any) -> None:
        if self._app.rebalancing:
            return  # will be read again from the committed offset, by whoever owns the partition then
        message = event.message
        held = self._held.get(message.partition)
        if held is None:
            held = await self._recovered(message.partition, message.offset)
        if message.offset < held.next_offset:
            held.unacknowledged.append(event)
            return
        if message.offset > held.next_offset:
            await self._gap(held, message)
            return
        await self._send(held.sent, held.core.read(message.value))
        held.next_offset += 1
        held.unacknowledged.append(event)
        self._on_progress(message.partition, message.offset)
        if len(held.unacknowledged) >= MAX_UNACKNOWLEDGED:
            await self._snapshot(held)

    async def _gap(self, held: _Partition, message: Any) -> None:
        if not held.fresh:
            raise RuntimeError(
                f"{self._input}-{message.partition}: offset {message.offset} came where {held.next_offset} was due"
            )
        # The commit is ahead of the only snapshot that can be read: go back and read what lies between again.
        self._log.warning("reading again from the snapshot", partition=message.partition, offset=held.next_offset)
        held.fresh = False
        held.seeking = True
        await self._app.consumer.seek(message.tp, held.next_offset)

    async def _recovered(self, partition: int, first_offset: int) -> _Partition:
        core = self._core_of(partition)
        found = recover(self._table.data, partition, self._topic_id)
        for refusal in found.refused if found else ():
            self._log.error("snapshot refused, the next older one is taken", reason=refusal)
        epoch = f"{time.time_ns():020d}-{os.getpid()}"
        held = _Partition(partition, core, SnapshotWriter(partition, epoch, self._topic_id))
        if found is not None and found.offset >= 0:
            core.restore(found.blocks)
            held.next_offset = found.offset + 1
            self._log.info("recovered", partition=partition, offset=found.offset, first_offset=first_offset)
        else:
            held.next_offset = first_offset
            self._log.info("starting without a snapshot", partition=partition, offset=first_offset)
        self._held[partition] = held
        await self._send(held.sent, core.begin())
        return held

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
        if self._app.rebalancing:
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
        if record.value is None:
            self._table.data.pop(record.key, None)
        else:
            self._table.data[record.key] = record.value


class _Partition:
    """One partition that this process owns."""

    def __init__(self, partition: int, core: Core, writer: SnapshotWriter) -> None:
        self.partition = partition
        self.core = core
        self.writer = writer
        self.next_offset = 0
        self.fresh = True  # nothing read since recovery: only then may the log be wound back
        self.unacknowledged: list[Any] = []
        self.sent: list[Awaitable[Any]] = []
        self.snapshot_at_s = time.monotonic()
