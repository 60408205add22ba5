"""Sketches count people within their stated error and join like sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts import sketches

People = dict[int, int]


def sketch_of(names: list[str]) -> People:
    registers: People = {}
    for name in names:
        sketches.add(registers, sketches.hash64(name))
    return registers


def joined(*parts: People) -> People:
    into: People = {}
    for part in parts:
        sketches.merge(into, part)
    return into


sketch = st.dictionaries(st.integers(0, 16_383), st.integers(1, 51), max_size=50)


@pytest.mark.parametrize("people", [1_000, 20_000, 100_000, 1_000_000])
def test_estimate_is_within_three_standard_errors(people: int) -> None:
    registers: People = {}
    for number in range(people):
        sketches.add(registers, sketches.hash64(f"person-{number}"))
    assert abs(sketches.estimate(registers) / people - 1) < 3 * 0.0081


@pytest.mark.parametrize("people", [0, 1, 2, 10, 50])
def test_a_few_people_are_counted_exactly(people: int) -> None:
    assert sketches.estimate(sketch_of([f"person-{number}" for number in range(people)])) == people


def test_the_same_person_counts_once() -> None:
    assert sketch_of(["ada"] * 5) == sketch_of(["ada"])


def test_hash_is_the_published_xxh3() -> None:
    assert sketches.hash64("") == 0x2D06800538D394C2  # XXH3_64bits of nothing, seed 0: xxHash's own sanity test


def test_rank_is_one_more_than_the_leading_zeros() -> None:
    registers: People = {}
    sketches.add(registers, (3 << 50) | (1 << 49))
    sketches.add(registers, (4 << 50) | 1)
    sketches.add(registers, 5 << 50)
    assert registers == {3: 1, 4: 50, 5: 51}


def test_lower_rank_does_not_replace_a_higher_one() -> None:
    registers = {4: 50}
    sketches.add(registers, (4 << 50) | (1 << 49))
    assert registers == {4: 50}


@given(sketch, sketch, sketch)
def test_join_is_idempotent_commutative_and_associative(a: People, b: People, c: People) -> None:
    assert joined(a, a) == a
    assert joined(a, b) == joined(b, a)
    assert joined(joined(a, b), c) == joined(a, joined(b, c))


@given(sketch)
def test_packed_sketch_reads_back(registers: People) -> None:
    assert sketches.unpack(sketches.pack(registers)) == registers


@given(sketch)
def test_packed_bytes_do_not_depend_on_order(registers: People) -> None:
    assert sketches.pack(dict(reversed(registers.items()))) == sketches.pack(registers)


def test_packed_sketch_is_sparse_columns() -> None:
    assert sketches.pack({258: 7, 1: 2}) == b"\x01\x00\x02\x01" + b"\x02\x07"


def test_full_sketch_packs_dense_into_16384_bytes() -> None:
    full = {index: 1 + index % 51 for index in range(16_384)}
    packed = sketches.pack(full)
    assert len(packed) == 16_384
    assert sketches.unpack(packed) == full


def test_merge_takes_packed_bytes() -> None:
    into = {1: 3}
    sketches.merge(into, sketches.pack({1: 2, 9: 4}))
    assert into == {1: 3, 9: 4}


@pytest.mark.parametrize("packed", [b"\x01", b"\x01\x00\x02\x01", b"\xff\xff\x01"])
def test_bytes_that_are_no_sketch_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="not a HyperLogLog sketch"):
        sketches.unpack(packed)
