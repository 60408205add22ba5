"""Snapshots in a changelog: which is taken, which is refused, and that nobody can spoil another's."""

from __future__ import annotations

import zlib
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.snapshots import BLOCK_BYTES, Manifest, Record, Recovered, SnapshotWriter, recover

TOPIC = "topic-id"
State = dict[str, bytes]


class Changelog(dict[bytes, bytes]):
    """What a compacted changelog holds."""

    def write(self, *records: Record) -> None:
        for key, value in records:
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def snapshot(self, writer: SnapshotWriter, offset: int, state: State) -> list[Record]:
        """Written whole, then tidied up."""
        records = writer.plan(offset, state)
        self.write(*records)
        self.write(*writer.outdated(self))
        return records

    def found(self, partition: int = 3, topic_id: str = TOPIC) -> Recovered:
        found = recover(self, partition, topic_id)
        assert found is not None
        return found


def writer(epoch: str = "1", partition: int = 3, topic_id: str = TOPIC) -> SnapshotWriter:
    return SnapshotWriter(partition, epoch, topic_id)


def manifests(changelog: Changelog) -> list[bytes]:
    return [key for key in changelog if key.split(b"/")[2] == b"m"]


A: State = {"bank": b"a" * 100, "kept": b"same", "none": b""}
B: State = {"bank": b"b" * 100, "kept": b"same", "none": b""}


def test_without_a_snapshot_there_is_nothing_to_recover() -> None:
    assert recover({}, 3, TOPIC) is None


def test_what_was_written_is_recovered() -> None:
    changelog = Changelog()
    changelog.snapshot(writer(), 41, A)
    assert changelog.found() == Recovered(41, A, ())


def test_the_manifest_is_written_last() -> None:
    records = writer().plan(1, A)
    assert records[-1].key == b"3/1/m/0"
    assert all(record.key.startswith(b"3/1/b/") for record in records[:-1])


def test_until_the_manifest_is_there_the_older_snapshot_is_taken() -> None:
    changelog, own = Changelog(), writer()
    changelog.snapshot(own, 41, A)
    records = own.plan(42, B)
    for record in records[:-1]:
        changelog.write(record)
        assert changelog.found().offset == 41
    changelog.write(records[-1])
    assert changelog.found() == Recovered(42, B, ())


def test_large_blocks_are_cut_into_records_of_at_most_512_kib() -> None:
    content = Random(1).randbytes(BLOCK_BYTES * 2 + 1)
    records = writer().plan(1, {"big": content, "exact": content[:BLOCK_BYTES]})
    assert max(len(record.value or b"") for record in records) == BLOCK_BYTES
    assert len(records) == 5
    changelog = Changelog()
    changelog.write(*records)
    assert changelog.found().blocks == {"big": content, "exact": content[:BLOCK_BYTES]}


def test_only_changed_blocks_are_written_again() -> None:
    changelog, own = Changelog(), writer()
    changelog.snapshot(own, 1, A)
    assert [record.key for record in changelog.snapshot(own, 2, B)] == [b"3/1/b/1/bank/0", b"3/1/m/1"]
    assert [record.key for record in changelog.snapshot(own, 3, B)] == [b"3/1/m/0"]
    assert changelog.found() == Recovered(3, B, ())


def test_a_block_that_is_gone_from_the_state_is_gone_from_the_snapshot() -> None:
    changelog, own = Changelog(), writer()
    changelog.snapshot(own, 1, A)
    changelog.snapshot(own, 2, {"kept": b"same"})
    assert changelog.found().blocks == {"kept": b"same"}


def test_the_changelog_does_not_grow_and_the_snapshot_before_stays_readable() -> None:
    changelog, own = Changelog(), writer()
    random = Random(1)
    state: State = {}
    for offset in range(50):
        before, state = (
            state,
            {name: random.randbytes(random.choice([5, 5, 9])) for name in ("x", "y")} | {"same": b"1"},
        )
        changelog.snapshot(own, offset, state)
        assert changelog.found() == Recovered(offset, state, ())
        if offset:
            newest = f"3/1/m/{offset % 2}".encode()
            torn = Changelog(changelog)
            torn[newest] = torn[newest][:-1]
            assert (torn.found().offset, torn.found().blocks) == (offset - 1, before)
    assert len(manifests(changelog)) == 2
    assert len(changelog) <= 2 + 5


def test_outdated_blocks_of_a_plan_that_was_not_tidied_up_go_with_the_next() -> None:
    changelog, own = Changelog(), writer()
    for offset in range(6):
        changelog.write(*own.plan(offset, {"x": str(offset).encode()}))
    changelog.write(*own.outdated(changelog))
    assert sorted(changelog) == [b"3/1/b/4/x/0", b"3/1/b/5/x/0", b"3/1/m/0", b"3/1/m/1"]


def refusals(changelog: Changelog, topic_id: str = TOPIC) -> str:
    found = changelog.found(topic_id=topic_id)
    assert (found.offset, found.blocks) == (41, A), found
    return " ".join(found.refused)


@pytest.fixture
def two() -> Changelog:
    """A at 41 and B at 42."""
    changelog, own = Changelog(), writer()
    changelog.snapshot(own, 41, A)
    changelog.snapshot(own, 42, B)
    return changelog


@pytest.mark.parametrize("length", [0, 3, 4, 5, 20])
def test_a_torn_manifest_is_refused_and_the_older_one_taken(two: Changelog, length: int) -> None:
    two[b"3/1/m/1"] = two[b"3/1/m/1"][:length]
    assert "3/1/m/1 refused: its manifest has changed" in refusals(two)


def test_any_flipped_bit_of_a_manifest_is_noticed(two: Changelog) -> None:
    whole = two[b"3/1/m/1"]
    for bit in range(len(whole) * 8):
        two[b"3/1/m/1"] = (int.from_bytes(whole, "big") ^ (1 << bit)).to_bytes(len(whole), "big")
        assert "has changed" in refusals(two)


def test_a_missing_block_is_refused(two: Changelog) -> None:
    del two[b"3/1/b/1/bank/0"]
    assert "3/1/m/1 at offset 42 refused: block bank is missing" in refusals(two)


def test_a_changed_block_is_refused(two: Changelog) -> None:
    two[b"3/1/b/1/bank/0"] = b"b" * 99 + b"c"
    assert "block bank has changed" in refusals(two)
    two[b"3/1/b/1/bank/0"] = b"b" * 99
    assert "block bank has changed" in refusals(two)


def manifest(version: int, topic_id: str, offset: int) -> bytes:
    body = msgspec.msgpack.encode(Manifest(version, topic_id, offset, []))
    return zlib.crc32(body).to_bytes(4, "big") + body


def test_another_version_is_refused(two: Changelog) -> None:
    two[b"3/1/m/1"] = manifest(2, TOPIC, 42)
    assert "its layout is version 2, this program reads 1" in refusals(two)


@pytest.mark.parametrize("body", [[], [1], {"version": 1}, "x", [1, 2, 3, 4]])
def test_a_manifest_of_another_shape_is_refused(two: Changelog, body: object) -> None:
    packed = msgspec.msgpack.encode(body)
    two[b"3/1/m/1"] = zlib.crc32(packed).to_bytes(4, "big") + packed
    assert "cannot be read" in refusals(two)


def test_a_snapshot_of_a_topic_that_was_created_again_is_refused(two: Changelog) -> None:
    two.snapshot(writer("0", topic_id="older-id"), 1_000, B)
    found = two.found()
    assert (found.offset, found.blocks) == (42, B)
    assert (
        "3/0/m/0 at offset 1000 refused: it belongs to a topic that was deleted and created again" in found.refused[0]
    )


def test_where_all_are_refused_there_is_no_offset_and_every_reason(two: Changelog) -> None:
    found = two.found(topic_id="new-id")
    assert (found.offset, found.blocks, len(found.refused)) == (-1, {}, 2)


def test_partitions_do_not_see_each_other() -> None:
    changelog = Changelog()
    changelog.snapshot(writer(partition=3), 41, A)
    changelog.snapshot(writer(partition=33), 99, B)
    assert changelog.found(3).offset == 41
    assert changelog.found(33).offset == 99
    assert recover(changelog, 4, TOPIC) is None


def test_of_several_epochs_the_highest_offset_is_taken_whoever_wrote_it() -> None:
    changelog = Changelog()
    changelog.snapshot(writer("1"), 50, A)
    changelog.snapshot(writer("2"), 40, B)
    assert changelog.found() == Recovered(50, A, ())


def test_a_new_epoch_clears_the_older_ones_once_it_has_two_manifests_of_its_own() -> None:
    changelog, new = Changelog(), writer("2")
    changelog.snapshot(writer("1"), 40, A)
    changelog.snapshot(writer("1", partition=4), 40, A)
    changelog.snapshot(new, 41, B)
    assert b"3/1/m/0" in changelog
    changelog.snapshot(new, 42, A)
    assert {key.split(b"/")[1] for key in changelog if key.startswith(b"3/")} == {b"2"}
    assert changelog.found(4).offset == 40


def test_a_writer_that_wakes_deletes_nothing_of_its_successor_s() -> None:
    changelog, paused = Changelog(), writer("1")
    changelog.snapshot(paused, 40, A)
    changelog.snapshot(writer("2"), 60, B)
    changelog.snapshot(paused, 41, B)  # its second: now it tidies up
    changelog.snapshot(paused, 42, A)
    assert changelog.found() == Recovered(60, B, ())


def state_at(offset: int) -> State:
    """A pure function of the log, as every core's state is; `slow` seldom changes, so that its block is shared."""
    return {"quick": str(offset).encode(), "slow": str(offset // 8).encode()}


actions = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.none() | st.integers(0, 2)), max_size=40)


@given(actions)
def test_whatever_older_writers_do_the_newest_one_s_snapshot_or_a_later_one_is_recovered(
    steps: list[tuple[int, int, int | None]],
) -> None:
    """Writers in turn, each starting from what it finds; older ones wake at will, and any may die while it writes."""
    changelog = Changelog()
    alive: dict[int, tuple[SnapshotWriter, int]] = {}
    durable: dict[int, int] = {}
    begun = 0
    for which, ahead, dies_after in steps:
        if which >= len(alive):
            found = recover(changelog, 3, TOPIC)
            alive[begun] = (writer(f"{begun:03}"), found.offset if found else 0)
            begun += 1
        epoch = sorted(alive)[min(which, len(alive) - 1)]
        own, offset = alive[epoch]
        offset += ahead
        records = own.plan(offset, state_at(offset))
        if dies_after is not None:
            changelog.write(*records[: min(dies_after, len(records) - 1)])
            del alive[epoch]
            continue
        changelog.write(*records)
        changelog.write(*own.outdated(changelog))
        alive[epoch] = (own, offset)
        durable[epoch] = offset
        found = recover(changelog, 3, TOPIC)
        assert found is not None
        assert found.offset >= durable[max(durable)]
        assert found.blocks == state_at(found.offset)
