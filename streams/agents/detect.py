"""detect: a Faust agent on `tallies`, one pure detector per partition, bucket reports to `series`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from streams.agents.core import Output
from streams.catalogue import Catalogue
from streams.contracts.series import BucketReport
from streams.detection.partition import PartitionDetector
from streams.tally.parts import decode_tally

_encode = msgspec.json.Encoder().encode


class DetectCore:
    """One tallies partition. `on_report` sees each report before it is published, for metrics."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        catalogue: Catalogue,
        input_partitions: Mapping[str, int],
        on_report: Callable[[BucketReport], None] = lambda _: None,
    ) -> None:
        self.detector = PartitionDetector(partition, partitions, catalogue, input_partitions)
        self._key = str(partition).encode()
        self._on_report = on_report

    def begin(self) -> Iterable[Output]:
        return ()

    def read(self, value: bytes) -> Iterable[Output]:
        for report in self.detector.read(decode_tally(value)):
            self._on_report(report)
            yield Output("series", self._key, _encode(report))

    def idle(self, now_s: float) -> Iterable[Output]:
        return ()

    def snapshot(self) -> dict[str, bytes]:
        return self.detector.snapshot()

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        self.detector.restore(blocks)
