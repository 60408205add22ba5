"""Rounds: every subject once, one after the other, each count held against the offline one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Literal, TypeVar

from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from streams.contracts.times import BUCKET_MS, PANES_PER_BUCKET
from streams.settings import Settings
from tests.bench.events import PARTITIONS, Load, Offline, without_partition
from tests.bench.running import BenchError, Cores, Measured, Stage, run_pair, tally_counts
from tests.bench.subjects.faust_agent import changelog
from tests.bench.topic import renew_outputs

Subject = Literal["ceiling", "every field", "tally", "tally + detect", "Bytewax", "Quix Streams", "Faust agent"]

# Of a slow subject a prefix is enough: what is compared is a rate. Each takes some seconds.
PREFIX: Mapping[Subject, int] = {"Bytewax": 400_000, "Quix Streams": 200_000, "Faust agent": 20_000}
# A window that closes late, at the end of what was read, is not told; most must have closed.
CLOSED_SHARE = 0.5

K = TypeVar("K")
Round = dict[Subject, Measured]


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rounds share. `peers`: the Python of Quix Streams and Bytewax, None to leave them out."""

    settings: Settings
    load: Load
    offline: Offline
    cores: Cores
    folder: Path
    peers: str | None

    def round(self, number: int, say: Callable[[str], None]) -> Round:
        """Every subject once. Raises BenchError when one fails or counts wrong."""
        stage = self.stage(f"round-{number}")
        found: Round = {}
        for subject, run in self._subjects():
            measured = found[subject] = run(stage)
            rates = f"{measured.per_cpu_s:>9,.0f} events/CPU s {measured.per_s:>9,.0f} events/s"
            say(f"round {number}: {subject:14} {rates}")
        shutil.rmtree(stage.folder, ignore_errors=True)
        return found

    def stage(self, name: str) -> Stage:
        """A folder of its own for what is measured together."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        return Stage(self.settings, folder, self.cores, self.load.events)

    def _subjects(self) -> list[tuple[Subject, Callable[[Stage], Measured]]]:
        """Ours next to the ceiling that they are measured by."""
        subjects: list[tuple[Subject, Callable[[Stage], Measured]]] = [
            ("ceiling", self._ceiling),
            ("every field", self._every_field),
            ("tally + detect", self._pair),
            ("tally", self._tally),
            ("Faust agent", self._faust),
        ]
        if self.peers is not None:
            subjects += [("Bytewax", self._bytewax), ("Quix Streams", self._quix)]
        return subjects

    def _ceiling(self, stage: Stage) -> Measured:
        measured = stage.run("ceiling", self.load.events)
        _same("ceiling", without_partition(measured.counts), without_partition(self.offline.counts()))
        return measured

    def _every_field(self, stage: Stage) -> Measured:
        measured = stage.run("ceiling", self.load.events, "every-field")
        _same("ceiling", without_partition(measured.counts), without_partition(self.offline.counts()))
        return measured

    def _tally(self, stage: Stage) -> Measured:
        renew_outputs(self.settings)
        measured = stage.run("tally_alone", self.load.events)
        _same("tally", tally_counts(self.settings), self.offline.counts())
        return measured

    def _pair(self, stage: Stage) -> Measured:
        renew_outputs(self.settings)
        measured, _, counted = run_pair(stage, self.load.end_ms // BUCKET_MS - 1)
        expected: dict[tuple[str, int], int] = {}
        for (_, service, pane), n in self.offline.counts().items():
            key = (service, pane // PANES_PER_BUCKET)
            expected[key] = expected.get(key, 0) + n
        _same("detect", counted, expected)
        _same("tally", tally_counts(self.settings), self.offline.counts())
        return measured

    def _faust(self, stage: Stage) -> Measured:
        admin = AdminClient({"bootstrap.servers": self.settings.brokers, "log_level": 0})
        for future in admin.create_topics([NewTopic(changelog(stage.folder), PARTITIONS, 1)]).values():
            future.result()
        measured = stage.run("faust_agent", self._prefix("Faust agent"))
        _same("Faust", without_partition(measured.counts), without_partition(self.offline.counts(measured.first)))
        return measured

    def _bytewax(self, stage: Stage) -> Measured:
        measured = stage.run("bytewax_flow", self._prefix("Bytewax"), python=str(self.peers))
        _same("Bytewax", without_partition(measured.counts), without_partition(self.offline.counts(measured.first)))
        return measured

    def _quix(self, stage: Stage) -> Measured:
        measured = stage.run("quix", self._prefix("Quix Streams"), python=str(self.peers))
        expected = self.offline.counts()
        _same("Quix Streams", measured.counts, {key: expected.get(key, 0) for key in measured.counts})
        if sum(measured.counts.values()) < CLOSED_SHARE * measured.events:
            raise BenchError("Quix Streams closed too few windows to be compared")
        return replace(measured, counts={})

    def _prefix(self, subject: Subject) -> int:
        return min(PREFIX[subject], self.load.events)


def _same(who: str, counted: Mapping[K, int], expected: Mapping[K, int]) -> None:
    if counted == expected:
        return
    wrong = [key for key in counted.keys() | expected.keys() if counted.get(key) != expected.get(key)]
    key = min(wrong, key=str)
    raise BenchError(
        f"{who} counts wrong in {len(wrong)} of {len(expected)} cells, as in {key}: "
        f"{counted.get(key, 0)} instead of {expected.get(key, 0)}"
    )


def ratio(rounds: list[Round], of: Subject, to: Subject) -> float | None:
    """Median over the rounds of events per CPU second of one subject relative to another of the same round."""
    ratios = [r[of].per_cpu_s / r[to].per_cpu_s for r in rounds if of in r and to in r]
    return median(ratios) if ratios else None
