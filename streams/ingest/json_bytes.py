"""The pieces of JSON in bytes, for compiled functions: where blanks, strings and numbers end.

Texts are followed by zeros (PAD), at which every one of these stops. What is found is what RFC 8259 allows, and less.
"""

from __future__ import annotations

import numpy as np

from streams.ingest.compiled import compiled
from streams.ingest.words import BELOW, WORD, Bytes, Int, Words, first_place, special

PLAIN, BEYOND, ESCAPE = 0, 1, 2  # the most unusual that a string holds
_QUOTE = ord('"')
_SPACE, _TAB, _LINE, _RETURN = ord(" "), ord("\t"), ord("\n"), ord("\r")
_ZERO, _NINE, _DOT, _MINUS = ord("0"), ord("9"), ord("."), ord("-")
_N, _U, _L, _D = ord("n"), ord("u"), ord("l"), ord("d")
_BACKSLASH = ord("\\")
_AFTER_BACKSLASH = np.zeros(256, np.uint8)
_AFTER_BACKSLASH[np.frombuffer(b'"\\/bfnrt', np.uint8)] = 1
_HEX = np.zeros(256, np.uint8)
_HEX[np.frombuffer(b"0123456789abcdefABCDEF", np.uint8)] = 1


@compiled
def after_blanks(text: Bytes, at: Int) -> Int:
    while text[at] == _SPACE or text[at] == _LINE or text[at] == _RETURN or text[at] == _TAB:
        at += 1
    return at


@compiled
def string_end(text: Bytes, words: Words, at: Int) -> tuple[Int, Int]:
    """Where the string that begins at `at` ends (its quote; -1 where it does not), and the worst that it holds."""
    worst = PLAIN
    while True:
        found = special(words[at])
        if found == 0:
            at += WORD
            continue
        at += first_place(found)
        sign = text[at]
        if sign == _QUOTE:
            return at, worst
        if sign < _SPACE:
            return -1, worst
        if sign == _BACKSLASH:
            at = _after_escape(text, at)
            if at < 0:
                return -1, worst
            worst = ESCAPE
        else:
            at += 1
            worst = max(worst, BEYOND)


@compiled
def ends_there(text: Bytes, words: Words, at: Int, stop: Int) -> bool:
    """Whether a plain string that begins at `at` ends at `stop`: quicker to see than to find."""
    while stop - at >= WORD:
        if special(words[at]) != 0:
            return False
        at += WORD
    return bool(special(words[at]) & BELOW[stop - at] == 0 and text[stop] == _QUOTE)


@compiled
def _after_escape(text: Bytes, at: Int) -> Int:
    """What follows a backslash at `at`; -1 where it is none of JSON's, or half of a pair: those take a closer look."""
    if _AFTER_BACKSLASH[text[at + 1]]:
        return at + 2
    if text[at + 1] != _U:
        return -1
    for place in range(at + 2, at + 6):
        if not _HEX[text[place]]:
            return -1
    if text[at + 2] | 32 == _D and not _ZERO <= text[at + 3] < _ZERO + 8:
        return -1
    return at + 6


@compiled
def number_end(text: Bytes, at: Int) -> Int:
    """Where the plain number at `at` ends, -1 where it is none: digits, perhaps a sign before and a fraction."""
    if text[at] == _MINUS:
        at += 1
    first = at
    while _ZERO <= text[at] <= _NINE:
        at += 1
    if at == first or (text[first] == _ZERO and at - first > 1):
        return -1
    if text[at] == _DOT:
        at += 1
        first = at
        while _ZERO <= text[at] <= _NINE:
            at += 1
        if at == first:
            return -1
    return at


@compiled
def whole_number(text: Bytes, at: Int, end: Int) -> Int:
    """The digits as a number; 0 where there are other signs, or too many."""
    if end - at > 7:
        return 0
    number: Int = 0
    for place in range(at, end):
        digit = np.int64(text[place]) - _ZERO
        if digit < 0 or digit > 9:
            return 0
        number = number * 10 + digit
    return number


@compiled
def is_null(text: Bytes, at: Int) -> bool:
    return bool(text[at] == _N and text[at + 1] == _U and text[at + 2] == _L and text[at + 3] == _L)
