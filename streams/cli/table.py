"""Rows for people: a table on a terminal, aligned plain lines where the output goes elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

# A colour for each word that says how bad something is; all else keeps the terminal's own.
STYLES = {
    "critical": "bold red",
    "major": "red",
    "minor": "yellow",
    "open": "bold",
    "fail": "bold red",
    "warn": "yellow",
    "ok": "green",
}


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints the rows under their headings. The last column is never cut or folded where it can be helped."""
    if sys.stdout.isatty():
        _show_rich(headings, rows)
        return
    for line in plain_lines(rows):
        click.echo(line)


def plain_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row as a line, its columns two blanks apart and as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _show_rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console().print(table)
