"""What is wrong with a catalogue file, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CatalogueError(ValueError):
    """Reads `FILE:LINE: what is wrong; what to do`."""

    def __init__(self, file: str, line: int, what: str, remedy: str) -> None:
        super().__init__(f"{file}:{line}: {what}; {remedy}")
        self.file = file
        self.line = line
        self.what = what
        self.remedy = remedy


def shown(value: str) -> str:
    """A value from a file as it may stand in a message: quoted, on one line, of bounded length."""
    return repr(value if len(value) <= 60 else value[:57] + "...")


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a word nobody knows: the closest known one, or `otherwise` where none is close."""
    # Longer words are nobody's typo, and the comparison's cost grows with the square of the length.
    close = difflib.get_close_matches(word.lower(), list(known), n=1) if len(word) <= 60 else []
    return f"did you mean {close[0]!r}?" if close else otherwise
