"""The store: what was learnt of each ten-minute slot of the last fifteen days, and smooth rates out of it.

Sums, not rates, so that a slot of three seen minutes weighs as three. Sums lie in float16 in units of 1,024 events:
0.05 % precise from a sixteenth of an event to 67 million a slot, 6.5 kB a series in all.

A rate at a slot border is the triangular mean over 2w slots around it: w is the first of WIDTHS with EVENTS_WANTED
events over all days, so that low volume pools more. Sums run cumulatively from the border outwards: with the two slots
at distance j added to p_j, the triangle of any width is  sum p_j - sum (j + 1/2) p_j / w  over j < w. (A kernel mean,
Nadaraya 1964, Theory Probab. Appl. 9; a width by events is one by nearest neighbours.)

Nothing written in the last nineteen hours is needed for the coming hour, so AHEAD borders are looked up at once: what
they share is fetched once. Which borders go together hangs on `turn`, so that blocks do this at different slots.

>>> history, border = History(1), 200_000
>>> for slot in range(border - SLOTS_PER_DAY - 28, border - SLOTS_PER_DAY + 28):
...     history.write(slot, slice(None), np.array([2000.0]), np.array([SLOT_MIN]))
>>> history.rates(border, slice(None))[:2, 0].round().tolist()
[200.0, nan]
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import as_strided

from streams.detection.columns import Array, Bools, Columns, Floats, Singles, total
from streams.detection.lasting import Shift

SLOT_MIN = 10
SLOTS_PER_DAY = 144
LAGS = 14  # days to compare with: seven have no second day of the same weekday (J .867 against .877)
RING = (LAGS + 1) * SLOTS_PER_DAY  # a kernel reaches less than a day past the oldest lag

WIDTHS = (2, 4, 8, 16, 28)  # slots on either side; 28 is 4 h 40 min, beyond it a day has no shape left
EVENTS_WANTED = 400  # 5 % noise; 60 to 400 make no difference
SHARE_WANTED = 0.55  # of the kernel's weight: more than half, since a one-sided kernel leans towards its side

AHEAD = 6  # borders looked up at once; 12 are a tenth quicker and take another 0.3 kB a series

_UNIT = 1024.0
_LARGEST = 65_504 * _UNIT  # the largest float16, in events
_EXPONENT_SHIFT = np.float32(2.0**112)


class _Band:
    """The slots between one width and the next, on both sides of some borders in a row."""

    def __init__(self, inner: int, width: int) -> None:
        self._inner, self._width = inner, width
        steps = np.arange(inner, width)
        self.width = np.float32(width)
        self.distance = (steps + 0.5).astype(np.float32)[:, None, None, None]
        self.full_weight = np.float32(SLOT_MIN * width)  # of the triangle: 2 SLOT_MIN sum (1 - (j + 1/2) / w)

    def sides(self, ahead: int) -> tuple[slice, slice]:
        """The rows of `_reach` left and right of the borders that are needed."""
        rows = self._width - self._inner + ahead - 1
        left, right = _MOST - self._width, _MOST + self._inner
        return slice(left, left + rows), slice(right, right + rows)


def _pairs(left: Array, right: Array, ahead: int) -> Array:
    """The two slots at each distance added up: (slots, ahead, lags, series) of two (rows, lags, series)."""
    left, right = _windows(left, ahead)[::-1], _windows(right, ahead)
    return np.add(left, right, out=np.empty(left.shape, left.dtype))


def _windows(rows: Array, ahead: int) -> Array:
    """Each `ahead` rows that follow one another: (len(rows) - ahead + 1, ahead, lags, series), no copies."""
    step, *others = rows.strides
    shape = (len(rows) - ahead + 1, ahead, *rows.shape[1:])
    return as_strided(rows, shape, (step, step, *others), writeable=False)


_MOST = WIDTHS[-1]
_DAYS_BACK = -SLOTS_PER_DAY * np.arange(1, LAGS + 1)
_BANDS = tuple(_Band(inner, width) for inner, width in pairwise((0, *WIDTHS)))


def _reach(ahead: int) -> Array:
    """Slots around `ahead` borders, seen from the first."""
    return np.arange(-_MOST, _MOST + ahead - 1)[:, None]


class History(Columns):
    """Sums and numbers of learnt buckets by slot; ring row `slot % RING`."""

    PART = "history"
    STATE = ("sums", "numbers")

    def __init__(self, n: int, turn: int = 0) -> None:
        self.sums = np.zeros((RING, n), np.float16)
        self.numbers = np.zeros((RING, n), np.uint8)
        self._turn = turn
        self.look_ahead(AHEAD)

    def look_ahead(self, borders: int) -> None:
        """From now on look up so many borders at once: more are quicker, and hold 56 bytes a series each."""
        self._ahead = np.empty((borders, LAGS, self.sums.shape[1]), np.float32)
        self._first = np.full(self.sums.shape[1], -1, np.int64)  # the border that `_ahead` begins with; -1: nothing

    def load(self, arrays: Mapping[str, Array], members: Array, total: int) -> None:
        """As for all parts."""
        super().load(arrays, members, total)
        self.changed()

    def changed(self) -> None:
        """To be called by whoever has altered `sums` and `numbers` otherwise than by `write`: look up again."""
        self._first[:] = -1

    def write(self, slot: int, at: slice, sums: Floats, numbers: Array) -> None:
        """What slot `slot` held. Each has to be written, else the ring shows what stood there fifteen days ago."""
        row = slot % RING
        self.sums[row, at] = np.minimum(sums, _LARGEST) / _UNIT
        self.numbers[row, at] = numbers

    def correct(self, slots: Array, series: Array, sums: Singles) -> None:
        """What the slots of the series held, known better now. They must not be older than the days compared."""
        self.sums[slots % RING, series] = np.minimum(sums, np.float32(_LARGEST)) / np.float32(_UNIT)
        self._first[series] = -1

    def shift(self, shift: Shift, first_hot: Array, last_hot: Array) -> None:
        """Move all slots to a new level; those from `first_hot` to `last_hot` (one each) were learnt while hot."""
        for i, series in enumerate(shift.at.tolist()):  # seldom more than one in a bucket
            hot = np.arange(first_hot[i], last_hot[i] + 1) % RING
            sums = self.sums[:, series].astype(np.float64) * _UNIT
            offset = self.numbers[:, series] * shift.offset[i]
            moved = sums * shift.past[i] + offset
            moved[hot] = sums[hot] * shift.hot_past[i] + offset[hot]
            self.sums[:, series] = np.minimum(moved, _LARGEST) / _UNIT
        self._first[shift.at] = -1

    def forget(self, series: int, first: int, last: int) -> None:
        """Nothing is known any more of slots `first` to `last` of one series."""
        rows = np.arange(max(first, last - RING + 1), last + 1) % RING
        self.sums[rows, series] = 0
        self.numbers[rows, series] = 0
        self._first[series] = -1

    def rates(self, border: int, at: slice) -> Singles:
        """Events a minute around the begin of slot `border`, 1 to 14 days before: (LAGS, series), NaN where unknown."""
        place = (border + self._turn) % len(self._ahead)
        first = border - place
        if not (self._first[at] == first).all():
            self._look_up(first, at)
            self._first[at] = first
        rates: Singles = self._ahead[place, :, at]
        return rates

    def rates_of(self, borders: Array, series: Array) -> Singles:
        """As `rates`, with a border of its own for each lag (shape (LAGS,)): see `calendar`."""
        rows = ((borders + _DAYS_BACK + _reach(1)) % RING)[..., None]
        rates: Singles = _Around(self.sums[rows, series].view(np.uint16), self.numbers[rows, series], 1).rates()[0]
        return rates

    def _look_up(self, first: int, at: slice) -> None:
        rows = (first + _reach(len(self._ahead)) + _DAYS_BACK) % RING
        numbers = self.numbers[:, at][rows]
        lags = np.flatnonzero(np.maximum.reduce(numbers, axis=0).any(axis=1))  # days of which anything was seen
        self._ahead[:, :, at] = np.nan
        if lags.size:
            if lags.size < LAGS:
                rows, numbers = rows[:, lags], numbers[:, lags]
            around = _Around(self.sums[:, at].view(np.uint16)[rows], numbers, len(self._ahead))
            self._ahead[:, lags, at] = around.rates()


class _Around:
    """Sums outwards from `ahead` borders: plain, and weighted by distance. (ahead, lags, series) each.

    `sums` (float16 as bits), `numbers`: (_reach, lags, series).
    """

    def __init__(self, sums: Array, numbers: Array, ahead: int) -> None:
        if (numbers == numbers[..., :1]).all():
            numbers = numbers[..., :1]  # as usual: all series were seen alike
        self._sums, self._numbers, self._ahead = sums, numbers, ahead
        self._events, self._seen = (np.zeros((2, ahead, *part.shape[1:]), np.float32) for part in (sums, numbers))

    def rates(self) -> Singles:
        """Of each border by the narrowest triangle with EVENTS_WANTED in it."""
        rates = np.empty(0, np.float32)
        at = np.arange(self._events.shape[-1])  # the series that still want events at one of the borders
        wanting: Bools = np.ones((self._ahead, at.size), np.bool_)
        for band in _BANDS:
            self._widen(band, at)
            found = self._rates_with(band)
            few = total(self._events[0], axis=1) * np.float32(_UNIT) < EVENTS_WANTED
            if band is _BANDS[0]:
                rates = found
            else:  # write only where this is the band that was asked for, or the last
                ends = np.flatnonzero((wanting if band is _BANDS[-1] else wanting & ~few).any(axis=0))
                place = at[ends]
                kept_rates = np.take(rates, place, axis=-1)
                np.copyto(kept_rates, np.take(found, ends, axis=-1), where=wanting[:, None, ends])
                rates[..., place] = kept_rates
            wanting &= few
            kept = np.flatnonzero(wanting.any(axis=0))
            if not kept.size:
                break
            if kept.size < at.size:
                at, wanting = at[kept], wanting[:, kept]
                self._events = np.take(self._events, kept, axis=-1)
                if self._numbers.shape[-1] > 1:
                    self._seen = np.take(self._seen, kept, axis=-1)
        return rates

    def _widen(self, band: _Band, at: Array) -> None:
        sides = band.sides(self._ahead)
        left, right = (_singles(_columns(self._sums[rows], at)) for rows in sides)
        events = _pairs(left, right, self._ahead)
        left, right = (_columns(self._numbers[rows], at) for rows in sides)
        seen = _pairs(left, right, self._ahead)
        for kept, pairs in ((self._events, events), (self._seen, seen.astype(np.float32))):
            kept[0] += total(pairs, axis=0)
            pairs *= band.distance
            kept[1] += total(pairs, axis=0)

    def _rates_with(self, band: _Band) -> Singles:
        """Of triangles that end with `band`; NaN where too little of one was seen."""
        events, events_out = self._events
        seen, seen_out = self._seen
        weight = seen - seen_out / band.width
        weight[weight < SHARE_WANTED * band.full_weight] = np.nan
        rates: Singles = events_out / -band.width
        rates += events
        rates *= np.float32(_UNIT)
        rates /= weight
        return np.maximum(rates, 0, out=rates)


def _columns(rows: Array, at: Array) -> Array:
    """Those of the series `at`, unless there is one column for all."""
    return rows if rows.shape[-1] in (1, at.size) else np.take(rows, at, axis=-1)


def _singles(halves: Array) -> Singles:
    """float16, given as bits and never below 0, as float32: exactly numpy's conversion at a tenth of its time."""
    bits = halves.astype(np.uint32)
    bits <<= 13  # sign, exponent and digits lie as in float32, but the exponent counts from 15 instead of 127
    singles = bits.view(np.float32)
    singles *= _EXPONENT_SHIFT
    return singles
