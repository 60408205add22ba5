"""A snapshot of yesterday's rows, put in the order of today's: the catalogue may have gained, lost or changed some."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from streams.detection.bank import smooth_rows
from streams.detection.columns import Array, Bools, Ints

OF_THE_WHOLE = ("bucket", "rows", "smooth")  # everything else has the rows of one profile along its last axis


def moved(arrays: Mapping[str, Array], fresh: Mapping[str, Array], pairs: Array) -> dict[str, Array]:
    """`fresh`, the snapshot of a bank of today's rows, with the state of `arrays` where a row was there before.

    pairs: (k, 2), today's row and the row it was. A row whose profile has changed begins cold.
    """
    was, now = smooth_rows(arrays), smooth_rows(fresh)
    into, out_of = pairs[:, 0], pairs[:, 1]
    result = dict(fresh)
    result["bucket"] = arrays["bucket"]
    for smooth in (False, True):
        both = (now[into] == smooth) & (was[out_of] == smooth)
        to, source = _place(now, smooth)[into[both]], _place(was, smooth)[out_of[both]]
        for name in fresh:
            if name not in OF_THE_WHOLE and name.startswith("smooth_") == smooth and name in arrays:
                result[name][..., to] = arrays[name][..., source]
    return result


def _place(is_smooth: Bools, smooth: bool) -> Ints:
    """Of each row among those of its profile."""
    place: Ints = np.cumsum(is_smooth == smooth) - 1
    return place
