"""The store: what was learnt of each ten-minute slot of the last fifteen days, and smooth rates out of it.

Sums, not rates, so that a slot of three seen minutes weighs as three. Sums lie in float16 in units of 1,024 events:
0.05 % precise from a sixteenth of an event to 67 million a slot, 6.5 kB a series in all.

A rate at a slot border is the triangular mean over 2w slots around it: w is the first of WIDTHS with EVENTS_WANTED
events over all days, so that low volume pools more. Sums run cumulatively from the border outwards: with the two slots
at distance j added to p_j, the triangle of any width is  sum p_j - sum (j + 1/2) p_j / w  over j < w.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from streams.detection.columns import Array, Columns, Floats, Singles, total

SLOT_MIN = 10
SLOTS_PER_DAY = 144
LAGS = 14  # days to compare with: seven have no second day of the same weekday (J .867 against .877)
RING = (LAGS + 1) * SLOTS_PER_DAY  # a kernel reaches less than a day past the oldest lag

WIDTHS = (2, 4, 8, 16, 28)  # slots on either side; 28 is 4 h 40 min, beyond it a day has no shape left
EVENTS_WANTED = 400  # 5 % noise; 60 to 400 make no difference
SHARE_WANTED = 0.55  # of the kernel's weight: more than half, since a one-sided kernel leans towards its side

_UNIT = 1024.0
_LARGEST = 65_504 * _UNIT  # the largest float16, in events
_EXPONENT_SHIFT = np.float32(2.0**112)
_DAYS_BACK = -SLOTS_PER_DAY * np.arange(1, LAGS + 1)[:, None]


class _Band:
    """The slots between one width and the next: on both sides of the border, with their distance from it."""

    def __init__(self, inner: int, width: int) -> None:
        steps = np.arange(inner, width)
        self.width = np.float32(width)
        self.left = _DAYS_BACK - 1 - steps  # (LAGS, slots)
        self.right = _DAYS_BACK + steps
        self.distance = (steps + 0.5).astype(np.float32)[:, None]
        self.full_weight = np.float32(SLOT_MIN * width)  # of the triangle: 2 SLOT_MIN sum (1 - (j + 1/2) / w)


_BANDS = tuple(_Band(inner, width) for inner, width in pairwise((0, *WIDTHS)))


class History(Columns):
    """Sums and numbers of learnt buckets by slot; ring row `slot % RING`."""

    PART = "history"
    STATE = ("sums", "numbers")

    def __init__(self, n: int) -> None:
        self.sums = np.zeros((RING, n), np.float16)
        self.numbers = np.zeros((RING, n), np.uint8)

    def write(self, slot: int, at: slice, sums: Floats, numbers: Array) -> None:
        """What slot `slot` held. Each has to be written, else the ring shows what stood there fifteen days ago."""
        self.sums[slot % RING, at] = np.minimum(sums, _LARGEST) / _UNIT
        self.numbers[slot % RING, at] = numbers

    def rates(self, border: int, at: slice) -> Singles:
        """Events a minute around the begin of slot `border`, 1 to 14 days before: (LAGS, series), NaN where unknown."""
        sums, numbers = self.sums[:, at].view(np.uint16), self.numbers[:, at]
        rates = np.empty((LAGS, sums.shape[1]), np.float32)
        todo: Array | slice = slice(None)  # the series that still want events
        kernel = _Kernel(rates.shape[1])
        for band in _BANDS:
            kernel.widen(band, sums, numbers, border, todo)
            rates[:, todo] = kernel.rates(band)  # wider ones overwrite it
            few = kernel.events() < EVENTS_WANTED
            if not few.any():
                break
            if not few.all():
                kept = few.nonzero()[0]
                todo = kept if isinstance(todo, slice) else todo[kept]
                kernel.keep(kept)
        return rates


class _Kernel:
    """Sums outwards from a border: plain, and weighted by distance; of events and of seen buckets. (LAGS, series)."""

    def __init__(self, n: int) -> None:
        self._sums: Singles = np.zeros((4, LAGS, n), np.float32)

    def widen(self, band: _Band, sums: Array, numbers: Array, border: int, at: Array | slice) -> None:
        """Add the slots of `band`. `sums`: float16 as bits."""
        left, right = (border + band.left) % RING, (border + band.right) % RING
        events = _singles(_rows(sums, left, at))
        events += _singles(_rows(sums, right, at))
        seen = _rows(numbers, left, at)
        seen += _rows(numbers, right, at)  # twenty at most
        for both, plain, outer in ((events, 0, 1), (seen.astype(np.float32), 2, 3)):
            self._sums[plain] += total(both, axis=1)
            both *= band.distance
            self._sums[outer] += total(both, axis=1)

    def events(self) -> Singles:
        """Over all days, without weights."""
        events: Singles = total(self._sums[0], axis=0) * np.float32(_UNIT)
        return events

    def rates(self, band: _Band) -> Singles:
        """Of a triangle that ends with `band`; NaN where too little of it was seen."""
        events, events_out, seen, seen_out = self._sums
        weight = seen - seen_out / band.width
        rates: Singles = (events - events_out / band.width) * np.float32(_UNIT)
        weight[weight < SHARE_WANTED * band.full_weight] = np.nan
        rates /= weight
        return np.maximum(rates, 0, out=rates)

    def keep(self, at: Array) -> None:
        """Go on with some of the series."""
        self._sums = np.take(self._sums, at, axis=2)


def _rows(ring: Array, rows: Array, at: Array | slice) -> Array:
    found: Array = ring[rows]
    return found if isinstance(at, slice) else np.take(found, at, axis=-1)


def _singles(halves: Array) -> Singles:
    """float16, given as bits and never below 0, as float32: exactly numpy's conversion at a tenth of its time."""
    bits = halves.astype(np.uint32)
    bits <<= 13  # sign, exponent and digits lie as in float32, but the exponent counts from 15 instead of 127
    singles = bits.view(np.float32)
    singles *= _EXPONENT_SHIFT
    return singles
