"""Ids are seen once and told exactly, whatever their hashes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.tally.ids import SeenIds
from tests.unit.ingest.test_texts import texts

id_lists = st.lists(
    st.lists(
        st.sampled_from([None, "", "a" * 7, "a" * 8, "a" * 9, "a" * 16]) | st.text("ab", max_size=20), max_size=40
    ),
    max_size=6,
)


def repeats(seen: SeenIds, ids: list[str | None]) -> list[int]:
    return list(seen.repeats(texts(ids), np.zeros(len(ids), np.int64), 0).tolist())


@given(id_lists)
def test_what_was_seen_before_is_a_repeat(batches: list[list[str | None]]) -> None:
    seen, known = SeenIds(), set[str]()
    for batch in batches:
        expected = []
        for row, id in enumerate(batch):
            if id and id in known:
                expected.append(row)
            elif id:
                known.add(id)
        assert repeats(seen, batch) == expected
        assert len(seen) == len(known)


def test_it_grows_as_needed_and_forgets_nothing() -> None:
    seen = SeenIds()
    for start in range(0, 30_000, 3_000):
        ids: list[str | None] = [f"request-{number:012d}" for number in range(start, start + 3_000)]
        assert repeats(seen, ids) == []
    again: list[str | None] = [f"request-{number:012d}" for number in range(30_000)]
    assert len(repeats(seen, again)) == 30_000
    assert len(seen) == 30_000


def test_only_rows_of_the_place_asked_for_are_looked_at() -> None:
    seen = SeenIds()
    places = np.array([0, 1, 0, 1])
    ids = texts(["a", "a", "a", "b"])
    assert seen.repeats(ids, places, 0).tolist() == [2]
    assert len(seen) == 1


def test_one_id_may_be_long() -> None:
    seen = SeenIds()
    assert repeats(seen, ["x" * 16_000, "y" * 16_000]) == []
    assert repeats(seen, ["y" * 16_000]) == [0]
