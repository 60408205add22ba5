"""Texts as they are counted: one for all that say the same, and nobody in them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.masking import MAX_TEXT_CHARS, masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tweets aren't loading right now. Try again.", "Tweets aren't loading right now. Try again."),
        ("Request 8c2f1a9b failed", "Request ‹id› failed"),
        ("request 123e4567-e89b-12d3-a456-426614174000 failed", "request ‹id› failed"),
        ("mail ann.lee+x@mail.example.org now", "mail ‹address› now"),
        ("ask @ann_lee about it", "ask ‹name› about it"),
        ("see https://example.org/a?b=c&user=7 there", "see ‹url› there"),
        ("from 192.168.0.1:8080 at 12:05", "from # at #"),
        ("call +49 (30) 123-4567", "call +# (#) #"),
        ("عطل منذ ١٢ دقيقة", "عطل منذ # دقيقة"),
        ("लोड नहीं हो रहा ४०४", "लोड नहीं हो रहा #"),
    ],
)
def test_addresses_numbers_and_ids_become_signs(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "sign", ["\u202e", "\u2066", "\u200f", "\u200b", "\x00", "\x1b", "\n", "\u2028", "\ud800", "\ufeff"]
)
def test_control_and_direction_signs_go(sign: str) -> None:
    assert masked(f"{sign}it{sign}{sign}broke{sign}") == "it broke"


def test_joiners_of_scripts_and_emoji_stay() -> None:
    assert masked("می\u200cخواهم") == "می\u200cخواهم"
    assert masked("\U0001f468\u200d\U0001f469") == "\U0001f468\u200d\U0001f469"


def test_white_space_is_one_space() -> None:
    assert masked("  it \t\r\n  broke ") == "it broke"


def test_nothing_but_signs_is_no_text() -> None:
    assert masked(" \u202e\n ") == ""


def test_what_stands_behind_500_characters_is_cut() -> None:
    assert masked("a" * MAX_TEXT_CHARS + " end") == "a" * MAX_TEXT_CHARS
    assert masked("ab " * 400) == ("ab " * 167)[:MAX_TEXT_CHARS].rstrip()


def test_an_address_that_the_cut_would_halve_is_still_masked() -> None:
    text = "x" * 485 + " ann.lee@mail.example.org"
    assert masked(text) == "x" * 485 + " ‹address›"


def test_a_result_longer_than_its_text_is_cut_too() -> None:
    assert len(masked("@ab " * 125)) <= MAX_TEXT_CHARS


@given(st.text(max_size=700))
def test_any_text_is_one_printable_line_of_at_most_500_characters(text: str) -> None:
    line = masked(text)
    assert len(line) <= MAX_TEXT_CHARS
    assert not any(char.isdecimal() for char in line)
    assert {unicodedata.category(char) for char in line if char not in "\u200c\u200d"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl"}
    )
    assert line == " ".join(line.split())
