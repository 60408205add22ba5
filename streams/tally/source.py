"""One source partition of any input topic: its fold, and what of it goes to `tallies`."""

from __future__ import annotations

from typing import cast

from streams.catalogue import Catalogue
from streams.contracts.events import SIGNALS
from streams.tally.checkpoint import Checkpoint
from streams.tally.fold import PartitionFold
from streams.tally.parts import parts
from streams.tally.said import SaidFold, SaidTopic
from streams.tally.watermark import ClockMode

Fold = PartitionFold | SaidFold


def fold_of(
    topic: str, mode: ClockMode, allowed_delay_ms: int, catalogue: Catalogue, checkpoint: Checkpoint | None = None
) -> Fold:
    """The fold of one partition of an input topic, named without prefix."""
    if topic in SIGNALS:
        return PartitionFold(topic, mode, allowed_delay_ms, catalogue, checkpoint)
    return SaidFold(cast(SaidTopic, topic), mode, allowed_delay_ms, catalogue, checkpoint)


def flush(topic: str, partition: int, fold: Fold, tallies_partitions: int) -> list[tuple[int, bytes]]:
    """(tallies partition, record) of what changed since the last flush, in the order in which they must be sent."""
    counted = isinstance(fold, PartitionFold)
    blind, fold.blind = fold.blind, []
    return parts(
        topic,
        partition,
        tallies_partitions,
        fold.changed_rows() if isinstance(fold, PartitionFold) else (),
        () if isinstance(fold, PartitionFold) else fold.changed_said(),
        watermark_ms=fold.watermark_ms,
        position=fold.position,
        origin_ms=fold.origin_ms,
        blind=blind if counted else (),
    )
