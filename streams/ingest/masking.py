"""Texts as they are counted: cut, tidied, and without what could name a person or a request.

Addresses, numbers and ids become signs, so that "Request 8c2f failed" of a thousand requests is one text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_TEXT_CHARS = 500

# Order matters: an address holds numbers, an id holds digits.
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://\S+", re.IGNORECASE), "‹url›"),
    (re.compile(r"[^\s@<>()]{1,64}@[^\s@<>()]{1,255}\.\w{2,}"), "‹address›"),
    (re.compile(r"(?<!\w)@\w{2,}"), "‹name›"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "‹id›"),
    (re.compile(r"\b(?=[0-9a-z_-]*\d)(?=[0-9a-z_-]*[a-z])[0-9a-z_-]{6,}\b", re.IGNORECASE), "‹id›"),
    (re.compile(r"\d+(?:[.,:/-]\d+)*"), "#"),  # any script's digits
)


_REST_OF_WORD = re.compile(r"\S{0,320}")  # the longest address: 64 characters before the sign, 255 after it

_JOINERS = "\u200c\u200d"  # part of words in Persian and Indic scripts, and of emoji


def _kept(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


@lru_cache(maxsize=4096)  # an outage repeats a few texts; bounded against invented ones
def masked(text: str) -> str:
    """The text as one line of at most 500 characters, without control and direction signs, addresses, numbers, ids."""
    line = "".join(c if _kept(c) else " " for c in _cut(text))
    for pattern, sign in _MASKS:
        line = pattern.sub(sign, line)
    return " ".join(line.split())[:MAX_TEXT_CHARS].rstrip()


def _cut(text: str) -> str:
    """The first 500 characters and the rest of the word in which they end: half an address is not recognised as one."""
    word = _REST_OF_WORD.match(text, MAX_TEXT_CHARS)
    return text[: word.end()] if word else text
