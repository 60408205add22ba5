"""What is wrong with a setting, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SettingsError(ValueError):
    """Reads `PLACE: what is wrong; what to do`; the place is a file and key, a variable or a flag."""

    def __init__(self, place: str, what: str, remedy: str) -> None:
        super().__init__(f"{place}: {what}; {remedy}")


def refuse_unknown(word: str, known: Iterable[str], place: str, what: str, otherwise: str) -> None:
    """Refuses a word that is not among the known ones, naming the nearest, or `otherwise` where none is near."""
    known = list(known)
    if word not in known:
        close = difflib.get_close_matches(word, known, n=1) if len(word) <= 60 else []
        raise SettingsError(place, what, f"did you mean {close[0]!r}?" if close else otherwise)
