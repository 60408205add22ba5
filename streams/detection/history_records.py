"""History of series as it travels: 10-minute sums, compressed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.contracts.tallies import History

SLOT_BUCKETS = 10  # a slot of history is ten minutes


def pack_sums(sums: NDArray[np.uint32]) -> bytes:
    """Sums of consecutive slots as they travel."""
    return zlib.compress(np.ascontiguousarray(sums, "<u4").tobytes(), 6)


def history_arrays(
    records: Sequence[History], index: Mapping[tuple[str, str | None], int], first_bucket: int
) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """(first slot, sums of shape (series, slots) with NaN where nothing is known, excess variance per series).

    Slots that do not end by `first_bucket` are left out: they would be learnt twice.
    """
    end_slot = first_bucket // SLOT_BUCKETS
    unpacked = [(h, np.frombuffer(zlib.decompress(h.sums), "<u4")) for h in records]
    start_slot = min(end_slot, *(h.start_slot for h in records))
    sums = np.full((len(index), max(end_slot - start_slot, 0)), np.nan)
    variance = np.full(len(index), np.nan)
    for record, values in unpacked:
        row = index[record.service, record.region]
        offset = record.start_slot - start_slot
        kept = values[: max(sums.shape[1] - offset, 0)]
        sums[row, offset : offset + len(kept)] = kept
        if record.excess_variance is not None:
            variance[row] = record.excess_variance
    return start_slot, sums, variance
