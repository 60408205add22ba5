"""Records that look alike, read together: where the strings of a batch begin and end, without decoding any.

A program that writes JSON writes the same fields in the same order, so most records of a batch differ only in what
stands between certain quotes. Such a batch is taken apart by numpy: the quotes are found, and what lies between two
values has to be the same bytes in every record. What is taken is exactly what a JSON reader would have found:

- a record is taken as the pattern only if it is one flat object of known text fields, each once, without blanks;
- nothing in the batch is escaped, a control sign or beyond ASCII, so a quote always begins or ends a string;
- every record taken has as many quotes as the pattern, and the bytes around its values are the pattern's.

Records that do not fit are left to whoever reads them one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

FEW_RECORDS = 32  # below it a pass of numpy costs more than reading them one by one
OTHERS_SHARE = 16  # one record in so many may be something else, such as a clock record

_FLAT = re.compile(rb'\{"\w+":"[^"]*"(?:,"\w+":"[^"]*")*\}')
_QUOTE, _END = ord('"'), ord("\n")
_FIRST_PRINTABLE = 32
_LONGEST_BETWEEN = 64  # around values: a name and five signs
_PAD = bytes(_LONGEST_BETWEEN + 8)  # so that words may be read beyond the last record

SLOTS = 8_192
LONGEST_NUMBERED = 24  # characters of a value that is compared as words
# Odd numbers without a pattern (from the golden ratio and square roots), as multiplicative hashing wants them.
_FACTORS = [np.uint64(f) for f in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)]
_SHIFT, _TO_SLOT = np.uint64(29), np.uint64(64 - 13)
# Of a word the first so many bytes.
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(9)], np.uint64)


@dataclass(frozen=True, slots=True)
class Texts(Sequence[str]):
    """One field of a batch: `text[starts[i]:ends[i]]` is the value of its i-th record. All ASCII, without NUL."""

    text: bytes
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.strings())

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return self.rows(at)
        return self.text[self.starts[at] : self.ends[at]].decode("ascii")

    def rows(self, chosen: slice | NDArray[Any]) -> Texts:
        """Only some of the records."""
        return Texts(self.text, self.starts[chosen], self.ends[chosen])

    def is_empty(self) -> bool:
        """Whether no record says anything here."""
        return not (self.ends > self.starts).any()

    def words(self, at: int) -> Words:
        """Eight bytes of each value from its byte `at` on; beyond its end whatever comes there."""
        view: Words = np.ndarray((len(self.text) - 7,), "<u8", self.text, 0, (1,))
        return view[self.starts + at]

    def width(self) -> int | None:
        """How long all values are; None where they differ, or where there is none."""
        sizes = self.ends - self.starts
        return int(sizes[0]) if len(sizes) and (sizes == sizes[0]).all() else None

    def strings(self) -> list[str]:
        """All values."""
        width = self.width()
        if not width:
            text = self.text.decode("ascii")
            return [text[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]
        every = np.ndarray((len(self.text) - width, width + 1), np.uint8, self.text, 0, (1, 1))
        rows = every[self.starts]
        rows[:, width] = _END  # in place of the quote that closes the value
        return rows.tobytes().decode("ascii").split("\n")[:-1]

    def numbered(self) -> tuple[NDArray[np.int64], list[str]]:
        """A number for each value, and the values by their numbers, in order of first appearance."""
        sizes = self.ends - self.starts
        longest = int(sizes.max(initial=0))
        if len(sizes) and longest <= LONGEST_NUMBERED:
            # Nothing in a value is NUL, so words cut at its end tell values of different lengths apart too.
            words = [self.words(at) & _MASKS[np.clip(sizes - at, 0, 8)] for at in range(0, max(longest, 1), 8)]
            for turn in range(len(_FACTORS)):
                of_first = _first_of_equals(words, _FACTORS[turn:] + _FACTORS[:turn])
                if of_first is not None:
                    rows = np.flatnonzero(of_first == np.arange(len(of_first)))
                    number = np.empty(len(of_first), np.int64)
                    number[rows] = np.arange(len(rows))
                    return number[of_first], [self[row] for row in rows.tolist()]
        values = self.strings()
        numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
        return np.fromiter(map(numbers.__getitem__, values), np.int64, len(values)), list(numbers)


def _first_of_equals(words: Sequence[Words], factors: Sequence[np.uint64]) -> Ints | None:
    """For each row the first row with the same words; None where two that differ fall into the same slot."""
    mixed = words[0] * factors[0]
    for word, factor in zip(words[1:], factors[1:], strict=False):
        mixed ^= word * factor
    slots = (((mixed ^ (mixed >> _SHIFT)) * factors[0]) >> _TO_SLOT).astype(np.intp)
    first = np.empty(SLOTS, np.intp)
    first[slots[::-1]] = np.arange(len(slots) - 1, -1, -1)  # the last to be written is the first of its slot
    of_first = first[slots]
    return of_first if all((word == word[of_first]).all() for word in words) else None


@dataclass(frozen=True, slots=True)
class Alike:
    """The records of a batch that look alike: their positions in it, ascending, and their fields."""

    positions: Ints
    fields: Mapping[str, Texts]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`around[i]`: the bytes from the end of value i-1 (or the begin of the record) up to value i (or the end)."""

    names: tuple[str, ...]
    around: tuple[bytes, ...]


def alike(values: Sequence[bytes], known: frozenset[str], needed: frozenset[str], max_bytes: int) -> Alike | None:
    """What looks like the first record of the batch, or like one in its middle; None where too much does not.

    `known`: names of text fields that a record may have. `needed`: those that it must have. `max_bytes`: of a record.
    """
    if len(values) < FEW_RECORDS:
        return None
    pattern = next((p for at in (0, len(values) // 2) if (p := _pattern(values[at], known, needed))), None)
    text = b"\n".join([*values, _PAD])
    if pattern is None or not text.isascii() or b"\\" in text:
        return None
    signs = np.frombuffer(text, np.uint8)[: -len(_PAD)]
    ends = np.flatnonzero(signs < _FIRST_PRINTABLE)
    if len(ends) != len(values) or not (signs[ends] == _END).all():
        return None  # more than one end of line a record, or another control sign
    quotes = np.flatnonzero(signs == _QUOTE)
    counts = np.diff(np.searchsorted(quotes, ends), prepend=0)
    fits = counts == 4 * len(pattern.names)
    positions = np.flatnonzero(fits)
    enough = len(values) - len(values) // OTHERS_SHARE
    if len(positions) < enough:
        return None
    if len(positions) < len(values):
        quotes = quotes[np.repeat(fits, counts)]
    by_record = quotes.reshape(-1, 4 * len(pattern.names))
    # A row a field from here on: what is done is done field by field.
    starts, stops = np.ascontiguousarray(by_record[:, 2::4].T), np.ascontiguousarray(by_record[:, 3::4].T)
    starts += 1
    begins = np.concatenate([[0], ends[:-1] + 1])
    if (ends - begins).max() > max_bytes:
        return None
    good = _matches(text, pattern, begins[positions], starts, stops, ends[positions])
    if not good.all():
        positions, starts, stops = positions[good], starts[:, good], stops[:, good]
        if len(positions) < enough:
            return None
    return Alike(positions, {name: Texts(text, starts[i], stops[i]) for i, name in enumerate(pattern.names)})


def _matches(text: bytes, pattern: _Pattern, begins: Ints, starts: Ints, stops: Ints, ends: Ints) -> NDArray[np.bool_]:
    """Which records have the pattern's bytes around their values."""
    good = np.ones(len(begins), np.bool_)
    for i, around in enumerate(pattern.around):
        left = begins if i == 0 else stops[i - 1]
        right = ends if i == len(pattern.names) else starts[i]
        good &= right - left == len(around)
        gap = Texts(text, left, right)
        for at in range(0, len(around), 8):
            piece = around[at : at + 8]
            good &= gap.words(at) & _MASKS[len(piece)] == np.uint64(int.from_bytes(piece, "little"))
    return good


def _pattern(record: bytes, known: frozenset[str], needed: frozenset[str]) -> _Pattern | None:
    """What is around the values of a record, if it is a flat object of known text fields."""
    if not _FLAT.fullmatch(record):
        return None
    pieces = record.split(b'"')  # {, name, :, value, comma, name, :, value, ... }
    names = tuple(name.decode("ascii", "replace") for name in pieces[1::4])
    if not needed <= set(names) <= known or len(set(names)) < len(names):
        return None
    around = [b'%s"%s":"' % (b"{" if i == 1 else b'",', pieces[i]) for i in range(1, len(pieces), 4)]
    if max(map(len, around)) > _LONGEST_BETWEEN:
        return None
    return _Pattern(names, (*around, b'"}'))
