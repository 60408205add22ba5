"""What a comparison of two backtests came to, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import click
import msgspec

from streams.cli.table import show_table
from streams.replay.comparison import Compared, Difference, Outage
from streams.windows.words import printable, span

HEADINGS = ("", "service", "started", "ended", "severity", "verdict", "under B")
WORDS: dict[str, str] = {"started": "starts", "opened": "is found", "ended": "ends"}


def show_comparison(found: Sequence[Compared], *, as_json: bool) -> None:
    """One line an outage, and how many of which kind on the error stream."""
    if as_json:
        for one in found:
            click.echo(msgspec.json.encode(one))
    elif found:
        show_table(HEADINGS, [_cells(one) for one in found])
    under_a = sum(one.a is not None for one in found)
    under_b = sum(one.b is not None for one in found)
    counts = Counter(one.difference for one in found)
    kinds = ", ".join(f"{counts[kind]} {_WHAT[kind]}" for kind in get_args(Difference))
    click.echo(f"windows: {under_a} under A, {under_b} under B; {kinds}", err=True)


_WHAT = {"same": "the same", "moved": "moved", "judged": "judged otherwise", "gained": "gained", "lost": "lost"}


def _cells(one: Compared) -> list[str]:
    shown = one.a or one.b
    assert shown is not None, "an outage of neither"
    other = one.b or shown
    return [
        one.difference,
        printable(one.service),
        shown.started[:16] + "Z",
        "" if shown.ended is None else shown.ended[:16] + "Z",
        shown.severity if shown.severity == other.severity else f"{shown.severity} -> {other.severity}",
        printable(shown.verdict if shown.verdict == other.verdict else f"{shown.verdict} -> {other.verdict}"),
        ", ".join(_moves(one)),
    ]


def _moves(one: Compared) -> list[str]:
    if one.moved is None:
        return []
    told = []
    for name, word in WORDS.items():
        minutes = getattr(one.moved, name)
        if minutes:
            told.append(f"{word} {span(round(abs(minutes) * 60))} {'later' if minutes > 0 else 'earlier'}")
    if _is_open(one.a) != _is_open(one.b):
        told.append("does not end" if _is_open(one.b) else "ends")
    return told


def _is_open(outage: Outage | None) -> bool:
    return outage is not None and outage.ended is None
