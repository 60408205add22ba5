"""Merging tallies and sealing buckets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streams.contracts.events import Feedback, Signal, Statement
from streams.contracts.tallies import History, Row, Said, Tally
from streams.tally.sealing import SealedBucket, Sealing

ONE = {"errors": 1, "reports": 1, "statements": 1, "feedback": 1}
MINUTE_MS = 60_000


def tally(
    topic: str, w_min: float | None, *rows: Row, partition: int = 0, origin_min: float = 10, **others: Any
) -> Tally:
    """W at so many minutes since 1970."""
    if w_min is None:
        return Tally(topic, partition, list(rows), **others)
    w_ms, origin_ms = round(w_min * MINUTE_MS), round(origin_min * MINUTE_MS)
    return Tally(topic, partition, list(rows), watermark_ms=w_ms, position=1, origin_ms=origin_ms, **others)


def row(minute: float, count: int, service: str = "twitter", late: int = 0) -> Row:
    return Row(round(minute * 6), service, {"US": count} if count else {}, late)


def statement(minute: float, offset: int) -> Said:
    return Said(round(minute * MINUTE_MS), offset, statement=Statement("twitter", "t", "resolved"))


def feedback(minute: float, offset: int) -> Said:
    return Said(round(minute * MINUTE_MS), offset, feedback=Feedback("twitter-1", "confirmed", "me", "t"))


class Told:
    """A sealing, and all that it has sealed."""

    def __init__(self, partitions: dict[str, int] | None = None) -> None:
        self.sealing = Sealing(partitions or ONE)
        self.buckets: list[SealedBucket] = []

    def offer(self, *tallies: Tally) -> list[int]:
        """The numbers of the `errors` buckets sealed by these."""
        before = len(self.buckets)
        for one in tallies:
            self.sealing.offer(one)
            self.buckets += self.sealing.seal("errors")
            self.buckets += self.sealing.seal("reports")
        return [bucket.bucket for bucket in self.buckets[before:] if bucket.signal == "errors"]

    def everybody(self, w_min: float, *, but: str = "") -> list[int]:
        return self.offer(*(tally(topic, w_min) for topic in ONE if topic != but))

    def of(self, signal: Signal, bucket: int) -> SealedBucket:
        (found,) = (one for one in self.buckets if (one.signal, one.bucket) == (signal, bucket))
        return found

    def count(self, bucket: int) -> int:
        return sum(sum(one.regions.values()) for one in self.of("errors", bucket).rows)


def test_a_bucket_is_sealed_as_soon_as_w_reaches_its_end() -> None:
    told = Told()
    assert told.everybody(10.999) == []
    assert told.everybody(11) == [10]
    assert told.everybody(13.5) == [11, 12]


@pytest.mark.parametrize("missing", ["errors", "statements", "feedback"])
def test_nothing_is_sealed_before_every_partition_has_told_its_time(missing: str) -> None:
    told = Told()
    assert told.everybody(20, but=missing) == []
    assert told.offer(tally(missing, 12)) == [10, 11]


@pytest.mark.parametrize("slow", ["errors", "statements", "feedback"])
def test_the_slowest_partition_decides(slow: str) -> None:
    told = Told()
    told.everybody(11)
    assert told.everybody(20, but=slow) == []
    assert told.offer(tally(slow, 13)) == [11, 12]


def test_errors_and_reports_seal_on_their_own() -> None:
    told = Told()
    assert told.everybody(13, but="reports") == [10, 11, 12]
    assert {bucket.signal for bucket in told.buckets} == {"errors"}


def test_the_first_bucket_is_that_of_the_earliest_origin_of_the_signal_s_own_partitions() -> None:
    told = Told(ONE | {"errors": 2})
    told.offer(tally("errors", 11, partition=0, origin_min=10.9), tally("errors", 11, partition=1, origin_min=8.1))
    assert told.offer(tally("statements", 11, origin_min=3), tally("feedback", 11, origin_min=3)) == [8, 9, 10]


def test_empty_buckets_are_sealed_too() -> None:
    told = Told()
    told.everybody(12)
    assert [len(bucket.rows) for bucket in told.buckets] == [0] * 4


def test_of_a_pane_service_and_partition_the_row_that_counts_most_holds() -> None:
    told = Told()
    told.offer(tally("errors", 10, row(10, 5)), tally("errors", 10, row(10, 9)))
    told.offer(tally("errors", 10, row(10, 9)), tally("errors", 10, row(10, 2)))  # repeated, and by an old owner
    told.everybody(11)
    assert told.count(10) == 9


def test_a_row_with_more_late_is_the_later_one() -> None:
    told = Told()
    told.offer(tally("errors", 10, row(10, 5, late=2)), tally("errors", 10, row(10, 5, late=1)))
    told.everybody(11)
    assert [one.late for one in told.of("errors", 10).rows] == [2]


def test_partitions_panes_and_services_add_up() -> None:
    told = Told(ONE | {"errors": 2})
    told.offer(tally("errors", 10, row(10, 1), row(10.5, 2), row(10, 4, "aws"), row(11, 100), partition=0))
    told.offer(tally("errors", 12, row(10, 8), partition=1))
    told.everybody(11)
    assert told.count(10) == 15
    assert {one.service for one in told.of("errors", 10).rows} == {"twitter", "aws"}


def test_what_comes_for_a_sealed_bucket_changes_nothing() -> None:
    told = Told()
    told.everybody(11)
    told.offer(tally("errors", 10.5, row(10, 50)))
    assert told.everybody(12) == [11]
    assert (told.count(10), told.count(11)) == (0, 0)


def test_w_never_goes_back() -> None:
    told = Told()
    told.everybody(12)
    told.offer(tally("errors", 5))
    assert told.sealing.watermarks()["errors", 0] == 12 * MINUTE_MS


def test_rows_without_w_wait_for_it() -> None:
    told = Told()
    told.everybody(11)
    assert told.offer(tally("errors", None, row(11, 3))) == []
    told.everybody(12)
    assert told.count(11) == 3


def test_what_is_said_lies_in_its_bucket_of_both_signals_in_order_of_effect() -> None:
    told = Told()
    told.offer(tally("statements", 10, said=[statement(11.9, 7), statement(11.1, 8), statement(12, 9)]))
    told.offer(tally("feedback", 10, said=[feedback(11.5, 3), feedback(11.5, 2)]))
    told.everybody(13)
    for signal in ("errors", "reports"):
        bucket = told.of(signal, 11)
        assert [said.offset for said in bucket.statements] == [8, 7]
        assert [said.offset for said in bucket.feedback] == [2, 3]
        assert [said.offset for said in told.of(signal, 12).statements] == [9]


def test_what_is_said_is_told_once_to_each_signal_however_often_it_comes() -> None:
    told = Told()
    for w_min in (10, 10, 11.5, 12, 13):
        told.offer(tally("statements", w_min, said=[statement(11, 7)]))
        told.everybody(w_min)
    told.everybody(20)
    for signal in ("errors", "reports"):
        assert [said.offset for b in told.buckets if b.signal == signal for said in b.statements] == [7]


def test_what_was_said_before_the_first_bucket_is_told_in_it() -> None:
    told = Told()
    told.offer(tally("statements", 10, said=[statement(2, 7)], origin_min=1))
    told.everybody(12)
    assert [said.offset for said in told.of("errors", 10).statements] == [7]
    assert told.of("errors", 11).statements == []


def test_a_signal_that_seals_later_is_still_told_what_was_said() -> None:
    told = Told()
    told.offer(tally("statements", 10, said=[statement(11, 7)]))
    told.everybody(20, but="reports")
    told.offer(tally("reports", 20))
    assert [said.offset for said in told.of("reports", 11).statements] == [7]


def test_a_blind_stretch_blinds_every_bucket_that_it_touches_of_its_signal_only() -> None:
    told = Told()
    told.offer(tally("errors", 10, blind=[(11 * MINUTE_MS + 1, 13 * MINUTE_MS)]))
    told.everybody(15)
    assert [b.bucket for b in told.buckets if b.blind] == [11, 12]
    assert {b.signal for b in told.buckets if b.blind} == {"errors"}


def test_one_blind_partition_blinds_the_signal() -> None:
    told = Told(ONE | {"errors": 2})
    told.offer(tally("errors", 12, partition=0), tally("errors", 12, partition=1, blind=[(600_000, 600_001)]))
    told.everybody(12)
    assert told.of("errors", 10).blind
    assert not told.of("errors", 11).blind


def test_a_partition_that_was_given_up_holds_nobody_up_and_makes_buckets_incomplete() -> None:
    told = Told(ONE | {"errors": 2})
    told.offer(tally("errors", 11, partition=1))
    told.everybody(11)
    assert told.everybody(14) == []
    assert told.offer(Tally("errors", 1, [], gave_up=True)) == [11, 12, 13]
    assert [b.incomplete for b in told.buckets if b.signal == "errors"] == [False, True, True, True]


def test_a_partition_given_up_before_it_told_its_time_holds_nobody_up_either() -> None:
    told = Told(ONE | {"errors": 2})
    told.everybody(12)
    assert told.offer(Tally("errors", 1, [], gave_up=True)) == [10, 11]
    assert all(b.incomplete for b in told.buckets if b.signal == "errors")


def test_a_partition_given_up_that_comes_back_is_waited_for_again() -> None:
    told = Told(ONE | {"errors": 2})
    told.offer(tally("errors", 11, partition=1))
    told.everybody(11)
    told.offer(Tally("errors", 1, [], gave_up=True))
    assert told.everybody(13) == [11, 12]
    told.offer(tally("errors", 11.5, partition=1))
    assert told.everybody(15) == []
    assert told.offer(tally("errors", 14, partition=1)) == [13]
    assert not told.of("errors", 13).incomplete


def test_an_old_owner_s_w_does_not_take_a_giving_up_back() -> None:
    told = Told(ONE | {"errors": 2})
    told.offer(tally("errors", 11, partition=1))
    told.everybody(11)
    told.offer(Tally("errors", 1, [], gave_up=True))
    told.offer(tally("errors", 11, partition=1))
    assert told.everybody(13) == [11, 12]


def test_where_all_are_given_up_nothing_moves() -> None:
    told = Told()
    told.everybody(11)
    assert told.offer(*(Tally(topic, 0, [], gave_up=True) for topic in ONE if topic != "reports")) == []


def test_a_partition_that_the_topic_has_gained_is_waited_for() -> None:
    before = Told()
    before.everybody(12)
    after = Told(ONE | {"errors": 2})
    after.sealing.restore(before.sealing.snapshot())
    assert after.everybody(14) == []
    assert after.offer(tally("errors", 14, row(13, 3), partition=1, origin_min=13)) == [12, 13]
    assert after.count(13) == 3


def test_its_reader_may_stop_between_two_buckets() -> None:
    told = Told()
    for topic in ONE:
        told.sealing.offer(tally(topic, 13, row(11, 3)))
    buckets: Iterator[SealedBucket] = told.sealing.seal("errors")
    assert next(buckets).bucket == 10
    resumed = Sealing(ONE)
    resumed.restore(told.sealing.snapshot())
    assert [b.bucket for b in resumed.seal("errors")] == [11, 12]


def test_a_snapshot_holds_history_that_was_not_used_yet() -> None:
    sealing = Sealing(ONE)
    history = History("twitter", "errors", None, 3, b"x", 0.5)
    sealing.offer(Tally("history", 0, [], history=[history]))
    again = Sealing(ONE)
    again.restore(sealing.snapshot())
    assert again.history == [history]


def test_what_is_sealed_is_forgotten() -> None:
    told = Told()
    told.everybody(11)
    empty = len(told.sealing.snapshot())
    for minute in range(11, 200):
        told.offer(tally("errors", minute, row(minute, 1), row(minute, 1, "aws"), blind=[(minute, minute + 1)]))
        told.offer(tally("statements", minute, said=[statement(minute, minute)]))
        told.everybody(minute + 1)
    assert len(told.sealing.snapshot()) < empty + 100
