"""The whole main path in one process over logs held in memory: what `outages backtest` runs and tests compare with.

The very same fold, sealing, detector and correlator as in production; only the topics between them are lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from streams.catalogue import Catalogue
from streams.contracts.events import INPUT_TOPICS
from streams.contracts.series import BucketReport
from streams.contracts.tallies import History, Tally
from streams.contracts.windows import Window
from streams.detection.partition import PartitionDetector
from streams.ingest.placement import partition_of
from streams.ingest.refusals import Refused
from streams.tally.parts import decode_tally
from streams.tally.reading import RecordBatch
from streams.tally.source import Fold, flush, fold_of
from streams.tally.watermark import ClockMode
from streams.windows.alignment import Alignment
from streams.windows.correlator import Correlator

Source = tuple[str, int]


@dataclass(slots=True)
class _Log:
    """One source partition: its fold, and the records it has not read yet."""

    fold: Fold
    values: list[bytes | None] = field(default_factory=list)
    append_ms: list[int] = field(default_factory=list)
    canaries: set[int] = field(default_factory=set)
    end: int = 0


class Pipeline:
    """All roles of one prefix. `partitions`: of every input topic, by bare name."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        mode: ClockMode,
        partitions: Mapping[str, int],
        prefix: str,
        allowed_delay_s: float = 20,
        tallies_partitions: int = 4,
        on_refused: Callable[[str, int, int, Refused], None] | None = None,
        on_report: Callable[[BucketReport], None] | None = None,
    ) -> None:
        delay_ms = round(allowed_delay_s * 1000)
        self.mode = mode
        self.counts: dict[str, Counter[str]] = {topic: Counter() for topic in INPUT_TOPICS}
        self._tallies_partitions = tallies_partitions
        self._on_refused = on_refused
        self._on_report = on_report
        self._logs: dict[Source, _Log] = {
            (topic, p): _Log(fold_of(topic, mode, delay_ms, catalogue))
            for topic in INPUT_TOPICS
            for p in range(partitions[topic])
        }
        self.detectors = [
            PartitionDetector(p, tallies_partitions, catalogue, partitions) for p in range(tallies_partitions)
        ]
        self.alignment = Alignment()
        self.correlator = Correlator(catalogue, prefix)

    def append(
        self, topic: str, partition: int, value: bytes | None, append_ms: int | None = None, *, canary: bool = False
    ) -> None:
        """Puts a record at the end of a source partition."""
        log = self._logs[topic, partition]
        if canary:
            log.canaries.add(len(log.values))
        log.values.append(value)
        if append_ms is not None:
            log.append_ms.append(append_ms)

    def warm_up(self, history: Iterable[History]) -> None:
        """Gives baselines a past; before anything else."""
        for record in history:
            target = partition_of(record.service, self._tallies_partitions)
            self._tell(target, Tally("history", 0, [], history=[record]))

    def turn(self) -> list[Window]:
        """Reads all that was appended, and carries it through to window revisions."""
        windows: list[Window] = []
        for (topic, partition), log in self._logs.items():
            if not log.values:
                continue
            first = log.end
            log.end += len(log.values)
            batch = RecordBatch(range(first, log.end), log.values, log.append_ms or None, frozenset(log.canaries))
            outcome = log.fold.read(batch)
            log.values, log.append_ms, log.canaries = [], [], set()
            self.counts[topic] += outcome.counts
            if self._on_refused is not None:
                for position, refused in outcome.refused:
                    self._on_refused(topic, partition, first + position, refused)
            for target, record in flush(topic, partition, log.fold, self._tallies_partitions):
                windows += self._tell(target, decode_tally(record))
        return windows

    def _tell(self, target: int, tally: Tally) -> list[Window]:
        windows: list[Window] = []
        for report in self.detectors[target].read(tally):
            if self._on_report is not None:
                self._on_report(report)
            for whole in self.alignment.offer(report):
                windows += self.correlator.take(whole)
        return windows
