"""The ring gives back what the reports said, for four hours, from bytes."""

from __future__ import annotations

from streams.contracts.times import bucket_start
from streams.windows.alignment import Alignment, WholeBucket
from streams.windows.ring import RING_BUCKETS, Ring
from streams.windows.totals import Row
from tests.unit.windows.builders import Minute, Timeline, minute


def wholes(timeline: Timeline) -> list[WholeBucket]:
    alignment = Alignment()
    return [whole for report in timeline.reports() for whole in alignment.offer(report)]


def timeline(last: str = "12:02") -> Timeline:
    two = Timeline(minute("12:00"), minute(last), ("aws", "twitter"), 2, {"twitter": 1})
    two.minutes["twitter", "errors", minute("12:01")] = Minute(5_000_000_000, 1234.56, score=0.123457, late=2)
    return two


def filled(two: Timeline) -> Ring:
    ring = Ring()
    for whole in wholes(two):
        ring.append(whole)
    return ring


def test_row_is_what_the_report_said_to_six_digits() -> None:
    row = filled(timeline()).row(minute("12:01"), "errors", "twitter")
    assert row == Row(minute("12:01"), 5_000_000_000, 1234.56, 0.0, 3703.68, 0.123457, 2)


def test_service_without_a_column_has_no_row() -> None:
    assert filled(timeline()).row(minute("12:01"), "errors", "instagram") is None


def test_blind_and_incomplete_buckets_say_so() -> None:
    two = timeline()
    two.blind, two.incomplete = {("errors", minute("12:01"))}, {("errors", minute("12:02"))}
    ring = filled(two)
    rows = [ring.row(minute(at), "errors", "aws") for at in ("12:00", "12:01", "12:02")]
    assert [(row.blind, row.incomplete) for row in rows if row] == [(False, False), (True, False), (False, True)]


def test_restored_ring_gives_the_same_rows_and_blocks() -> None:
    ring = filled(timeline())
    restored = Ring()
    restored.restore(ring.blocks())
    assert restored.row(minute("12:01"), "errors", "twitter") == ring.row(minute("12:01"), "errors", "twitter")
    assert restored.blocks() == ring.blocks()


def test_blocks_of_past_buckets_never_change_and_one_comes_with_each_bucket() -> None:
    first, second, *_ = wholes(timeline())
    ring = Ring()
    ring.append(first)
    before = ring.blocks()
    ring.append(second)
    after = ring.blocks()
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {f"ring/{minute('12:01')}"}


def test_ring_remembers_four_hours() -> None:
    ring = filled(timeline(last="17:00"))
    assert ring.first == minute("17:00") - RING_BUCKETS + 1
    assert len([name for name in ring.blocks() if name.startswith("ring/")]) == RING_BUCKETS


def test_rosters_no_bucket_uses_any_longer_are_forgotten() -> None:
    ring = Ring()
    for number, whole in enumerate(wholes(timeline(last="17:00"))):
        grown = tuple(
            type(report)(
                **{name: getattr(report, name) for name in report.__struct_fields__}
                | {"services": [f"{service}-{number}" for service in report.services]}
            )
            for report in whole.reports["errors"]
        )
        ring.append(WholeBucket(whole.bucket, whole.partitions, {"errors": grown, "reports": ()}))
    assert len([name for name in ring.blocks() if name.startswith("roster/")]) == 2 * RING_BUCKETS


def test_signal_without_reports_is_not_complete() -> None:
    whole = WholeBucket(minute("12:00"), 1, {"errors": (), "reports": ()})
    ring = Ring()
    ring.append(whole)
    assert not ring.lists_all(minute("12:00"), "errors")
    assert bucket_start(whole.bucket) == "2022-07-14T12:00:00.000Z"
