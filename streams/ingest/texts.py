"""One field of a batch of records, each value still a part of the text: told apart as bytes, decoded once each."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.ingest.compiled import compiled
from streams.ingest.words import BELOW, WORD, Int, Words, words_of

Places = NDArray[np.int32]
Ints = NDArray[np.int64]

NOT_SAID = -1  # in place of where a value begins, where a record has none
_EMPTY = -1  # a slot that nobody has

# Odd numbers without a pattern (from the golden ratio and a square root), as multiplicative hashing wants them.
_FACTOR, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Texts:
    """`text[starts[i]:ends[i]]` is what stands between the quotes in record i; `starts[i]` NOT_SAID: nothing does.

    `text` ends with PAD.
    """

    text: bytes
    starts: Places
    ends: Places

    def __len__(self) -> int:
        return len(self.starts)

    def is_said(self) -> bool:
        """Whether any record says something here."""
        return bool((self.ends > self.starts).any())

    def value(self, row: int) -> str | None:
        """What record `row` says."""
        start, end = int(self.starts[row]), int(self.ends[row])
        return None if start == NOT_SAID else decoded(self.text[start:end])

    def numbered(self) -> tuple[Ints, list[str | None]]:
        """A number for each record, by what it says in bytes, and what that is, in order of first appearance.

        Where values are escaped, two numbers may stand for the same text.
        """
        size = len(self.starts)
        codes, firsts = np.empty(size, np.int64), np.empty(size, np.int64)
        known = _number(words_of(self.text), self.starts, self.ends, empty_slots(size), codes, firsts)
        return codes, [self.value(row) for row in firsts[:known].tolist()]


def decoded(raw: bytes) -> str:
    """The string that stands so between its quotes in JSON."""
    return str(msgspec.json.decode(b'"%s"' % raw)) if b"\\" in raw else raw.decode("utf-8", "surrogatepass")


def empty_slots(size: int) -> NDArray[np.int32]:
    """Room to look up so many values in, at most half full."""
    return np.full(1 << max(2 * size - 1, 1).bit_length(), _EMPTY, np.int32)


@compiled
def hashed(words: Words, at: Int, size: Int, step: Int) -> np.uint64:
    """A number of 64 bits for so many bytes, of which the n-th word is `words[at + n * step]`."""
    mixed: np.uint64 = np.uint64(size) * _MIX
    while size >= WORD:
        mixed = (mixed ^ words[at]) * _FACTOR
        mixed ^= mixed >> _HALF
        at += step
        size -= WORD
    mixed = (mixed ^ (words[at] & BELOW[size])) * _FACTOR
    return np.uint64(mixed ^ (mixed >> _HALF))


@compiled
def _same(words: Words, at: Int, other: Int, size: Int) -> bool:
    """Whether so many bytes are the same at both places."""
    while size >= WORD:
        if words[at] != words[other]:
            return False
        at += WORD
        other += WORD
        size -= WORD
    return bool((words[at] ^ words[other]) & BELOW[size] == 0)


def ranked(codes: Ints) -> tuple[Ints, Ints]:
    """For each row the rank of its code in order of first appearance; and the first row of each rank."""
    ranks, firsts = np.empty(len(codes), np.int64), np.empty(len(codes), np.int64)
    known = _rank(codes, empty_slots(len(codes)), ranks, firsts)
    return ranks, firsts[:known]


def distinct(codes: Ints, weights: Ints) -> tuple[Ints, Ints]:
    """The distinct codes, in order of first appearance, and the sum of the weights of each.

    Without `weights` (an empty array) each row weighs 1. Sums are doubles, exact up to 2**53: nine billion events of
    the heaviest kind in one batch.
    """
    ranks, firsts = ranked(codes)
    totals = np.bincount(ranks, weights if len(weights) else None, len(firsts))
    return codes[firsts], totals.astype(np.int64)


@compiled
def _number(words: Words, starts: Places, ends: Places, slots: NDArray[np.int32], codes: Ints, firsts: Ints) -> int:
    """Fills `codes` with a number for each value and `firsts` with the first row of each; how many there are."""
    known = 0
    last = len(slots) - 1
    for row in range(len(starts)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        slot = np.int64(hashed(words, start, end - start, WORD) & np.uint64(last)) if start >= 0 else last
        while True:
            code = slots[slot]
            if code < 0:
                slots[slot] = known
                firsts[known] = row
                codes[row] = known
                known += 1
                break
            first = firsts[code]
            size = np.int64(ends[first]) - np.int64(starts[first])
            is_alike = size == end - start and (start < 0) == (starts[first] < 0)
            if is_alike and (start < 0 or _same(words, start, np.int64(starts[first]), size)):
                codes[row] = code
                break
            slot = (slot + 1) & last
    return known


@compiled
def _rank(codes: Ints, slots: NDArray[np.int32], ranks: Ints, firsts: Ints) -> int:
    """Fills `ranks` and `firsts`; how many distinct codes there are."""
    known = 0
    last = len(slots) - 1
    for row in range(len(codes)):
        code = codes[row]
        slot = np.int64((np.uint64(code) * _FACTOR) >> _HALF) & last
        while True:
            rank = slots[slot]
            if rank < 0:
                slots[slot] = known
                firsts[known] = row
                ranks[row] = known
                known += 1
                break
            if codes[firsts[rank]] == code:
                ranks[row] = rank
                break
            slot = (slot + 1) & last
    return known
