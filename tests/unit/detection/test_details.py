"""What is kept for an outage that may be coming, and told once it is there."""

from __future__ import annotations

import numpy as np

from streams.contracts.series import Detail
from streams.contracts.sketches import add, estimate, hash64, pack, unpack
from streams.contracts.tallies import Row, TextTally
from streams.contracts.times import bucket_start
from streams.detection.details import MAX_PENDING_BUCKETS, MAX_TOLD_BYTES, PendingDetails, details_of
from streams.tally.sealing import SealedBucket

BUCKET = 27_630_000


def detail(service: str, minute: int) -> Detail:
    return Detail(service, bucket_start(BUCKET + minute))


def told(pending: PendingDetails, minute: int, *services: str, leaning: str = "", notable: str = "") -> list[str]:
    """As `service minute`; leaning and notable services by their letters."""
    details = {service: detail(service, minute) for service in services}
    found = pending.emit(details, leaning=set(leaning), notable=set(notable))
    minutes = {bucket_start(BUCKET + m): m for m in range(MAX_PENDING_BUCKETS + 50)}
    return [f"{one.service}{minutes[one.bucket]}" for one in found]


def test_what_leans_is_kept_and_told_with_what_came_since_once_it_is_notable() -> None:
    pending = PendingDetails()
    assert told(pending, 1, "a", "b", leaning="a") == []
    assert told(pending, 2, "a", "b", leaning="a") == []
    assert told(pending, 3, "a", "b", leaning="a", notable="a") == ["a1", "a2", "a3"]
    assert told(pending, 4, "a", "b", leaning="a", notable="a") == ["a4"]


def test_a_lean_that_is_over_is_forgotten() -> None:
    pending = PendingDetails()
    told(pending, 1, "a", leaning="a")
    told(pending, 2, "a")
    assert told(pending, 3, "a", notable="a") == ["a3"]


def test_a_bucket_without_events_has_no_detail_and_ends_no_lean() -> None:
    pending = PendingDetails()
    told(pending, 1, "a", leaning="a")
    assert told(pending, 2, leaning="a") == []
    assert told(pending, 3, notable="a") == ["a1"]


def test_details_come_by_service_and_then_by_bucket() -> None:
    pending = PendingDetails()
    told(pending, 1, "b", "a", leaning="ab")
    assert told(pending, 2, "b", "a", notable="ab") == ["a1", "a2", "b1", "b2"]


def test_no_more_than_four_hours_are_kept() -> None:
    pending = PendingDetails()
    for minute in range(MAX_PENDING_BUCKETS + 10):
        told(pending, minute, "a", leaning="a")
    found = told(pending, MAX_PENDING_BUCKETS + 10, "a", notable="a")
    assert len(found) == MAX_PENDING_BUCKETS
    assert found[-1] == f"a{MAX_PENDING_BUCKETS + 10}"


def test_more_than_a_report_holds_is_told_in_turn_the_oldest_first_and_nothing_twice() -> None:
    pending = PendingDetails()
    wide = "x" * (MAX_TOLD_BYTES // 5)
    found: list[list[str]] = []
    for minute in range(6):
        details = {s: Detail(s, bucket_start(BUCKET + minute), scenario=wide) for s in "abc" if minute < 3}
        leaning, notable = (set("abc"), set[str]()) if minute < 2 else (set[str](), set("abc"))
        told = pending.emit(details, leaning=leaning, notable=notable)
        found.append([f"{one.service}{one.bucket[14:16]}" for one in told])
    at = [bucket_start(BUCKET + minute)[14:16] for minute in range(3)]
    assert found[2] == [f"a{at[0]}", f"a{at[1]}", f"b{at[0]}", f"c{at[0]}"]
    assert found[3] == [f"a{at[2]}", f"b{at[1]}", f"b{at[2]}", f"c{at[1]}"]
    assert found[4] == [f"c{at[2]}"]
    assert found[5] == []
    assert pending.held == {}


def test_one_detail_larger_than_that_is_told_by_itself() -> None:
    pending = PendingDetails()
    huge = Detail("a", bucket_start(BUCKET), scenario="x" * (MAX_TOLD_BYTES + 1))
    assert pending.emit({"a": huge}, leaning=set(), notable={"a"}) == [huge]


def test_of_more_than_a_hundred_names_the_most_frequent_stand_and_the_rest_is_other() -> None:
    rows = [
        Row(pane, "a", {"US": 1}, kinds={f"k{pane}-{i:03}": i + 1 for i in range(100)} | {"other": 1})
        for pane in range(6)
    ]
    kinds = details_of(SealedBucket("errors", BUCKET, rows), {"a"}, {}, np.array([]))["a"].kinds
    assert len(kinds) == 101
    assert sum(kinds.values()) == 6 * (5050 + 1)
    assert min(count for name, count in kinds.items() if name != "other") == 84


def people(*names: str) -> bytes:
    registers: dict[int, int] = {}
    for name in names:
        add(registers, hash64(name))
    return pack(registers)


ROWS = [
    Row(1, "a", {"US": 1, "GB": 5}, 0, {"k": 1}, {"s": 1}, {"d": 1}, [TextTally("t", "en", 2, [3, 9])],
        people("x", "y"), "z"),
    Row(2, "a", {"US": 2}, 3, {"k": 2, "j": 1}, {}, {"d": 1},
        [TextTally("t", "en", 1, [1, 2, 4, 5]), TextTally("u", None, 9, [])], people("y", "z"), "y"),
    Row(2, "b", {"unknown": 1}),
    Row(2, "other", {"other": 7}),
]  # fmt: skip
ALL = {"a", "b", "other"}


def test_rows_of_all_panes_and_partitions_add_up() -> None:
    found = details_of(
        SealedBucket("errors", BUCKET, ROWS), ALL, {("a", "US"): 0, ("a", None): 1}, np.array([1.23456789, 7])
    )
    a = found["a"]
    assert a.regions == {"GB": 5, "US": 3}
    assert a.expected == {"US": 1.23457}
    assert (a.kinds, a.sources, a.dependencies) == ({"j": 1, "k": 3}, {"s": 1}, {"d": 2})
    assert [(text.text, text.count, text.lang, text.who) for text in a.texts] == [
        ("u", 9, None, []),
        ("t", 3, "en", [1, 2, 3, 4, 5]),
    ]
    assert estimate(unpack(a.people)) == 3
    assert a.scenario == "y"


def test_what_nobody_knows_has_no_details() -> None:
    assert set(details_of(SealedBucket("errors", BUCKET, ROWS), ALL, {}, np.array([]))) == {"a", "b"}


def test_only_wanted_services_have_details() -> None:
    assert set(details_of(SealedBucket("errors", BUCKET, ROWS), {"b", "c"}, {}, np.array([]))) == {"b"}


def test_the_order_of_rows_does_not_matter() -> None:
    index: dict[tuple[str, str | None], int] = {("a", None): 0}
    expected = np.array([1.0])
    forward = details_of(SealedBucket("errors", BUCKET, ROWS), ALL, index, expected)
    backward = details_of(SealedBucket("errors", BUCKET, ROWS[::-1]), ALL, index, expected)
    assert [forward[s] for s in sorted(forward)] == [backward[s] for s in sorted(backward)]
