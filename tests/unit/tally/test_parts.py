"""What goes to `tallies`, and to which partition of it."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contracts.events import Feedback, Statement
from streams.contracts.tallies import Row, Said, Tally, TextTally
from streams.ingest.placement import partition_of
from streams.tally.fold import PartitionFold
from streams.tally.parts import MAX_PART_BYTES, decode_tally, parts
from streams.tally.source import flush, fold_of
from tests.unit.tally.builders import CATALOGUE, DELAY_MS, NOON_MS, clock, event, read

TARGETS = 4


def sent(rows: list[Row], said: list[tuple[str, Said]], **fields: Any) -> list[tuple[int, Tally]]:
    known = {"watermark_ms": 1, "position": 2, "origin_ms": 0} | fields
    records = parts("errors", 3, TARGETS, rows, said, **known)
    assert all(len(record) <= MAX_PART_BYTES for _, record in records)
    return [(target, decode_tally(record)) for target, record in records]


def big_row(number: int, size: int) -> Row:
    texts = [TextTally("ü" * 500, "en", i, [2**64 - 1]) for i in range(size // 1_000)]
    return Row(number, f"service-{number}", {"US": 1}, 2, {"k": 3}, {"s": 4}, {"d": 5}, texts, b"\x00\x01", "scenario")


def said(offset: int, size: int = 0) -> tuple[str, Said]:
    return "twitter", Said(7, offset, statement=Statement("twitter", "now", "resolved", text="x" * size))


def test_every_partition_is_told_w_in_its_last_part_also_when_nothing_changed() -> None:
    records = sent([], [], watermark_ms=5, position=6, origin_ms=4, blind=[(1, 2)])
    assert [target for target, _ in records] == [0, 1, 2, 3]
    for _, tally in records:
        assert tally == Tally("errors", 3, [], watermark_ms=5, position=6, origin_ms=4, blind=[(1, 2)])


def test_each_service_goes_to_its_own_partition_whole_and_in_order() -> None:
    rows = [big_row(i % 7, 1_000 * i) for i in range(30)]
    for target, tally in sent(rows, []):
        assert tally.rows == [row for row in rows if partition_of(row.service, TARGETS) == target]


@pytest.mark.parametrize("size", [1_000, 90_000, 200_000])
def test_many_rows_go_in_parts_of_at_most_512_kb_and_w_in_the_last(size: int) -> None:
    rows = [big_row(i, size) for i in range(6_000_000 // size)]
    by_target: dict[int, list[Tally]] = {}
    for target, tally in sent(rows, []):
        by_target.setdefault(target, []).append(tally)
    for target, tallies in by_target.items():
        assert [row for tally in tallies for row in tally.rows] == [
            row for row in rows if partition_of(row.service, TARGETS) == target
        ]
        assert [tally.watermark_ms for tally in tallies] == [None] * (len(tallies) - 1) + [1]
        assert [tally.position for tally in tallies] == [None] * (len(tallies) - 1) + [2]
    assert sum(map(len, by_target.values())) > 10


def test_many_statements_go_in_parts_too() -> None:
    told = [said(offset, 15_000) for offset in range(100)]
    tallies = [tally for target, tally in sent([], told) if target == partition_of("twitter", TARGETS)]
    assert [one for tally in tallies for one in tally.said] == [what for _, what in told]
    assert len(tallies) > 2
    assert [tally.watermark_ms for tally in tallies] == [None] * (len(tallies) - 1) + [1]


def test_rows_and_statements_together_lose_neither() -> None:
    told = [said(offset) for offset in range(3)]
    rows = [Row(1, "twitter", {"US": 1})]
    tallies = [tally for target, tally in sent(rows, told) if target == partition_of("twitter", TARGETS)]
    assert [row for tally in tallies for row in tally.rows] == rows
    assert [one for tally in tallies for one in tally.said] == [what for _, what in told]
    assert tallies[-1].watermark_ms == 1


def test_feedback_comes_back_as_it_went() -> None:
    what = Said(1, 2, feedback=Feedback("w", "silenced", "me", 1.5, "because", 2))
    assert [one for _, tally in sent([], [("twitter", what)]) for one in tally.said] == [what]


def test_before_the_first_clock_there_is_no_w_but_rows() -> None:
    fold = PartitionFold("errors", "record", DELAY_MS, CATALOGUE)
    read(fold, event(5))
    tallies = [decode_tally(record) for _, record in flush("errors", 0, fold, 1)]
    assert [(len(tally.rows), tally.watermark_ms, tally.position) for tally in tallies] == [(1, None, 1)]


def test_a_blind_stretch_is_told_once_to_every_partition() -> None:
    fold = PartitionFold("errors", "record", DELAY_MS, CATALOGUE)
    read(fold, clock(0), clock(100))
    stretch = [(NOON_MS, NOON_MS + 100_000)]
    assert [decode_tally(record).blind for _, record in flush("errors", 0, fold, 3)] == [stretch] * 3
    assert [decode_tally(record).blind for _, record in flush("errors", 0, fold, 3)] == [[]] * 3


@pytest.mark.parametrize("topic", ["errors", "reports", "statements", "feedback"])
def test_every_input_topic_has_a_fold_that_tells_w(topic: str) -> None:
    fold = fold_of(topic, "record", DELAY_MS, CATALOGUE)
    read(fold, clock(60))
    tallies = [decode_tally(record) for _, record in flush(topic, 0, fold, 2)]
    assert [(tally.topic, tally.watermark_ms, tally.origin_ms) for tally in tallies] == [
        (topic, NOON_MS + 40_000, NOON_MS + 40_000)
    ] * 2
