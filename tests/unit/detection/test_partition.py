"""Detection of one tallies partition: from tallies to bucket reports, across snapshots and changes of the catalogue."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import pytest

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.events import Feedback, Statement
from streams.contracts.series import BucketReport
from streams.contracts.tallies import History, Row, Said, Tally
from streams.contracts.times import BUCKET_MS, bucket_of, bucket_start
from streams.detection.history_records import pack_sums
from streams.detection.partition import PartitionDetector
from streams.ingest.placement import partition_of
from tests.unit.detection.minutes import (
    AWS,
    BUCKETS,
    FIRST,
    INPUTS,
    TWITTER,
    ZOOM,
    begun,
    detector,
    encoded,
    errors,
    history,
    minute_tallies,
    of_service,
    reports,
    rest,
    row,
    snapshotted,
    undisturbed,
)


def test_the_outage_opens_is_dated_back_and_closes() -> None:
    """Else the tests below would not test what they say."""
    states = [state for report in errors(undisturbed()) for state in report.states if state.region is None]
    assert {state.service for state in states} == {"twitter"}
    assert 38 <= bucket_of(states[0].started) - FIRST <= 41
    assert 40 <= bucket_of(states[0].detected) - FIRST <= 45
    assert states[-1].state == "closed"
    assert states[-1].ended is not None
    assert 58 <= bucket_of(states[-1].ended) - FIRST <= 61


def test_one_report_per_signal_and_bucket_in_order() -> None:
    for signal in ("errors", "reports"):
        buckets = [report.bucket for report in undisturbed() if report.signal == signal]
        assert buckets == [bucket_start(FIRST + minute) for minute in range(BUCKETS)]


def test_columns_run_parallel_to_services_and_hold_what_was_counted() -> None:
    report = errors(undisturbed())[0]
    assert report.services == ["aws", "other", "twitter"]
    rows = {row.service: sum(row.regions.values()) for row in minute_tallies(0)[-1].rows}
    assert report.observed == [rows["aws"], 0, rows["twitter"]]
    assert {len(column) for column in (report.expected, report.lower, report.upper, report.score)} == {3}


def test_the_same_tallies_make_the_same_bytes_without_any_snapshot() -> None:
    again = detector()
    list(again.read(history()))
    assert encoded(reports(again, range(BUCKETS))) == rest(0)


@pytest.mark.parametrize("minute", [1, 20, 39, 40, 41, 42, 45, 59, 60, 65, 70, 100])
def test_from_a_snapshot_at_any_bucket_it_goes_on_byte_for_byte(minute: int) -> None:
    assert encoded(reports(snapshotted(begun(minute)), range(minute, BUCKETS))) == rest(minute)


def test_from_a_snapshot_after_every_single_record_too() -> None:
    of = begun(35)
    found: list[BucketReport] = []
    for tally in [tally for minute in range(35, 50) for tally in minute_tallies(minute)]:
        found += of.read(tally)
        of = snapshotted(of)
    assert encoded(found) == rest(35)[: len(found)]


def test_a_snapshot_before_the_first_bucket_holds_the_history() -> None:
    of = detector()
    list(of.read(history()))
    assert encoded(reports(snapshotted(of), range(1))) == rest(0)[:2]


def test_a_snapshot_does_not_change_what_it_is_taken_of() -> None:
    of = begun(1)
    found = []
    for minute in range(1, BUCKETS):
        found += reports(of, [minute])
        of.snapshot()
    assert encoded(found) == rest(1)


def test_a_snapshot_is_the_same_bytes_for_the_same_state() -> None:
    of = begun(50)
    assert snapshotted(of).snapshot() == of.snapshot()


def test_a_restored_detector_forgets_what_it_was() -> None:
    fresh, used = detector(), begun(50)
    used.restore(fresh.snapshot())
    assert encoded(reports(used, range(20))) == encoded(reports(fresh, range(20)))


def judged_false(minute: int) -> Tally:
    """An operator's word on the outage, in effect in that minute."""
    begins = next(r.states[0].started for r in errors(undisturbed()) if r.states)
    named = f"twitter-{begins[:19].replace('-', '').replace(':', '')}Z"
    said = Said((FIRST + minute) * BUCKET_MS, 3, feedback=Feedback(named, "false_alarm", "ops", 1))
    return Tally("feedback", 0, [], said=[said])


@pytest.mark.parametrize("said_at", [50, 90])
def test_a_verdict_on_a_window_outlives_a_snapshot(said_at: int) -> None:
    straight, broken = begun(said_at), begun(said_at)
    for of in (straight, broken):
        list(of.read(judged_false(said_at)))
    found = [*reports(straight, range(said_at, 100)), *reports(straight, range(100, BUCKETS))]
    again = reports(broken, range(said_at, 100))
    assert encoded([*again, *reports(snapshotted(broken), range(100, BUCKETS))]) == encoded(found)
    assert snapshotted(straight).snapshot() == straight.snapshot()


@pytest.mark.parametrize("said_at", [50, 90])
def test_a_verdict_changes_the_history_of_its_service_and_of_no_other(said_at: int) -> None:
    plain, said = begun(said_at), begun(said_at)
    list(said.read(judged_false(said_at)))
    for of in (plain, said):
        reports(of, range(said_at, BUCKETS))
    sums = [np.load(io.BytesIO(of.snapshot()["errors.bank.history.sums"])) for of in (plain, said)]
    changed = {said._signals["errors"].rows[i].service for i in np.flatnonzero((sums[0] != sums[1]).any(axis=0))}
    assert changed == {"twitter"}


# Details


def test_details_run_from_the_start_of_the_outage_without_a_gap_and_once_each() -> None:
    told = [detail for report in errors(undisturbed()) for detail in report.details if detail.service == "twitter"]
    minutes = [bucket_of(detail.bucket) - FIRST for detail in told]
    states = [state for report in errors(undisturbed()) for state in report.states if state.region is None]
    started, ended = bucket_of(states[0].started) - FIRST, bucket_of(states[-1].ended or "") - FIRST
    assert minutes == sorted(set(minutes))
    assert set(range(started, ended + 1)) <= set(minutes)


def test_the_half_hour_after_the_end_is_told_once_the_outage_goes_on() -> None:
    """Minutes 40 to 60 again after 85: the window goes on, and what lay between belongs to it."""
    of, told = begun(1), set[int]()
    for minute in range(1, 92):
        again = minute_tallies(50 + minute % 10 if minute >= 85 else minute)
        shifted = [moved(tally, minute) for tally in again]
        for report in [report for tally in shifted for report in of.read(tally)]:
            told |= {bucket_of(d.bucket) - FIRST for d in report.details if d.service == "twitter"}
    assert set(range(40, 89)) <= told


def moved(tally: Tally, minute: int) -> Tally:
    """A minute's tally as if it were of another minute."""
    rows = [msgspec.structs.replace(row, pane=(FIRST + minute) * 6) for row in tally.rows]
    w_ms = (FIRST + minute + 1) * BUCKET_MS
    return msgspec.structs.replace(tally, rows=rows, watermark_ms=w_ms, position=minute)


def test_a_detail_holds_what_its_bucket_held() -> None:
    (detail,) = (d for r in errors(undisturbed()) for d in r.details if d.bucket == bucket_start(FIRST + 50))
    (held,) = (row for row in minute_tallies(50)[-1].rows if row.service == "twitter")
    assert detail.regions == dict(sorted(held.regions.items()))
    assert (detail.kinds, detail.sources, detail.scenario) == (held.kinds, held.sources, "drill")
    assert [(text.text, text.count) for text in detail.texts] == [("it broke", sum(held.regions.values()))]
    assert set(detail.expected) == {"US", "GB"}


def test_what_has_no_outage_has_no_details() -> None:
    assert {detail.service for report in errors(undisturbed()) for detail in report.details} <= {"twitter"}


# Blindness


def test_a_blind_bucket_opens_nothing_and_says_so() -> None:
    of = begun(39)
    stretch = ((FIRST + 39) * BUCKET_MS, (FIRST + 60) * BUCKET_MS)
    w_ms = (FIRST + 39) * BUCKET_MS
    list(of.read(Tally("errors", 0, [], watermark_ms=w_ms, position=1, origin_ms=FIRST * BUCKET_MS, blind=[stretch])))
    blind = errors(reports(of, range(39, 60)))
    assert all(report.blind and report.states == [] and set(report.score) == {0.0} for report in blind)
    assert all(report.observed[-1] > 0 for report in blind)  # what little was
    seeing = errors(reports(of, range(60, 70)))
    assert not any(report.blind or report.states for report in seeing)


def test_an_open_outage_stays_open_through_blind_buckets() -> None:
    of = begun(50)
    stretch = ((FIRST + 50) * BUCKET_MS, (FIRST + 60) * BUCKET_MS)
    w_ms = (FIRST + 50) * BUCKET_MS
    list(of.read(Tally("errors", 0, [], watermark_ms=w_ms, position=1, origin_ms=FIRST * BUCKET_MS, blind=[stretch])))
    for report in errors(reports(of, range(50, 60))):
        assert [state.state for state in report.states if state.region is None] == ["open"]


# The catalogue changes


@pytest.mark.parametrize("minute", [1, 30, 45])
@pytest.mark.parametrize("services", [(TWITTER, AWS, ZOOM), (ZOOM, TWITTER), (TWITTER,)])
def test_series_that_stay_go_on_as_if_nothing_were(services: tuple[Service, ...], minute: int) -> None:
    after = reports(snapshotted(begun(minute), *services), range(minute, BUCKETS))
    for report, expected in zip(after, undisturbed()[2 * minute :], strict=True):
        assert report.services == sorted([*(service.id for service in services), "other"])
        assert of_service(report, "twitter") == of_service(expected, "twitter")


def test_a_series_that_is_gained_begins_cold_and_is_counted() -> None:
    of = begun(30)
    first = errors(reports(snapshotted(of, TWITTER, AWS, ZOOM), range(30, 31)))[0]
    assert first.baseline["zoom"] == "cold"
    (held,) = (row for row in minute_tallies(30)[-1].rows if row.service == "zoom")
    assert first.observed[first.services.index("zoom")] == sum(held.regions.values())


def test_a_gained_series_opens_nothing_by_itself() -> None:
    of = begun(30)
    after = reports(snapshotted(of, TWITTER, AWS, ZOOM), range(30, BUCKETS))
    assert not [state for report in after for state in report.states if state.service == "zoom"]


def test_a_service_may_change_its_profile_and_begins_cold_in_it() -> None:
    smooth_aws = msgspec.structs.replace(AWS, profile={"errors": "smooth"})
    of = snapshotted(begun(30), TWITTER, smooth_aws)
    found = errors(reports(of, range(30, 40)))
    assert found[0].baseline["aws"] == "cold"
    assert [of_service(report, "twitter") for report in found] == [
        of_service(report, "twitter") for report in errors(undisturbed())[30:40]
    ]
    again = snapshotted(of, TWITTER, smooth_aws)
    assert encoded(reports(again, range(40, 60))) == encoded(reports(of, range(40, 60)))


def test_a_service_may_gain_regions() -> None:
    of = begun(30)
    wider = Service(id="twitter", names={"en": "Twitter"}, regions=("GB", "IN", "US"))
    after = errors(reports(snapshotted(of, wider, AWS), range(30, BUCKETS)))
    states = [state for report in after for state in report.states]
    assert {(state.service, state.region) for state in states} >= {("twitter", None), ("twitter", "US")}
    assert not [state for state in states if state.region == "IN"]


# The rest of a report


def test_a_service_is_absent_until_its_signal_came_once() -> None:
    of = detector(TWITTER, AWS, ZOOM)
    found = reports(of, range(2))
    assert [report.absent for report in errors(found)] == [["other"], ["other"]]
    assert all(report.absent == ["aws", "other", "twitter", "zoom"] for report in found if report.signal == "reports")


def test_without_history_baselines_are_cold_and_nothing_opens() -> None:
    found = errors(reports(detector(), range(30)))
    assert found[0].baseline == {"aws": "cold", "other": "cold", "twitter": "cold"}
    assert not any(report.states for report in found)


def test_history_makes_a_baseline_ready_at_once() -> None:
    report = errors(undisturbed())[0]
    assert report.baseline == {"other": "cold"}
    assert 15 < report.expected[report.services.index("twitter")] < 25


def test_history_wholly_after_the_first_bucket_is_left_out() -> None:
    of = detector()
    late = History("twitter", "errors", None, FIRST // 10 + 5, pack_sums(np.ones(9, np.uint32)))
    list(of.read(Tally("history", 0, [], history=[late])))
    assert errors(reports(of, range(1)))[0].baseline["twitter"] == "cold"


def test_late_and_statements_stand_in_the_report_of_their_bucket() -> None:
    of = detector()
    start_ms = FIRST * BUCKET_MS
    said = Said(start_ms + 30_000, 7, statement=Statement("twitter", 1, "resolved"))
    late = Row(FIRST * 6 + 2, "twitter", {}, 4)
    list(of.read(Tally("statements", 0, [], said=[said])))
    list(of.read(Tally("errors", 0, [late])))
    report = errors(reports(of, range(1)))[0]
    assert report.late == {"twitter": 4}
    assert [(s.effective, s.offset) for s in report.statements] == [("2022-06-30T00:00:30.000Z", 7)]


def test_a_partition_without_services_reports_all_the_same() -> None:
    catalogue = Catalogue([TWITTER])
    empty = next(p for p in range(8) if p not in {partition_of("twitter", 8), partition_of("other", 8)})
    of = PartitionDetector(empty, 8, catalogue, INPUTS)
    found = reports(of, range(3))
    assert [report.services for report in found] == [[]] * 6
    again = PartitionDetector(empty, 8, catalogue, INPUTS)
    again.restore(of.snapshot())
    assert len(reports(again, range(3, 5))) == 4


def test_names_nobody_knows_are_counted_and_never_judged() -> None:
    of = detector()
    for minute in range(60):
        unknown = Tally("errors", 0, [row(minute, "other", 1 + 10**6 * (minute > 30), 0)])
        found = [report for tally in minute_tallies(minute, unknown) for report in of.read(tally)]
        assert not [state for report in found for state in report.states if state.service == "other"]
    assert errors(found)[0].observed[1] == 10**6 + 1
