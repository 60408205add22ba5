"""The store: what was learnt of each ten-minute slot of the last fifteen days, and smooth rates out of it.

Sums, not rates, so that a slot of three seen minutes weighs as three. Sums lie in float16 in units of 1,024 events:
0.05 % precise from a sixteenth of an event to 67 million a slot, 6.5 kB a series in all.

A rate at a slot border is the triangular mean over 2w slots around it: w is the first of WIDTHS with EVENTS_WANTED
events over all days, so that low volume pools more. Sums run cumulatively from the border outwards: with the two slots
at distance j added to p_j, the triangle of any width is  sum p_j - sum (j + 1/2) p_j / w  over j < w.
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Columns, Floats, Singles

SLOT_MIN = 10
SLOTS_PER_DAY = 144
LAGS = 14  # days to compare with: seven have no second day of the same weekday (J .867 against .877)
RING = (LAGS + 1) * SLOTS_PER_DAY  # a kernel reaches less than a day past the oldest lag

WIDTHS = np.array([2, 4, 8, 16, 28])  # slots on either side; 28 is 4 h 40 min, beyond it a day has no shape left
EVENTS_WANTED = 400  # 5 % noise; 60 to 400 make no difference
SHARE_WANTED = 0.55  # of the kernel's weight: more than half, since a one-sided kernel leans towards its side

_UNIT = 1024.0
_LARGEST = 65_504 * _UNIT  # the largest float16, in events
_REACH = int(WIDTHS[-1])
_OFFSETS = np.arange(_REACH) + 0.5
_DAYS_BACK = -SLOTS_PER_DAY * np.arange(1, LAGS + 1)[:, None]
_LEFT = _DAYS_BACK - 1 - np.arange(_REACH)  # slots left of the border, from it outwards, by lag
_RIGHT = _DAYS_BACK + np.arange(_REACH)
_FULL_WEIGHT = np.array([2 * (1 - _OFFSETS[:w] / w).sum() * SLOT_MIN for w in WIDTHS])


class History(Columns):
    """Sums and numbers of learnt buckets by slot; ring row `slot % RING`."""

    PART = "history"
    STATE = ("sums", "numbers")

    def __init__(self, n: int) -> None:
        self.sums = np.zeros((RING, n), np.float16)
        self.numbers = np.zeros((RING, n), np.uint8)

    def write(self, slot: int, at: slice, sums: Floats, numbers: Array) -> None:
        """What slot `slot` held. Every slot has to be written, else the ring shows what stood there fifteen days ago."""
        self.sums[slot % RING, at] = np.minimum(sums, _LARGEST) / _UNIT
        self.numbers[slot % RING, at] = numbers

    def rates(self, border: int, at: slice) -> Singles:
        """Events a minute around the begin of slot `border`, 1 to 14 days before: (LAGS, series), NaN where unknown."""
        sums = self._around(self.sums, border, at) * np.float32(_UNIT)
        numbers = self._around(self.numbers, border, at)
        inner, triangle = _cumulated(sums)
        _, there = _cumulated(numbers)
        enough = inner.sum(axis=0) >= EVENTS_WANTED
        width = np.where(enough.any(axis=0), enough.argmax(axis=0), len(WIDTHS) - 1)
        pick = width[None, None, :]
        weight = np.take_along_axis(there, pick, axis=1)[:, 0]
        known = weight >= SHARE_WANTED * _FULL_WEIGHT.astype(np.float32)[width]
        total = np.take_along_axis(triangle, pick, axis=1)[:, 0]
        rates = np.full(total.shape, np.nan, np.float32)
        np.divide(total, weight, out=rates, where=known)
        return rates

    @staticmethod
    def _around(ring: Array, border: int, at: slice) -> Singles:
        """(LAGS, _REACH, series): both slots at each distance from the border, added."""
        columns = ring[:, at]
        both = columns[(border + _LEFT) % RING].astype(np.float32)
        both += columns[(border + _RIGHT) % RING]
        return both


def _cumulated(pairs: Singles) -> tuple[Singles, Singles]:
    """For each of WIDTHS: the plain and the triangular sum of (LAGS, _REACH, series)."""
    plain = np.cumsum(pairs, axis=1)[:, WIDTHS - 1]
    outer = np.cumsum(pairs * _OFFSETS.astype(np.float32)[:, None], axis=1)[:, WIDTHS - 1]
    return plain, plain - outer / WIDTHS.astype(np.float32)[:, None]
