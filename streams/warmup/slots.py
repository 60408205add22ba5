"""From counts of spans of time to what the detector learns of: sums of ten-minute slots, and how minutes stray."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.contracts.times import BUCKET_MS
from streams.detection.spread import EXCESS_EVENTS, EXCESS_PRIOR, EXCESS_PRIOR_WEIGHT, WINSOR

SLOT_MS = 600_000
SLOT_S = SLOT_MS // 1000
# Of a slot: less than half of it says too little of the rest. Live, slots count by the minutes seen in them; history
# has only sums, so a slot is filled up or left out.
SHARE_WANTED = 0.5
ROUNDS = 8  # the winsor's height hangs on what is estimated; it stands still after three or four

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one series in spans of `span_s` seconds, by their begins, ascending and without repetition."""

    begins_ms: Ints
    values: Floats
    span_s: int


@dataclass(frozen=True, slots=True)
class Slots:
    """Sums of consecutive ten-minute slots from `start` (epoch minutes // 10) on; NaN where nothing is known."""

    start: int
    sums: Floats

    @property
    def end(self) -> int:
        """The slot after the last."""
        return self.start + len(self.sums)

    def at(self, start: int, end: int) -> Floats:
        """The sums of the slots `start` to before `end`."""
        out = np.full(end - start, np.nan)
        first, last = max(start, self.start), min(end, self.end)
        if first < last:
            out[first - start : last - start] = self.sums[first - self.start : last - self.start]
        return out


def slots_of(counts: Counts) -> Slots:
    """Each span counts in the slot that holds its middle; slots seen by half are filled up, by less left out."""
    slot = (counts.begins_ms + counts.span_s * 500) // SLOT_MS
    start = int(slot[0])
    place = slot - start
    sums = np.bincount(place, counts.values)
    share = np.bincount(place) * (counts.span_s / SLOT_S)
    seen = share >= SHARE_WANTED
    return Slots(start, np.where(seen, sums, np.nan) / np.where(seen, share, 1.0))


def excess_variance(counts: Counts) -> float | None:
    """The variance of a minute beyond Poisson's, relative to its squared mean, as the detector learns it live.

    From differences of neighbouring minutes. None where spans are longer than a minute, or where so little came that
    Poisson's own noise hides the excess.
    """
    if counts.span_s > 60 or 60 % counts.span_s:
        return None
    minute, at = np.unique((counts.begins_ms + counts.span_s * 500) // BUCKET_MS, return_inverse=True)
    whole = np.bincount(at) == 60 // counts.span_s
    count, minute = np.bincount(at, counts.values)[whole], minute[whole]
    _, of = np.unique(minute // 10, return_inverse=True)
    mean = (np.bincount(of, count) / np.bincount(of))[of]
    pair = np.flatnonzero(np.diff(minute) == 1)
    mean, a, b = mean[pair], count[pair], count[pair + 1]
    pair_mean = np.maximum(mean, 1e-6)
    value = ((a - b) ** 2 - (a + b)) / (2.0 * pair_mean * pair_mean)
    weight = (mean / (mean + EXCESS_EVENTS)) ** 2
    total = float(weight.sum())
    if total < EXCESS_PRIOR_WEIGHT:
        return None
    excess = EXCESS_PRIOR
    for _ in range(ROUNDS):
        held = np.minimum(value, WINSOR * (1.0 / pair_mean + excess))
        excess = max(0.0, float((weight * held).sum() + EXCESS_PRIOR_WEIGHT * EXCESS_PRIOR)) / (
            total + EXCESS_PRIOR_WEIGHT
        )
    return excess


def span_of(begins_ms: Ints, what: str) -> int:
    """The spans' length in seconds, told by their spacing (a minute for a single one). Raises HistoryError.

    `begins_ms`: ascending, without repetition. `what`: whose rows these are, for messages.
    """
    steps = np.diff(begins_ms)
    step_ms = int(steps.min()) if len(steps) else BUCKET_MS
    shown = f"{step_ms / 60_000:g} minutes" if step_ms >= 60_000 else f"{step_ms / 1000:g} s"
    if step_ms > SLOT_MS:
        raise HistoryError(f"{what}: rows are {shown} apart, at most ten minutes can be learnt: export a finer series")
    if step_ms < 1000 or SLOT_MS % step_ms or (steps % step_ms).any():
        raise HistoryError(
            f"{what}: rows are {shown} apart and do not fall into ten minutes evenly: sum up to one row a minute, and "
            "write one for every minute that was seen, also where nothing came"
        )
    return step_ms // 1000


class HistoryError(ValueError):
    """History that cannot be taken: one line with the cause and what to do about it."""
