"""Text looked at eight bytes at a time, in compiled functions: where a string ends, whether a name stands there.

Of eight bytes in a word, those below or equal to something are found without looking at each (S. E. Anderson, Bit
Twiddling Hacks, "Determine if a word has a zero byte", "... has a byte less than n"): the lowest byte found is right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.ingest.compiled import compiled

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Int = int | np.signedinteger[Any]  # compiled code has machine integers only

WORD = 8
PAD = bytes(2 * WORD)  # after a text, so that words may be read up to its last byte

BELOW = np.array([(1 << (8 * size)) - 1 for size in range(WORD)], np.uint64)  # the first so many bytes of a word

_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_QUOTES, _BACKSLASHES = np.uint64(0x2222222222222222), np.uint64(0x5C5C5C5C5C5C5C5C)
_SPACES = np.uint64(0x2020202020202020)
_SEVEN, _TOP, _ONE, _NONE = np.uint64(7), np.uint64(56), np.uint64(1), np.uint64(0)
_PLACE = np.uint64(0x0001020304050607)  # times 256**k its top byte is k


def words_of(text: bytes) -> Words:
    """Of a text that ends with PAD: at each byte the eight from there on, the first in the lowest place. No copy."""
    words: Words = np.ndarray((len(text) - WORD + 1,), "<u8", text, 0, (1,))
    return words


@compiled
def special(word: np.uint64) -> np.uint64:
    """The high bit of the first byte that is a quote, a backslash, a control sign or beyond ASCII; 0 without one.

    Higher bits may be set too.
    """
    quotes, escapes = word ^ _QUOTES, word ^ _BACKSLASHES
    return (
        ((quotes - _ONES) & ~quotes) | ((escapes - _ONES) & ~escapes) | ((word - _SPACES) & ~word) | word
    ) & _HIGHS  # fmt: skip


@compiled
def first_place(bits: np.uint64) -> Int:
    """In which byte of the word the lowest bit lies, of bits that are high bits of bytes."""
    lowest = bits & (_NONE - bits)
    return np.int64(((lowest >> _SEVEN) * _PLACE) >> _TOP)
