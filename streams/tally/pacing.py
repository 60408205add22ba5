"""Which partitions wait while tally catches up: those far ahead of the slowest, so that unsealed panes stay few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

K = TypeVar("K")


class Progress(NamedTuple):
    """Of one partition: its W (None before the first clock), and whether its log holds nothing more to read."""

    watermark_ms: int | None
    at_end: bool


def to_pause(progress: Mapping[K, Progress], ahead_ms: int) -> set[K]:
    """Partitions more than `ahead_ms` of W ahead of the slowest one that still has something to read.

    One that has been read to its end holds nobody up: it may stand still for hours, and there is nothing to wait for.
    """
    behind = [p.watermark_ms for p in progress.values() if not p.at_end]
    if not behind or any(w is None for w in behind):
        return set()  # one without a clock yet will have one with its next records
    slowest = min(w for w in behind if w is not None)
    return {key for key, p in progress.items() if p.watermark_ms is not None and p.watermark_ms - slowest > ahead_ms}
