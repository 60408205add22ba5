"""Errors counted in columns are the errors counted one by one."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.tallies import Row
from streams.tally.fold import PartitionFold, RecordBatch
from streams.tally.panes import MAX_DISTINCT

NOON_S = 1_657_800_000  # 2022-07-14T12:00:00Z
CATALOGUE = Catalogue(
    [
        Service(id="twitter", names={"en": "Twitter"}, aliases=("x",), regions=("US", "GB")),
        Service(id="aws", names={"en": "AWS"}, regions=("us-east-1",)),
    ]
)
NAMES = ("twitter", "x", "Twitter", "aws", "nobody", "no one")


def fold() -> PartitionFold:
    return PartitionFold("errors", "record", 20_000, CATALOGUE)


def drawn_errors(random: Random, number: int, kinds: int) -> list[bytes]:
    """Errors of some panes, of all kinds: with and without every field, with repeats and weights."""
    values = []
    for _ in range(number):
        event: dict[str, object] = {
            "service": random.choice(NAMES),
            "time": NOON_S + random.randrange(40),
            "id": random.choice([None, "", *map(str, range(number))]),
            "region": random.choice([None, "US", "GB", "FR", "unknown"]),
            "type": random.choice([None, "", *(f"kind {i}" for i in range(kinds))]),
            "source": random.choice([None, "edge\n1", "edge 1", "edge-2"]),
        }
        if random.random() < 0.5:
            event |= {
                "count": random.choice([None, 1, 7]),
                "message": random.choice([None, "", "Timed out after 12 s", "Timed out after 13 s", "Refused"]),
                "user": random.choice([None, "", "ann", "bob"]),
                "dependency": random.choice([None, "aws", "gcp"]),
                "scenario": random.choice([None, None, "a test"]),
            }
        values.append(msgspec.json.encode(event))
    return values


def counted(values: list[bytes], size: int) -> tuple[list[Row], list[dict[str, int]]]:
    """Rows, and the outcomes of each batch, when read in batches of so many."""
    one = fold()
    outcomes = []
    for start in range(0, len(values), size):
        chunk = values[start : start + size]
        outcomes.append(dict(one.read(RecordBatch(range(start, start + len(chunk)), chunk)).counts))
    return list(one.changed_rows()), outcomes


def told(row: Row) -> tuple[object, ...]:
    """All of a row, the order of its names included."""
    texts = [(text.text, text.count) for text in row.texts]
    names = [list(counts.items()) for counts in (row.regions, row.kinds, row.sources, row.dependencies)]
    return (row.pane, row.service, *names, texts, row.people, row.scenario)


@pytest.mark.parametrize("seed", range(6))
def test_a_batch_counts_as_its_events_one_by_one(seed: int) -> None:
    values = drawn_errors(Random(seed), 300, kinds=4)
    at_once, _ = counted(values, len(values))
    one_by_one, _ = counted(values, 1)
    assert sorted(map(told, at_once), key=str) == sorted(map(told, one_by_one), key=str)


def test_of_more_than_a_hundred_names_the_first_in_the_log_are_kept() -> None:
    values = drawn_errors(Random(7), 4_000, kinds=3 * MAX_DISTINCT)
    at_once, _ = counted(values, len(values))
    one_by_one, _ = counted(values, 1)
    assert max(len(row.kinds) for row in at_once) == MAX_DISTINCT + 1  # and `other`
    assert sorted(map(told, at_once), key=str) == sorted(map(told, one_by_one), key=str)


@pytest.mark.parametrize("size", [1, 7, 300])
def test_outcomes_add_up_whatever_the_batches(size: int) -> None:
    values = drawn_errors(Random(3), 300, kinds=2)
    names = ("accepted", "duplicate", "unknown_service")
    sums = [{name: sum(outcome.get(name, 0) for outcome in counted(values, n)[1]) for name in names} for n in (size, 1)]
    assert sums[0]["accepted"] + sums[0]["duplicate"] == 300
    assert sums[0] == sums[1]


def test_as_many_names_and_panes_as_records_stay_one_cell_each() -> None:
    number = 3_000
    values = [
        msgspec.json.encode({"service": f"stranger {i}", "time": NOON_S + 10 * i, "type": f"kind {i}"})
        for i in range(number)
    ]
    rows, outcomes = counted(values, number)
    assert outcomes[0]["unknown_service"] == number
    assert len(rows) == number
    assert {row.service for row in rows} == {"other"}
    assert all(row.regions == {"unknown": 1} and not row.kinds for row in rows)


ODD_ERROR = b'{"service":"aws","time":"2022-07-14T12:01:00Z","pod":{"a":1},"id":"\\u0037"}'


def alike_errors(random: Random, number: int) -> list[bytes]:
    """Errors as one program writes them, with clock records, some late and some of another shape or broken."""
    values = []
    for i in range(number):
        event = {
            "id": str(random.randrange(number)),
            "service": random.choice(NAMES),
            "time": f"2022-07-14T12:0{random.choice('0000009')}:{random.randrange(10, 60)}.000Z",
            "type": random.choice(["timeout", ""]),
            "user": random.choice(["ann", "bob", ""]),
        }
        values.append(msgspec.json.encode(event))
        if i % 60 == 50:
            values[-1] = b'{"clock":"2022-07-14T12:01:10Z"}'
        if i % 200 == 199:
            values[-1] = random.choice(
                [b"{", b"", b'{"service":"aws","time":"2022-07-14T12:01:00Z","pod":{"a":1},"id":"\\u0037"}']
            )
    return values


@pytest.mark.parametrize("seed", range(6))
def test_errors_that_look_alike_count_as_one_by_one(seed: int) -> None:
    values = alike_errors(Random(seed), 600)
    whole, single = fold(), fold()
    outcome = whole.read(RecordBatch(range(600), values))
    late, refused, counts = [], [], {"accepted": 0, "duplicate": 0, "unknown_service": 0}
    for i, value in enumerate(values):
        one = single.read(RecordBatch([i], [value]))
        late += [i for _ in one.late]
        refused += [(i, why) for _, why in one.refused]
        counts = {name: count + one.counts[name] for name, count in counts.items()}
    assert sorted(map(told, whole.changed_rows()), key=str) == sorted(map(told, single.changed_rows()), key=str)
    assert (outcome.late, outcome.refused) == (late, refused)
    assert {name: outcome.counts[name] for name in counts} == counts
    assert len(late) > 20
    assert whole.checkpoint() == single.checkpoint()
