"""Values are told apart as bytes and numbered in order of first appearance."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.texts import NOT_SAID, Texts, distinct, ranked
from streams.ingest.words import PAD

values_of_a_batch = st.lists(
    st.sampled_from([None, "", "a", "ab", "a" * 8, "a" * 9, "a" * 16, "a" * 24, "b" * 25])
    | st.text(st.sampled_from("abت"), max_size=30),
    max_size=80,
)


def texts(values: list[str | None]) -> Texts:
    raw = [None if value is None else value.encode() for value in values]
    ends = np.cumsum([len(value or b"") for value in raw], dtype=np.int32)
    starts = np.array([e - len(v or b"") for v, e in zip(raw, ends.tolist(), strict=True)], np.int32)
    missing = np.array([value is None for value in raw], np.bool_)
    starts[missing] = ends[missing] = NOT_SAID
    return Texts(b"".join(value or b"" for value in raw) + PAD, starts, ends)


@given(values_of_a_batch)
def test_numbers_are_given_in_order_of_first_appearance(values: list[str | None]) -> None:
    codes, named = texts(values).numbered()
    assert named == list(dict.fromkeys(values))
    assert [named[code] for code in codes.tolist()] == values


def test_many_values_are_numbered_too() -> None:
    values: list[str | None] = [f"host-{i}" for i in range(20_000)]
    codes, named = texts(values).numbered()
    assert named == values
    assert codes.tolist() == list(range(20_000))


def test_a_field_is_said_if_any_record_says_something() -> None:
    assert texts([None, "a"]).is_said()
    assert not texts([None, ""]).is_said()
    assert not texts([]).is_said()


codes = st.lists(st.integers(0, 2**40) | st.integers(0, 5), max_size=60)


@given(codes, st.lists(st.integers(1, 1_000_000), min_size=60, max_size=60))
def test_weights_are_summed_by_code_in_order_of_first_appearance(given_codes: list[int], weights: list[int]) -> None:
    found, totals = distinct(np.array(given_codes, np.int64), np.array(weights[: len(given_codes)], np.int64))
    sums: dict[int, int] = {}
    for code, weight in zip(given_codes, weights, strict=False):
        sums[code] = sums.get(code, 0) + weight
    assert dict(zip(found.tolist(), totals.tolist(), strict=True)) == sums
    assert found.tolist() == list(sums)


def test_without_weights_each_row_weighs_one() -> None:
    found, totals = distinct(np.array([7, 3, 7]), np.empty(0, np.int64))
    assert (found.tolist(), totals.tolist()) == ([7, 3], [2, 1])


@given(codes)
def test_ranks_follow_first_appearance(given_codes: list[int]) -> None:
    ranks, firsts = ranked(np.array(given_codes, np.int64))
    order = list(dict.fromkeys(given_codes))
    assert ranks.tolist() == [order.index(code) for code in given_codes]
    assert firsts.tolist() == [given_codes.index(code) for code in order]
