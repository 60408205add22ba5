"""Lines from a file or a pipe: numbered as an editor numbers them, whatever the chunks they come in."""

from __future__ import annotations

import pytest

from streams.ingest.decode import MAX_RECORD_BYTES
from streams.ingest.lines import numbered_lines


def lines(*chunks: bytes) -> list[tuple[int, bytes]]:
    return [line for found in numbered_lines(chunks) for line in found]


TEXT = b'{"a":1}\n\n  {"b":2}\r\nlast'
WANTED = [(1, b'{"a":1}'), (3, b'{"b":2}'), (4, b"last")]


def test_blank_lines_count_but_are_not_told() -> None:
    assert lines(TEXT) == WANTED


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 100])
def test_chunks_make_no_difference(size: int) -> None:
    assert lines(*(TEXT[at : at + size] for at in range(0, len(TEXT), size))) == WANTED


def test_a_line_is_told_with_the_chunk_that_ends_it() -> None:
    told = numbered_lines([b"one\ntw", b"o\nthree\n", b""])
    assert [next(told), next(told)] == [[(1, b"one")], [(2, b"two"), (3, b"three")]]


def test_an_editors_mark_at_the_beginning_is_no_part_of_the_first_line() -> None:
    assert lines(b"\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n") == [(1, b"{}"), (2, b"\xef\xbb\xbf{}")]


@pytest.mark.parametrize("chunk", [1_000, 10 * MAX_RECORD_BYTES])
def test_an_endless_line_is_cut_where_it_is_too_large_anyway(chunk: int) -> None:
    text = b"x" * (4 * MAX_RECORD_BYTES) + b"\n{}\n"
    found = lines(*(text[at : at + chunk] for at in range(0, len(text), chunk)))
    assert [(number, len(line)) for number, line in found] == [(1, MAX_RECORD_BYTES + 1), (2, 2)]


def test_nothing_is_no_line() -> None:
    assert lines() == lines(b"") == lines(b"\n\n") == []
