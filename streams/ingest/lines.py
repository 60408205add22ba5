"""Split what comes from a file or a pipe into lines: as soon as it is there, and however long a line is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from streams.ingest.decode import MAX_RECORD_BYTES

_BOM = b"\xef\xbb\xbf"  # what some editors put before a UTF-8 file; no JSON begins with it
# Of a longer line so much is kept: enough for it to be refused as too large, so little that no line fills memory.
KEPT_BYTES = MAX_RECORD_BYTES + 1

Numbered = tuple[int, bytes]


def numbered_lines(chunks: Iterable[bytes]) -> Iterator[list[Numbered]]:
    """For each chunk the lines that it completes, numbered from 1, without blank ones and surrounding white space.

    A line of more than KEPT_BYTES is cut there.
    """
    number, begun = 1, b""
    for chunk in chunks:
        *complete, rest = chunk.split(b"\n")
        lines = [begun[:KEPT_BYTES] + line if index == 0 else line for index, line in enumerate(complete)]
        begun = rest[:KEPT_BYTES] if complete else (begun + rest)[:KEPT_BYTES]
        if lines:
            yield _numbered(lines, number)
            number += len(lines)
    if begun:
        yield _numbered([begun], number)


def _numbered(lines: Iterable[bytes], first: int) -> list[Numbered]:
    found = []
    for number, line in enumerate(lines, first):
        text = (line.removeprefix(_BOM) if number == 1 else line).strip()
        if text:
            found.append((number, text[:KEPT_BYTES]))
    return found
