"""Where the fields of JSON records stand: one look at every byte of a batch, no object per record.

Read is what programs really write: an object of strings, with or without blanks, in any order of fields, in any script.
What is found is exactly what a JSON reader would have found; whatever else a record holds (a number where a text is
due, something nested, an escape in a name, a field twice) leaves it to whoever reads records one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.ingest.compiled import compiled
from streams.ingest.json_bytes import (
    ESCAPE,
    PLAIN,
    after_blanks,
    ends_there,
    is_null,
    number_end,
    string_end,
    whole_number,
)
from streams.ingest.rfc3339 import UNREAD, read_time_ms
from streams.ingest.texts import NOT_SAID, Places
from streams.ingest.words import PAD, WORD, Bytes, Int, Words, words_of

# What a record turned out to be.
LEFT, TAKEN, HIGH = 0, 1, 2  # HIGH: taken, if its bytes beyond ASCII are UTF-8

# What a field may hold.
NAME, TEXT, TIME, COUNT = 0, 1, 2, 3  # a NAME has no escapes, so that equal names are equal bytes
MOST_COUNT = 1_000_000

_QUOTE, _COMMA, _COLON, _OPEN, _CLOSE = ord('"'), ord(","), ord(":"), ord("{"), ord("}")
_MEMBERS = 32  # of a record, whose place is remembered
_LONGEST_NAME = 15  # with its quote two words
_BETWEEN = b"\0"  # between records: no JSON holds it


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a kind of record: what each may hold, and which it must have (at most one TIME and one COUNT).

    `names`, `masks`: (fields, 2), a name and its closing quote as two words, and the bytes of them that it takes.
    `needed`: a bit for each field.
    """

    names: Words
    masks: Words
    sizes: NDArray[np.int64]
    kinds: NDArray[np.int64]
    needed: int


def layout(kinds: Mapping[str, int], needed: Collection[str]) -> Layout:
    """Of the fields in `kinds`, in that order. Raises ValueError for a name of more than 15 characters."""
    quoted = [name.encode("ascii") + b'"' for name in kinds]
    if max(map(len, quoted)) > len(PAD):
        raise ValueError(f"names of fields have at most {_LONGEST_NAME} characters")

    def words(texts: list[bytes]) -> Words:
        return np.frombuffer(b"".join(text.ljust(len(PAD), b"\0") for text in texts), "<u8").reshape(-1, 2).copy()

    return Layout(
        words(quoted),
        words([b"\xff" * len(name) for name in quoted]),
        np.array([len(name) for name in kinds], np.int64),
        np.array(list(kinds.values()), np.int64),
        sum(1 << place for place, name in enumerate(kinds) if name in needed),
    )


@dataclass(frozen=True, slots=True)
class Scan:
    """Of record i, field f is `text[starts[f, i]:ends[f, i]]` as it stands between its quotes, or a bare number.

    `starts` is NOT_SAID where it has none. `times_ms`: UNREAD where it takes a closer look. `counts`: 0 where none is
    said. Only records for which `taken` holds have any of it.
    """

    text: bytes
    starts: Places
    ends: Places
    times_ms: NDArray[np.int64]
    counts: NDArray[np.int64]
    taken: NDArray[np.bool_]


def scan(values: Sequence[bytes], of: Layout, max_bytes: int) -> Scan:
    """Finds the fields of a batch; records longer than `max_bytes` are left."""
    size, fields = len(values), len(of.sizes)
    text = _BETWEEN.join([*values, PAD])
    starts, ends = np.full((fields, size), NOT_SAID, np.int32), np.full((fields, size), NOT_SAID, np.int32)
    times_ms, counts = np.full(size, UNREAD, np.int64), np.zeros(size, np.int64)
    state = np.zeros(size, np.uint8)
    # Records of a program have their fields in the same places, and many values are as long as the one before.
    guesses, lengths = np.zeros(_MEMBERS, np.int64), np.zeros(_MEMBERS, np.int64)
    end = _scan(
        np.frombuffer(text, np.uint8), words_of(text), max_bytes, of.names, of.masks, of.sizes, of.kinds, of.needed,
        starts, ends, times_ms, counts, guesses, lengths, state,
    )  # fmt: skip
    if end != len(text) - len(PAD):  # some record holds what stands between them, so it is no JSON
        return scan([b"" if _BETWEEN in value else value for value in values], of, max_bytes)
    # A record that is taken ends with a bracket, so the whole is UTF-8 only if each of them is.
    taken = state != LEFT if text.isascii() or _is_utf8(text) else state == TAKEN
    return Scan(text, starts, ends, times_ms, counts, taken)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@compiled
def _field(words: Words, at: Int, names: Words, masks: Words, guess: Int) -> Int:
    """The number of the field whose name and closing quote stand there, -1 where none does."""
    first, second = words[at], words[at + WORD]
    if first & masks[guess, 0] == names[guess, 0] and second & masks[guess, 1] == names[guess, 1]:
        return guess
    for field in range(len(names)):
        if first & masks[field, 0] == names[field, 0] and second & masks[field, 1] == names[field, 1]:
            return field
    return -1


@compiled
def _scan(
    text: Bytes, words: Words, max_bytes: int, names: Words, masks: Words, sizes: NDArray[np.int64],
    kinds: NDArray[np.int64], needed: int, starts: Places, ends: Places, times_ms: NDArray[np.int64],
    counts: NDArray[np.int64], guesses: NDArray[np.int64], lengths: NDArray[np.int64], state: Bytes,
) -> Int:  # fmt: skip
    """Returns where the last record ends."""
    at: Int = 0
    for row in range(len(state)):
        found, end = _record(
            text, words, at, row, names, masks, sizes, kinds, needed, guesses, lengths, starts, ends, times_ms, counts
        )  # fmt: skip
        while text[end] != 0:
            end += 1
        state[row] = LEFT if end - at > max_bytes else found
        at = end + 1
    return at


@compiled
def _record(
    text: Bytes, words: Words, at: Int, row: int, names: Words, masks: Words, sizes: NDArray[np.int64],
    kinds: NDArray[np.int64], needed: int, guesses: NDArray[np.int64], lengths: NDArray[np.int64], starts: Places,
    ends: Places, times_ms: NDArray[np.int64], counts: NDArray[np.int64],
) -> tuple[Int, Int]:  # fmt: skip
    """What the record at `at` turned out to be, and up to where it was read."""
    found, member = TAKEN, 0
    said: Int = 0  # a bit for each field
    at = after_blanks(text, at)
    if text[at] != _OPEN:
        return LEFT, at
    while True:
        at = after_blanks(text, at + 1)
        slot = min(member, _MEMBERS - 1)
        member += 1
        field, start = _name(text, words, at, names, masks, sizes, guesses[slot])
        if start < 0 or (field >= 0 and said >> field & 1):
            return LEFT, at  # an empty object too; of a field said twice the last one counts
        at = after_blanks(text, start)
        if is_null(text, at):
            at += 4
        else:
            end, worst = _value_end(text, words, at, lengths, slot)
            if end < 0:
                return LEFT, at
            is_text = text[at] == _QUOTE
            if field >= 0:
                guesses[slot] = field
                if not _fits(text, at, end, is_text, worst, kinds[field]):
                    return LEFT, at
                said |= 1 << field
                starts[field, row], ends[field, row] = at + is_text, end
                if kinds[field] == TIME and is_text:
                    times_ms[row] = read_time_ms(text, at + 1, end)
                elif kinds[field] == COUNT:
                    counts[row] = whole_number(text, at, end)
            if worst != PLAIN:
                found = HIGH  # an escape may stand beside bytes beyond ASCII
            at = end + is_text
        at = after_blanks(text, at)
        if text[at] == _CLOSE:
            at = after_blanks(text, at + 1)
            return (found if text[at] == 0 and said & needed == needed else LEFT), at
        if text[at] != _COMMA:
            return LEFT, at


@compiled
def _name(
    text: Bytes, words: Words, at: Int, names: Words, masks: Words, sizes: NDArray[np.int64], guess: Int
) -> tuple[Int, Int]:
    """The field whose name stands at `at` (-1: none of ours), and what follows its colon; -1 where it is no name."""
    if text[at] != _QUOTE:
        return -1, -1
    field = _field(words, at + 1, names, masks, guess)
    if field >= 0:
        at += sizes[field] + 2
    else:
        end, worst = string_end(text, words, at + 1)
        if end < 0 or worst != PLAIN:
            return -1, -1  # with escapes it may yet be one of ours
        at = end + 1
    at = after_blanks(text, at)
    return field, (at + 1 if text[at] == _COLON else -1)


@compiled
def _value_end(text: Bytes, words: Words, at: Int, lengths: NDArray[np.int64], slot: Int) -> tuple[Int, Int]:
    """Where the string or number at `at` ends (-1: it is neither, or broken), and the worst that it holds.

    `lengths[slot]`: of the value there in the record before.
    """
    if text[at] != _QUOTE:
        return number_end(text, at), PLAIN
    end: Int = at + 1 + lengths[slot]
    if ends_there(text, words, at + 1, end):
        return end, PLAIN
    end, worst = string_end(text, words, at + 1)
    lengths[slot] = max(end - at - 1, 0)
    return end, worst


@compiled
def _fits(text: Bytes, at: Int, end: Int, is_text: bool, worst: Int, kind: Int) -> bool:
    """Whether a field of this kind may hold the value from `at` on."""
    if kind == COUNT:
        return bool(not is_text and 1 <= whole_number(text, at, end) <= MOST_COUNT)
    if not is_text:
        return bool(kind == TIME)
    return bool(worst != ESCAPE or kind == TEXT)
