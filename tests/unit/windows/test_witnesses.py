"""Totals, peaks and scores of both witnesses, from the start on, however late it became known."""

from __future__ import annotations

from streams.contracts.windows import Window
from streams.windows.state import KEPT_BUCKETS
from tests.unit.windows.builders import Minute, Timeline, clock, minute, play

COUNTS = [20, 60, 200, 100, 30]


def closed_reports(counts: list[int] = COUNTS) -> Window:
    timeline = Timeline(minute("11:50"), minute("13:00"))
    return play(timeline.outage("reports", counts, minute("12:00"), closes=minute("12:20")))[-1]


def test_total_is_the_exact_sum_from_start_to_the_end_of_the_witness() -> None:
    reports = closed_reports().witnesses.reports
    assert (reports.total, reports.expected, reports.excess) == (410, 15.0, 395.0)


def test_total_while_open_runs_until_now() -> None:
    timeline = Timeline(minute("11:50"), minute("12:02")).outage("reports", COUNTS, minute("12:00"))
    assert play(timeline)[-1].witnesses.reports.total == 280


def test_counts_after_the_dated_back_end_are_left_out() -> None:
    timeline = Timeline(minute("11:50"), minute("13:00"))
    timeline.outage("reports", [*COUNTS, 11, 10, 11], minute("12:00"), closes=minute("12:20"), elevated=minute("12:04"))
    assert play(timeline)[-1].witnesses.reports.total == 410


def test_normal_witness_is_summed_over_the_same_stretch() -> None:
    errors = closed_reports().witnesses.errors
    assert (errors.direction, errors.state, errors.total, errors.expected) == ("none", "normal", 15, 15.0)


def test_both_witnesses_count_from_the_start_though_one_opened_later() -> None:
    timeline = Timeline(minute("11:50"), minute("12:12")).outage("errors", [50] * 10, minute("12:00"))
    timeline.outage("reports", [40] * 5, minute("12:08"))
    newest = play(timeline)[-1]
    assert newest.witnesses.reports.total == 8 * 3 + 3 * 40


def test_start_dated_back_takes_earlier_buckets_in() -> None:
    timeline = Timeline(minute("11:00"), minute("12:20")).outage("errors", [50] * 10, minute("12:00"))
    timeline.outage("reports", [10] * 30, minute("11:45"), detected=minute("12:10"))
    newest = play(timeline)[-1]
    assert newest.clocks.started == clock("11:45")
    assert newest.witnesses.reports.total == 26 * 10
    assert newest.witnesses.errors.total == 15 * 3 + 10 * 50 + 3


def test_window_longer_than_is_kept_bucket_by_bucket_is_summed_exactly() -> None:
    minutes = KEPT_BUCKETS + 100
    timeline = Timeline(minute("00:00"), minute("18:00"))
    timeline.outage("reports", [50] * minutes, minute("01:00"), closes=minute("01:00") + minutes + 10)
    reports = play(timeline)[-1].witnesses.reports
    assert (reports.total, reports.expected) == (50 * minutes, 3.0 * minutes)


def test_witness_that_ended_long_before_the_other_keeps_its_own_total() -> None:
    minutes = KEPT_BUCKETS + 100
    timeline = Timeline(minute("00:00"), minute("18:00"))
    timeline.outage("reports", [50] * minutes, minute("01:00"), closes=minute("01:00") + minutes + 10)
    timeline.outage("errors", [70] * 5, minute("01:00"), closes=minute("01:20"))
    errors = play(timeline)[-1].witnesses.errors
    assert errors.total == 350


def test_witness_elevated_again_after_a_long_lull_counts_the_lull_too() -> None:
    minutes, again = KEPT_BUCKETS + 100, minute("01:00") + KEPT_BUCKETS + 60
    timeline = Timeline(minute("00:00"), minute("18:00"))
    timeline.outage("reports", [50] * minutes, minute("01:00"), closes=minute("01:00") + minutes + 10)
    timeline.outage("errors", [70] * 5, minute("01:00"), closes=minute("01:20"))
    timeline.outage("errors", [70] * 5, again, closes=again + 15)
    errors = play(timeline)[-1].witnesses.errors
    assert errors.total == 2 * 350 + 3 * (KEPT_BUCKETS + 60 - 5)


def test_peak_of_a_surge_is_the_bucket_with_the_largest_excess() -> None:
    newest = closed_reports()
    peak = newest.witnesses.reports.peak
    assert peak is not None
    assert (peak.time, peak.count, peak.expected, peak.lower, peak.upper) == (clock("12:02"), 200, 3.0, 0.0, 9.0)
    assert newest.clocks.peak == clock("12:02")


def test_peak_of_a_drop_is_the_bucket_with_the_lowest_share() -> None:
    timeline = Timeline(minute("11:50"), minute("13:00"))
    counts = [80, 30, 10, 40, 90]
    timeline.outage("errors", counts, minute("12:00"), direction="drop", expected=100.0, closes=minute("12:20"))
    errors = play(timeline)[-1].witnesses.errors
    assert errors.direction == "drop"
    assert errors.peak is not None
    assert (errors.peak.time, errors.peak.count) == (clock("12:02"), 10)
    assert (errors.total, errors.excess) == (250, -250.0)


def test_score_is_the_highest_of_the_window_and_capped_at_300() -> None:
    timeline = Timeline(minute("11:50"), minute("12:02")).outage("reports", COUNTS, minute("12:00"))
    extreme = timeline.minutes["twitter", "reports", minute("12:01")]
    timeline.minutes["twitter", "reports", minute("12:01")] = Minute(60, 3.0, extreme.states, score=4_000.0)
    assert play(timeline)[-1].witnesses.reports.score == 300.0


def test_absent_witness_has_no_numbers() -> None:
    timeline = Timeline(minute("11:50"), minute("13:00"), absent={("twitter", "errors")})
    newest = play(timeline.outage("reports", COUNTS, minute("12:00"), closes=minute("12:20")))[-1]
    errors = newest.witnesses.errors
    assert (errors.direction, errors.state) == ("none", "absent")
    assert [errors.total, errors.expected, errors.excess, errors.peak, errors.score] == [None] * 5
    assert newest.quality.blind_s == 0


def test_signal_that_never_comes_is_not_blind_though_its_topic_is() -> None:
    timeline = Timeline(minute("11:50"), minute("12:05"), absent={("twitter", "errors")})
    timeline.blind = {("errors", bucket) for bucket in range(minute("12:00"), minute("12:04"))}
    newest = play(timeline.outage("reports", COUNTS, minute("12:00")))[-1]
    assert (newest.witnesses.errors.state, newest.quality.blind_s) == ("absent", 0)


def test_absent_reports_are_not_counted_as_none() -> None:
    timeline = Timeline(minute("11:50"), minute("12:05"), absent={("twitter", "reports")})
    assert play(timeline.outage("errors", COUNTS, minute("12:00")))[-1].affected.reports is None


def test_blind_bucket_counts_what_came_and_expects_nothing_beyond_it() -> None:
    timeline = Timeline(minute("11:50"), minute("13:00"), blind={("reports", minute("12:03"))})
    reports = play(timeline.outage("reports", COUNTS, minute("12:00"), closes=minute("12:20")))[-1].witnesses.reports
    assert (reports.total, reports.expected) == (410, 12.0 + 100)


def test_blind_bucket_is_no_peak() -> None:
    timeline = Timeline(minute("11:50"), minute("13:00"), blind={("reports", minute("12:02"))})
    reports = play(timeline.outage("reports", COUNTS, minute("12:00"), closes=minute("12:20")))[-1].witnesses.reports
    assert reports.peak is not None
    assert reports.peak.count == 100


def test_direction_is_that_of_the_strongest_evidence() -> None:
    timeline = Timeline(minute("11:50"), minute("13:00"))
    timeline.outage("errors", [20] * 5, minute("12:00"), closes=minute("12:14"), evidence=12.0)
    timeline.outage("errors", [0] * 5, minute("12:20"), closes=minute("12:34"), evidence=90.0, direction="drop")
    assert play(timeline)[-1].witnesses.errors.direction == "drop"


def test_weaker_evidence_that_follows_does_not_turn_the_direction() -> None:
    timeline = Timeline(minute("11:50"), minute("13:00"))
    timeline.outage("errors", [20] * 5, minute("12:00"), closes=minute("12:14"), evidence=90.0)
    timeline.outage("errors", [0] * 5, minute("12:20"), closes=minute("12:34"), evidence=12.0, direction="drop")
    newest = play(timeline)[-1]
    assert newest.witnesses.errors.direction == "surge"
    assert newest.confidence == 0.9999


def test_baseline_is_the_poorest_while_a_witness_was_elevated() -> None:
    timeline = Timeline(minute("11:50"), minute("12:05")).outage("reports", COUNTS, minute("12:00"))
    states = timeline.minutes["twitter", "reports", minute("12:02")].states
    timeline.minutes["twitter", "reports", minute("12:02")] = Minute(200, 3.0, states, baseline="warming", days=3)
    timeline.minutes["twitter", "errors", minute("12:02")] = Minute(baseline="cold", days=0)  # never elevated
    quality = play(timeline)[-1].quality
    assert (quality.baseline, quality.baseline_days) == ("warming", 3)


def test_late_events_of_the_window_are_summed() -> None:
    timeline = Timeline(minute("11:50"), minute("12:05")).outage("reports", COUNTS, minute("12:00"))
    timeline.minutes["twitter", "errors", minute("12:01")] = Minute(late=4)
    timeline.minutes["twitter", "errors", minute("11:59")] = Minute(late=100)
    assert play(timeline)[-1].quality.late == 4


def test_incomplete_bucket_marks_the_window() -> None:
    timeline = Timeline(minute("11:50"), minute("12:05"), incomplete={("errors", minute("12:01"))})
    assert play(timeline.outage("reports", COUNTS, minute("12:00")))[-1].quality.incomplete


def test_incomplete_bucket_before_the_start_does_not() -> None:
    timeline = Timeline(minute("11:50"), minute("12:05"), incomplete={("errors", minute("11:59"))})
    assert not play(timeline.outage("reports", COUNTS, minute("12:00")))[-1].quality.incomplete
