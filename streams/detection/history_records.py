"""History of series as it travels: 10-minute sums, compressed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.contracts.tallies import History
from streams.detection.columns import Floats
from streams.detection.history import RING, SLOTS_PER_DAY
from streams.detection.spread import YOUNG_DAYS

SLOT_BUCKETS = 10  # a slot of history is ten minutes
MEMORY_SLOTS = RING + SLOTS_PER_DAY  # what lies further back teaches nothing: fifteen days, and one for their kernels


def pack_sums(sums: NDArray[np.uint32]) -> bytes:
    """Sums of consecutive slots as they travel."""
    return zlib.compress(np.ascontiguousarray(sums, "<u4").tobytes(), 6)


def history_arrays(
    records: Sequence[History], index: Mapping[tuple[str, str | None], int], first_bucket: int
) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """(first slot, sums of shape (series, slots) with NaN where nothing is known, excess variance per series).

    Slots that do not end by `first_bucket` are left out: they would be learnt twice. So is what lies too far back to
    teach anything: a record dated 1970 may not ask for the memory of fifty years.
    """
    end_slot = first_bucket // SLOT_BUCKETS
    unpacked = [(h, np.frombuffer(zlib.decompress(h.sums), "<u4")) for h in records]
    start_slot = min(end_slot, *(max(h.start_slot, end_slot - MEMORY_SLOTS) for h in records))
    sums = np.full((len(index), max(end_slot - start_slot, 0)), np.nan)
    variance = np.full(len(index), np.nan)
    for record, values in unpacked:
        row = index[record.service, record.region]
        offset = record.start_slot - start_slot
        kept = values[max(-offset, 0) : max(sums.shape[1] - offset, 0)]
        offset = max(offset, 0)
        sums[row, offset : offset + len(kept)] = kept
        if record.excess_variance is not None:
            variance[row] = record.excess_variance
    return start_slot, sums, variance


def days_brought(sums: Floats) -> Floats:
    """How many days' worth of slots each series' row of sums holds."""
    days: Floats = (~np.isnan(sums)).sum(axis=1) / SLOTS_PER_DAY
    return days


def takes_history(brought: Floats, lived: Floats) -> NDArray[np.bool_]:
    """Whether a running series begins anew on history: it has no day to compare with, or is not ready and gains two.

    `brought`, `lived`: days in either. One more day would not be worth what the series knows of its last hours, and
    history that is sent twice would be taken twice.
    """
    took: NDArray[np.bool_] = ((lived < 1) & (brought > 0)) | ((lived < YOUNG_DAYS) & (brought >= lived + 2))
    return took
