"""The ids of the errors of a pane: whether one was seen before, told exactly, without a Python object for each.

Ids lie one after the other in words of eight bytes, each behind its length; a table finds them by hash. Equal hashes
alone are no repeat: the bytes are compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.ingest.compiled import compiled
from streams.ingest.texts import Places, Texts, hashed
from streams.ingest.words import BELOW, WORD, Int, Words, words_of

_FIRST_SLOTS = 256  # most panes of most partitions hold few
_FIRST_WORDS = 1_024
_PLACE_BITS = np.uint64(32)  # a slot: half of the hash above, where its id lies below (32 GB of ids); 0: nobody's
_PLACE = np.uint64(0xFFFFFFFF)


class SeenIds:
    """A set of ids as they stand in the records (canonical: none of them is escaped)."""

    __slots__ = ("_known", "_slots", "_used", "_words")

    def __init__(self) -> None:
        self._slots = np.zeros(_FIRST_SLOTS, np.uint64)
        self._words = np.zeros(_FIRST_WORDS, np.uint64)
        self._used = 1  # nobody's place is 0
        self._known = 0

    def __len__(self) -> int:
        return self._known

    def repeats(self, ids: Texts, places: NDArray[Any], place: int) -> NDArray[np.int64]:
        """Of the rows whose `places` is `place`, those whose id was seen before, in order. From now on all of them are.

        No id, or an empty one, is never a repeat.
        """
        self._make_room(len(ids), int((ids.ends - ids.starts).sum()))
        repeated = np.empty(len(ids), np.int64)
        found, self._known, self._used = _add(
            words_of(ids.text), ids.starts, ids.ends, places, place, self._slots, self._words, self._known, self._used,
            repeated,
        )  # fmt: skip
        return repeated[:found]

    def _make_room(self, more: int, more_bytes: int) -> None:
        """For so many more ids of so many bytes together."""
        needed = self._used + more_bytes // WORD + 2 * more
        if needed > len(self._words):
            grown = np.zeros(max(needed, 2 * len(self._words)), np.uint64)
            grown[: self._used] = self._words[: self._used]
            self._words = grown
        slots = len(self._slots)
        while 2 * (self._known + more) > slots:
            slots *= 2
        if slots > len(self._slots):
            self._slots = np.zeros(slots, np.uint64)
            _find_places(self._words, self._used, self._slots)


@compiled
def _is_at(held: Words, place: Int, words: Words, at: Int, size: Int) -> bool:
    """Whether the id at `place` is what stands at `at`."""
    if held[place] != np.uint64(size):
        return False
    place += 1
    while size >= WORD:
        if held[place] != words[at]:
            return False
        place += 1
        at += WORD
        size -= WORD
    return bool(held[place] == words[at] & BELOW[size])


@compiled
def _add(
    words: Words, starts: Places, ends: Places, places: NDArray[Any], place: int, slots: Words, held: Words, known: int,
    used: int, repeated: NDArray[np.int64],
) -> tuple[int, int, int]:  # fmt: skip
    found = 0
    last = np.uint64(len(slots) - 1)
    for row in range(len(starts)):
        at, end = np.int64(starts[row]), np.int64(ends[row])
        if places[row] != place or end <= at:
            continue
        mixed = hashed(words, at, end - at, WORD)
        slot = mixed & last
        while True:
            entry = slots[slot]
            if entry == 0:
                slots[slot] = (mixed >> _PLACE_BITS << _PLACE_BITS) | np.uint64(used)
                held[used] = np.uint64(end - at)
                used += 1
                while end - at >= WORD:
                    held[used] = words[at]
                    used += 1
                    at += WORD
                held[used] = words[at] & BELOW[end - at]
                used += 1
                known += 1
                break
            if entry >> _PLACE_BITS == mixed >> _PLACE_BITS and _is_at(
                held, np.int64(entry & _PLACE), words, at, end - at
            ):
                repeated[found] = row
                found += 1
                break
            slot = (slot + np.uint64(1)) & last
    return found, known, used


@compiled
def _find_places(held: Words, used: int, slots: Words) -> None:
    """Fills an empty table with the ids there are, all different."""
    last = np.uint64(len(slots) - 1)
    place: Int = 1
    while place < used:
        size = np.int64(held[place])
        mixed = hashed(held, place + 1, size, 1)
        slot = mixed & last
        while slots[slot] != 0:
            slot = (slot + np.uint64(1)) & last
        slots[slot] = (mixed >> _PLACE_BITS << _PLACE_BITS) | np.uint64(place)
        place += size // WORD + 2
