"""Numbers, times and other people's texts, as a reader of plain English expects them. Times are UTC."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from streams.contracts.times import DAY_MS, parse_time_ms, rfc3339

QUOTED_CHARACTERS = 140  # of somebody's text within a story; the record has the whole of it
NAMED = 5  # of a list, the rest is counted: as many as one takes in at a glance

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
# Marks that steer how the line around them is shown; a text of somebody else's must not reorder ours.
_STEERING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clock(time: str, day_of: str | None = None) -> str:
    """`12:01 UTC`; on another day than `day_of`, or without one, `14 July 2022 12:01 UTC`. Both RFC 3339."""
    shown = f"{rfc3339(parse_time_ms(time))[11:16]} UTC"
    if day_of is not None and parse_time_ms(time) // DAY_MS == parse_time_ms(day_of) // DAY_MS:
        return shown
    return f"{day(time)} {shown}"


def day(time: str) -> str:
    """`14 July 2022`."""
    text = rfc3339(parse_time_ms(time))
    return f"{int(text[8:10])} {_MONTHS[int(text[5:7]) - 1]} {text[:4]}"


def span(seconds: int) -> str:
    """`45 s`, `5 min`, `3 h 18 min`, `2 d 4 h`."""
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def count(number: float) -> str:
    """`3,641`; below ten with one decimal where it matters: `3.4`, `3`, `0`."""
    text = f"{number:,.1f}" if number < 9.95 else f"{number:,.0f}"
    return text.removesuffix(".0")


def about(number: float) -> str:
    """`about 127,000`: an estimate, to the three digits that it bears."""
    return f"about {count(float(f'{number:.3g}'))}"


def usual(expected: float) -> str:
    """`where about 3.4 are usual`."""
    if expected < 0.05:
        return "where hardly any are usual"
    shown = about(expected)
    return f"where {shown} {'is' if shown == 'about 1' else 'are'} usual"


def percent(share: float) -> str:
    """`47 %`; never `0 %` or `100 %` of something that is not quite nothing or all."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def listed(names: Sequence[str], most: int = NAMED) -> str:
    """`US, GB and JP`; of many the first, `and 7 more`."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else "none"


def quoted(text: str) -> str:
    """Somebody's text in quotation marks, on one line, cut where it is long."""
    shown = printable(text)
    return f"“{shown[: QUOTED_CHARACTERS - 1].rstrip()}…”" if len(shown) > QUOTED_CHARACTERS else f"“{shown}”"


def printable(text: str) -> str:
    """The text on one line, without what would steer a terminal or the direction of the line around it."""
    kept = (" " if c.isspace() else c for c in text if c not in _STEERING)
    return " ".join("".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cs")).split())


def capital(sentence: str) -> str:
    """The sentence with a capital at its beginning."""
    return sentence[:1].upper() + sentence[1:]
