"""State in named arrays with the series along the last axis, so that it can be saved and put back as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Array = NDArray[Any]


def total(values: Array, axis: int) -> Array:
    """The sum along an axis that is not that of the series, by the same order of additions for any number of series.

    A single series would else be summed pairwise, and differ in its last digit from the same one among others.
    """
    if values.shape[-1] == 1:
        values = np.repeat(values, 2, axis=-1)
        return np.asarray(np.add.reduce(values, axis=axis))[..., :1]
    return np.asarray(np.add.reduce(values, axis=axis))


class SnapshotMismatchError(ValueError):
    """A snapshot that does not belong to this bank: other series, or written by another version."""


class Columns:
    """A part of the bank. Subclasses name the arrays that are state in STATE; everything else is derived or scratch."""

    PART: ClassVar[str]
    STATE: ClassVar[tuple[str, ...]]

    def save(self, into: dict[str, Array], members: Array, total: int) -> None:
        """Copy the state into `into`, as `part.name`, at the places `members` of `total` series."""
        for name in self.STATE:
            mine = getattr(self, name)
            whole = into.setdefault(f"{self.PART}.{name}", np.empty((*mine.shape[:-1], total), mine.dtype))
            whole[..., members] = mine

    def load(self, arrays: Mapping[str, Array], members: Array, total: int) -> None:
        """Take over what `save` wrote; raises SnapshotMismatchError at the first array that does not fit."""
        for name in self.STATE:
            key, mine = f"{self.PART}.{name}", getattr(self, name)
            saved, shape = arrays.get(key), (*mine.shape[:-1], total)
            if saved is None or saved.shape != shape or saved.dtype != mine.dtype:
                found = "missing" if saved is None else f"{saved.dtype}{list(saved.shape)}"
                raise SnapshotMismatchError(
                    f"snapshot does not fit: {key} is {found}, not {mine.dtype}{list(shape)}; "
                    "take an older one written by this version, or start without one"
                )
            mine[...] = saved[..., members]
