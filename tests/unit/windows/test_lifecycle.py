"""When windows open, close and go on, and every clock of them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.contracts.events import Signal
from streams.contracts.series import Direction
from streams.windows.confidence import LIMIT
from tests.unit.windows.builders import (
    Minute,
    Timeline,
    clock,
    minute,
    play,
    story,
)

SURGE = [20, 60, 200, 100, 30]  # five elevated minutes; the third opens the series


def day(first: str = "11:50", last: str = "13:00") -> Timeline:
    return Timeline(minute(first), minute(last))


@pytest.mark.parametrize("signal", ["errors", "reports"])
def test_either_witness_opens_a_window(signal: Signal) -> None:
    opened = play(day(last="12:02").outage(signal, SURGE, minute("12:00")))
    assert story(opened) == [("opened", "12:03")]
    assert opened[0].window == "twitter-20220714T120000Z"
    assert opened[0].clocks.started == clock("12:00")
    assert opened[0].clocks.opened == clock("12:03")
    assert opened[0].lags_s.opened == 180


def test_both_witnesses_share_one_window() -> None:
    timeline = day(last="12:20").outage("errors", SURGE, minute("12:00")).outage("reports", SURGE, minute("12:01"))
    assert {revision.window for revision in play(timeline)} == {"twitter-20220714T120000Z"}


def test_second_witness_dates_the_start_back_and_the_id_stays() -> None:
    timeline = day(last="12:20").outage("errors", SURGE, minute("12:05"))
    timeline.outage("reports", [9] * 12, minute("12:00"), detected=minute("12:09"))
    newest = play(timeline)[-1]
    assert newest.window == "twitter-20220714T120500Z"
    assert newest.clocks.started == clock("12:00")
    assert newest.lags_s.opened == 480


def test_clocks_of_a_closed_window() -> None:
    timeline = day().outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    timeline.outage("errors", [50, 70, 40, 20], minute("12:01"), closes=minute("12:16"))
    closed = play(timeline)[-1]
    assert (closed.change, closed.state) == ("closed", "closed")
    assert closed.clocks.started == clock("12:00")
    assert closed.clocks.peak == clock("12:02")
    assert closed.clocks.reports_ended == clock("12:05")
    assert closed.clocks.errors_ended == clock("12:05")
    assert closed.clocks.ended == clock("12:05")
    assert closed.clocks.closed == clock("12:17")


def test_window_stays_open_until_the_last_elevated_witness_has_closed() -> None:
    timeline = day().outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    timeline.outage("errors", [50] * 30, minute("12:00"), closes=minute("12:38"))
    revisions = play(timeline)
    after_reports = next(r for r in revisions if r.time == clock("12:14"))
    assert (after_reports.change, after_reports.state) == ("updated", "open")
    assert after_reports.witnesses.reports.state == "normal"
    assert after_reports.clocks.reports_ended == clock("12:05")
    assert after_reports.clocks.ended is None
    assert story(revisions)[-1] == ("closed", "12:39")
    assert revisions[-1].clocks.ended == clock("12:30")


def test_time_of_a_revision_is_the_end_of_its_bucket() -> None:
    assert play(day(last="12:02").outage("errors", SURGE, minute("12:00")))[0].time == clock("12:03")


def test_service_other_never_has_a_window() -> None:
    timeline = Timeline(minute("11:50"), minute("12:30"), services=("other", "twitter"))
    assert play(timeline.outage("errors", SURGE, minute("12:00"), service="other")) == []


def test_region_alone_opens_a_window_and_is_affected() -> None:
    timeline = day(last="12:06").outage("reports", SURGE, minute("12:00"), region="GB")
    newest = play(timeline)[-1]
    assert [region.region for region in newest.regions if region.affected] == ["GB"]
    assert newest.witnesses.reports.state == "elevated"


def test_series_that_is_open_before_the_log_begins_opens_a_window_dated_back_to_it() -> None:
    opened = play(day(first="12:10", last="12:12").outage("errors", SURGE, minute("12:00")))
    assert story(opened) == [("opened", "12:11")]
    assert opened[0].clocks.started == clock("12:00")


def test_closing_series_without_a_window_opens_none() -> None:
    timeline = day(first="12:10").outage("errors", SURGE, minute("12:00"), closes=minute("12:10"))
    assert play(timeline) == []


def test_evidence_within_thirty_minutes_after_the_end_reopens_the_window() -> None:
    timeline = day(last="14:00").outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    timeline.outage("reports", SURGE, minute("12:35"), closes=minute("12:48"))  # ended 12:05
    revisions = play(timeline)
    assert {revision.window for revision in revisions} == {"twitter-20220714T120000Z"}
    assert [change for change in story(revisions) if change[0] != "updated"] == [
        ("opened", "12:03"),
        ("closed", "12:14"),
        ("reopened", "12:38"),
        ("closed", "12:49"),
    ]
    reopened = next(r for r in revisions if r.change == "reopened")
    assert (reopened.state, reopened.clocks.ended, reopened.clocks.closed) == ("open", None, None)
    assert reopened.clocks.reports_ended is None
    assert revisions[-1].clocks.ended == clock("12:40")
    assert revisions[-1].clocks.opened == clock("12:03")


def test_evidence_after_more_than_thirty_minutes_is_a_new_window() -> None:
    timeline = day(last="14:00").outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    timeline.outage("reports", SURGE, minute("12:36"), closes=minute("12:49"))
    windows = [revision.window for revision in play(timeline) if revision.change == "opened"]
    assert windows == ["twitter-20220714T120000Z", "twitter-20220714T123600Z"]


def test_end_is_the_one_that_the_detector_dated_back_not_the_last_minute_out_of_bounds() -> None:
    timeline = day().outage("reports", [60] * 10, minute("12:00"), closes=minute("12:20"))
    (closing,) = timeline.minutes["twitter", "reports", minute("12:20")].states
    dated_back = replace(closing, ended=clock("12:06"))
    timeline.minutes["twitter", "reports", minute("12:20")] = Minute(states=(dated_back,))
    closed = play(timeline)[-1]
    assert closed.clocks.ended == clock("12:07")
    assert closed.witnesses.reports.total == 7 * 60


def test_second_outage_knows_the_first() -> None:
    timeline = day(last="18:00").outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    timeline.outage("errors", SURGE, minute("15:00"), closes=minute("15:13"))
    timeline.outage("errors", [90] * 11, minute("17:00"), closes=minute("17:19"))
    newest = play(timeline)[-1].previous
    assert (newest.window, newest.count_365d, newest.median_s) == ("twitter-20220714T150000Z", 2, 300)


def test_two_services_have_windows_of_their_own() -> None:
    timeline = Timeline(minute("11:50"), minute("12:10"), services=("instagram", "twitter"))
    timeline.outage("errors", SURGE, minute("12:00")).outage("errors", SURGE, minute("12:00"), service="instagram")
    opened = [revision.window for revision in play(timeline) if revision.change == "opened"]
    assert opened == ["instagram-20220714T120000Z", "twitter-20220714T120000Z"]


def test_two_leans_open_a_window_together() -> None:
    timeline = day(last="12:01")
    timeline.lean("errors", minute("12:00"), minute("12:01"), 0.6)
    timeline.lean("reports", minute("12:00"), minute("12:01"), 0.6)
    (opened,) = play(timeline)
    assert (opened.change, opened.time, opened.clocks.started) == ("opened", clock("12:02"), clock("12:00"))
    assert (opened.witnesses.errors.state, opened.witnesses.reports.state) == ("elevated", "elevated")


@pytest.mark.parametrize(
    ("errors", "reports", "why"),
    [
        (0.5, 0.6, "together below 1.2"),
        (0.9, 0.35, "one says too little"),
        (0.9, 0.0, "one alone"),
    ],
)
def test_two_leans_that_are_too_weak_open_nothing(errors: float, reports: float, why: str) -> None:
    timeline = day(last="12:10").lean("errors", minute("12:00"), minute("12:10"), errors)
    if reports:
        timeline.lean("reports", minute("12:00"), minute("12:10"), reports)
    assert play(timeline) == [], why


def test_two_leans_of_a_single_bucket_open_nothing() -> None:
    timeline = day(last="12:00")
    timeline.lean("errors", minute("12:00"), minute("12:00"), 0.7)
    timeline.lean("reports", minute("12:00"), minute("12:00"), 0.7)
    assert play(timeline) == []


@pytest.mark.parametrize(("direction", "opens"), [("drop", True), ("surge", True)])
def test_errors_may_lean_either_way(direction: Direction, opens: bool) -> None:
    timeline = day(last="12:01").lean("errors", minute("12:00"), minute("12:01"), 0.7, direction=direction)
    timeline.lean("reports", minute("12:00"), minute("12:01"), 0.7)
    (opened,) = play(timeline)
    assert opened.witnesses.errors.direction == direction


def test_fewer_reports_than_usual_are_no_sign_of_an_outage() -> None:
    timeline = day(last="12:05").lean("errors", minute("12:00"), minute("12:05"), 0.9)
    timeline.lean("reports", minute("12:00"), minute("12:05"), 0.9, count=0, direction="drop")
    assert play(timeline) == []


def test_window_of_two_leans_closes_eight_buckets_after_both_are_gone() -> None:
    timeline = day()
    timeline.lean("errors", minute("12:00"), minute("12:03"), 0.7)
    timeline.lean("reports", minute("12:00"), minute("12:05"), 0.7)
    revisions = play(timeline)
    assert story(revisions)[0] == ("opened", "12:02")
    assert story(revisions)[-1] == ("closed", "12:14")
    assert revisions[-1].clocks.ended == clock("12:06")  # the last minute out of bounds is 12:05


def test_lean_that_becomes_an_open_series_holds_the_window_until_that_closes() -> None:
    timeline = day()
    timeline.lean("errors", minute("12:00"), minute("12:02"), 0.7)
    timeline.lean("reports", minute("12:00"), minute("12:02"), 0.7)
    timeline.outage("reports", [60] * 20, minute("12:03"), detected=minute("12:03"), closes=minute("12:35"))
    revisions = play(timeline)
    assert [c for c in story(revisions) if c[0] != "updated"] == [("opened", "12:02"), ("closed", "12:36")]
    assert revisions[-1].clocks.ended == clock("12:23")


def test_blind_witness_keeps_its_window_open_and_says_so() -> None:
    timeline = day().outage("errors", SURGE, minute("12:00"), closes=minute("12:20"))
    timeline.blind = {("errors", bucket) for bucket in range(minute("12:06"), minute("12:12"))}
    revisions = play(timeline)
    blind = next(r for r in revisions if r.time == clock("12:07"))
    assert (blind.state, blind.witnesses.errors.state) == ("open", "blind")
    assert story(revisions)[-1] == ("closed", "12:21")


def test_blind_minutes_within_the_outage_are_counted_once_though_both_signals_were_blind() -> None:
    timeline = day().outage("errors", [50] * 10, minute("12:00"), closes=minute("12:20"))
    timeline.blind = {("errors", minute("12:04")), ("reports", minute("12:04")), ("reports", minute("12:05"))}
    timeline.blind.add(("errors", minute("12:15")))  # after the end
    timeline.blind.add(("errors", minute("11:59")))  # before the start
    assert play(timeline)[-1].quality.blind_s == 120


def test_missing_series_states_of_a_blind_bucket_close_nothing() -> None:
    timeline = day(last="12:08").outage("errors", SURGE, minute("12:00"))
    blind = range(minute("12:06"), minute("12:09"))
    timeline.blind = {("errors", bucket) for bucket in blind}
    for bucket in blind:
        del timeline.minutes["twitter", "errors", bucket]
    assert play(timeline)[-1].state == "open"


def test_other_witness_opens_while_one_is_blind() -> None:
    timeline = day(last="12:03").outage("reports", SURGE, minute("12:00"))
    timeline.blind = {("errors", bucket) for bucket in range(minute("11:55"), minute("12:10"))}
    (opened,) = play(timeline)
    assert (opened.change, opened.witnesses.errors.state) == ("opened", "blind")


def test_witness_that_was_never_elevated_does_not_hold_the_window_open_while_blind() -> None:
    timeline = day().outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    timeline.blind = {("errors", bucket) for bucket in range(minute("12:05"), minute("12:40"))}
    assert story(play(timeline))[-1] == ("closed", "12:14")


def test_series_whose_closing_bucket_was_gone_on_without_closes_at_its_last_elevated_bucket() -> None:
    timeline = day(last="12:20").outage("reports", SURGE, minute("12:00"))
    for bucket in range(minute("12:10"), minute("12:21")):
        del timeline.minutes["twitter", "reports", bucket]
    closed = play(timeline)[-1]
    assert (closed.change, closed.time, closed.clocks.ended) == ("closed", clock("12:11"), clock("12:05"))


def test_confidence_rises_with_the_second_witness() -> None:
    one = play(day(last="12:02").outage("errors", SURGE, minute("12:00"), evidence=9.0))[0]
    both = day(last="12:02").outage("errors", SURGE, minute("12:00"), evidence=9.0)
    two = play(both.outage("reports", SURGE, minute("12:00"), evidence=9.0))[0]
    assert 0.85 < one.confidence < 0.95 < two.confidence <= LIMIT


def test_new_window_is_never_dated_back_into_the_one_before_it() -> None:
    timeline = day(last="14:00").outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    timeline.outage("reports", SURGE, minute("12:40"), closes=minute("12:55"))
    timeline.outage("errors", [20] * 60, minute("11:58"), detected=minute("12:45"))
    newest = play(timeline)[-1]
    assert newest.window == "twitter-20220714T124000Z"
    assert newest.clocks.started == clock("12:05")


def lingering_region(closes: str | None) -> Timeline:
    """The whole service is out of bounds for five minutes; FR too, but the detector does not see its end for hours."""
    timeline = day(last="14:00").outage("reports", SURGE, minute("12:00"), closes=minute("12:13"))
    ends = None if closes is None else minute(closes)
    return timeline.outage("reports", SURGE, minute("12:00"), region="FR", closes=ends)


def test_a_quiet_region_does_not_hold_open_what_has_ended_for_the_whole_service() -> None:
    told = play(lingering_region(closes=None))
    assert story(told)[-1] == ("closed", "12:20")  # a quarter of an hour after FR's last minute out of bounds, 12:04
    assert told[-1].clocks.ended == clock("12:05")


def test_when_the_detector_closes_that_region_at_last_nothing_more_is_said() -> None:
    assert play(lingering_region(closes="13:30")) == play(lingering_region(closes=None))


def test_a_new_opening_of_that_region_counts_again() -> None:
    timeline = lingering_region(closes="13:30").outage("reports", SURGE, minute("13:40"), region="FR")
    assert ("opened", "13:43") in story(play(timeline))


def test_a_region_alone_stays_open_until_it_closes() -> None:
    timeline = day(last="13:30").outage("reports", SURGE, minute("12:00"), region="FR", closes=minute("13:00"))
    assert story(play(timeline))[-1] == ("closed", "13:01")
