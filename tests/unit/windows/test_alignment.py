"""A bucket is taken once every partition has reported it for both signals."""

from __future__ import annotations

import itertools

import pytest

from streams.contracts.events import Signal
from streams.contracts.series import BucketReport, GoOn
from streams.contracts.times import bucket_start
from streams.windows.alignment import Alignment, PartitionCountError, Waiting, WholeBucket
from tests.unit.windows.builders import minute

ORIGIN = minute("00:00")  # the tests count buckets from here


def go_on(signal: Signal, bucket: int) -> GoOn:
    return GoOn(signal, bucket_start(ORIGIN + bucket))


def report(bucket: int, signal: Signal, partition: int = 0, partitions: int = 1, count: int = 1) -> BucketReport:
    return BucketReport(
        partition=partition,
        partitions=partitions,
        signal=signal,
        bucket=bucket_start(ORIGIN + bucket),
        bucket_s=60,
        services=["twitter"],
        observed=[count],
        expected=[1.0],
        lower=[0.0],
        upper=[5.0],
        score=[0.3],
    )


def offer(alignment: Alignment, *records: BucketReport | GoOn) -> list[int]:
    return [whole.bucket - ORIGIN for record in records for whole in alignment.offer(record)]


def begun_at(bucket: int) -> Alignment:
    """One partition; the bucket itself is taken."""
    alignment = Alignment()
    assert offer(alignment, report(bucket, "errors"), report(bucket, "reports")) == [bucket]
    return alignment


def test_bucket_is_whole_once_both_signals_have_reported_it() -> None:
    alignment = Alignment()
    assert offer(alignment, report(100, "errors")) == []
    assert offer(alignment, report(100, "reports")) == [100]


def test_bucket_is_whole_once_every_partition_has_reported_it() -> None:
    alignment = Alignment()
    first = [report(100, s, p, 2) for s, p in (("errors", 0), ("errors", 1), ("reports", 0))]  # type: ignore[arg-type]
    assert offer(alignment, *first) == []
    assert offer(alignment, report(100, "reports", 1, 2)) == [100]


def test_buckets_come_out_in_order() -> None:
    alignment = begun_at(100)
    assert offer(alignment, report(101, "errors"), report(102, "errors"), report(101, "reports")) == [101]
    assert offer(alignment, report(102, "reports")) == [102]


def test_start_is_the_largest_of_the_first_buckets_of_all_partitions_and_signals() -> None:
    alignment = Alignment()
    assert offer(alignment, report(100, "errors"), report(101, "errors"), report(102, "errors")) == []
    assert offer(alignment, report(102, "reports")) == [102]


def test_repeat_is_dropped_and_the_first_holds() -> None:
    alignment = Alignment()
    alignment.offer(report(100, "errors", count=1))
    alignment.offer(report(100, "errors", count=7))
    (whole,) = alignment.offer(report(100, "reports"))
    assert whole.reports["errors"][0].observed == [1]


def test_bucket_already_taken_is_dropped() -> None:
    alignment = begun_at(100)
    assert offer(alignment, report(100, "errors"), report(100, "reports"), report(99, "errors")) == []


@pytest.mark.parametrize("order", itertools.permutations(range(4)))
def test_arrival_order_of_partitions_and_signals_does_not_matter(order: tuple[int, ...]) -> None:
    reports = [report(100, signal, p, 2) for signal in ("errors", "reports") for p in (0, 1)]
    alignment = Alignment()
    wholes = [whole for index in order for whole in alignment.offer(reports[index])]
    assert wholes == [WholeBucket(ORIGIN + 100, 2, {"errors": tuple(reports[:2]), "reports": tuple(reports[2:])})]


def test_another_partition_count_is_refused() -> None:
    alignment = begun_at(100)
    with pytest.raises(PartitionCountError, match="use a new prefix"):
        alignment.offer(report(101, "errors", 0, 2))


def test_nothing_is_waited_for_until_somebody_has_reported_the_next_bucket() -> None:
    assert Alignment().waiting() is None
    assert begun_at(100).waiting() is None


def test_waiting_names_the_signal_and_how_far_the_other_is_ahead() -> None:
    alignment = begun_at(100)
    offer(alignment, report(101, "errors"), report(102, "errors"), report(103, "errors"))
    assert alignment.waiting() == Waiting(ORIGIN + 101, {"reports": (0,)}, "reports", 180)


def test_a_partition_that_is_missing_in_both_signals_is_no_stalled_signal() -> None:
    alignment = Alignment()
    for partition in (0, 1):
        offer(alignment, report(100, "errors", partition, 2), report(100, "reports", partition, 2))
    offer(alignment, report(101, "errors", 0, 2), report(101, "reports", 0, 2))
    assert alignment.waiting() == Waiting(ORIGIN + 101, {"errors": (1,), "reports": (1,)}, None, 0)


def test_go_on_takes_its_bucket_and_later_ones_without_the_signal() -> None:
    alignment = begun_at(100)
    offer(alignment, report(101, "errors"), report(102, "errors"))
    wholes = alignment.offer(go_on("reports", 101))
    assert [(whole.bucket - ORIGIN, whole.reports["reports"]) for whole in wholes] == [(101, ()), (102, ())]
    assert offer(alignment, report(103, "errors")) == [103]


def test_a_signal_gone_on_without_is_waited_for_again_once_it_has_caught_up() -> None:
    alignment = begun_at(100)
    offer(alignment, go_on("reports", 101), report(101, "errors"))
    assert offer(alignment, report(101, "reports"), report(102, "reports"), report(102, "errors")) == [102]
    assert offer(alignment, report(103, "errors")) == []
    assert offer(alignment, report(103, "reports")) == [103]


def test_go_on_for_a_bucket_already_taken_is_stale() -> None:
    alignment = begun_at(100)
    assert offer(alignment, go_on("reports", 100), report(101, "errors")) == []


def test_go_on_before_the_start_lets_the_other_signal_begin_alone() -> None:
    alignment = Alignment()
    assert offer(alignment, report(100, "errors"), report(101, "errors"), go_on("reports", 100)) == [100, 101]


def test_go_on_for_the_other_signal_replaces_the_first() -> None:
    alignment = begun_at(100)
    offer(alignment, go_on("reports", 101), report(101, "errors"))
    assert offer(alignment, report(102, "reports")) == []
    assert offer(alignment, go_on("errors", 102)) == [102]
    assert offer(alignment, report(103, "errors")) == []


def test_restored_alignment_goes_on_where_the_snapshot_was_taken() -> None:
    alignment = begun_at(100)
    offer(alignment, report(101, "errors"), report(102, "errors"), go_on("reports", 105))
    restored = Alignment()
    restored.restore(alignment.snapshot())
    assert offer(restored, report(101, "reports"), report(100, "reports"), report(102, "reports")) == [101, 102]
