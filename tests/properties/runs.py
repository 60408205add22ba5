"""A tally that reads, flushes, commits, dies and comes back as it is told; and what detect then seals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from streams.contracts.sketches import merge
from streams.tally.checkpoint import Checkpoint, read_checkpoint
from streams.tally.fold import Outcome
from streams.tally.parts import decode_tally
from streams.tally.sealing import SealedBucket, Sealing
from streams.tally.source import Fold, flush, fold_of
from tests.properties.logs import CATALOGUE, DELAY_MS, PARTITIONS, Cell, Log

TALLIES_PARTITIONS = 3

Action = Literal["read", "flush", "crash", "crash_before_commit", "pause", "zombie"]
Where = tuple[str, int, int]


@dataclass
class Owner:
    """Reads one source partition. What it publishes goes to `tallies`, whatever becomes of it."""

    log: Log
    tallies: list[tuple[int, bytes]]
    late: list[Where]
    refused: list[tuple[Where, str]]
    committed: tuple[int, str] | None = None
    zombies: list[Fold] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fold = self._started()

    def do(self, action: Action, number: int) -> None:
        if action == "read":
            self._read(self.fold, number)
        elif action == "flush":
            self._flush(self.fold)
            checkpoint = self.fold.checkpoint()
            self.committed = (checkpoint.offset, checkpoint.metadata())
        elif action == "crash":
            self.fold = self._started()
        elif action == "crash_before_commit":
            parts = self._flush(self.fold)
            del self.tallies[len(self.tallies) - len(parts) + number % (len(parts) + 1) :]  # some never arrived
            self.fold = self._started()
        elif action == "pause":  # another takes over, and this one will wake
            self.zombies.append(self.fold)
            self.fold = self._started()
        elif self.zombies:
            zombie = self.zombies[number % len(self.zombies)]
            self._read(zombie, number)
            self._flush(zombie)

    def finish(self) -> None:
        self._read(self.fold, len(self.log.values))
        self.do("flush", 0)

    def _started(self) -> Fold:
        checkpoint = Checkpoint() if self.committed is None else read_checkpoint(*self.committed)
        return fold_of(self.log.topic, self.log.mode, DELAY_MS, CATALOGUE, checkpoint)

    def _read(self, fold: Fold, number: int) -> None:
        start, end = fold.position, min(fold.position + number, len(self.log.values))
        self._note(fold.read(self.log.batch(start, end)), start)

    def _note(self, outcome: Outcome, start: int) -> None:
        source = (self.log.topic, self.log.partition)
        self.late += [(*source, start + p) for p in outcome.late]
        self.refused += [((*source, start + p), refused.reason) for p, refused in outcome.refused]

    def _flush(self, fold: Fold) -> list[tuple[int, bytes]]:
        parts = flush(self.log.topic, self.log.partition, fold, TALLIES_PARTITIONS)
        self.tallies += parts
        return parts


@dataclass
class Run:
    """What came out."""

    tallies: list[tuple[int, bytes]] = field(default_factory=list)
    late: list[Where] = field(default_factory=list)
    refused: list[tuple[Where, str]] = field(default_factory=list)


def run(logs: list[Log], steps: list[tuple[int, Action, int]]) -> Run:
    """Does the steps (index of a log, action, number), then reads everything to its end."""
    result = Run()
    owners = [Owner(log, result.tallies, result.late, result.refused) for log in logs]
    for index, action, number in steps:
        owners[index % len(owners)].do(action, number)
    for owner in owners:
        owner.finish()
    return result


def sealed(tallies: list[tuple[int, bytes]], *, restart_every: int = 0) -> list[SealedBucket]:
    """All buckets, by tallies partition, in the order in which they are sealed there."""
    buckets: list[SealedBucket] = []
    for target in range(TALLIES_PARTITIONS):
        sealing = Sealing(PARTITIONS)
        for number, record in enumerate(record for to, record in tallies if to == target):
            if restart_every and number % restart_every == 0:
                snapshot = sealing.snapshot()
                sealing = Sealing(PARTITIONS)
                sealing.restore(snapshot)
            sealing.offer(decode_tally(record))
            buckets += sealing.seal("errors")
            buckets += sealing.seal("reports")
    return buckets


def cells(buckets: list[SealedBucket]) -> dict[tuple[str, int, str], Cell]:
    """As the naive count has them."""
    found: dict[tuple[str, int, str], Cell] = {}
    for bucket in buckets:
        for row in bucket.rows:
            cell = found.setdefault((bucket.signal, bucket.bucket, row.service), Cell())
            cell.regions += Counter(row.regions)
            cell.kinds += Counter(row.kinds)
            cell.sources += Counter(row.sources)
            cell.texts += Counter({text.text: text.count for text in row.texts})
            cell.late += row.late
            merge(cell.people, row.people)
    return found


def said(buckets: list[SealedBucket], signal: str) -> list[tuple[str, int, int]]:
    """(topic, bucket, offset) of statements and feedback, as one signal was told them."""
    return sorted(
        (topic, bucket.bucket, what.offset)
        for bucket in buckets
        if bucket.signal == signal
        for topic, told in (("statements", bucket.statements), ("feedback", bucket.feedback))
        for what in told
    )
