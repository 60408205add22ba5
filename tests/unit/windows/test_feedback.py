"""What an operator says of a window."""

from __future__ import annotations

from streams.contracts.series import FeedbackAt
from streams.windows.correlator import Correlator
from tests.unit.windows.builders import TWITTER, Timeline, clock, minute, play, story

WINDOW = "twitter-20220714T120000Z"


def outage(last: str = "14:00") -> Timeline:
    """12:00 to 12:30, opened at 12:03, closed at 12:41."""
    return Timeline(minute("11:50"), minute(last)).outage("reports", [60] * 30, minute("12:00"), closes=minute("12:40"))


def test_false_alarm_retracts() -> None:
    revisions = play(outage().judge("false_alarm", "12:20", WINDOW, offset=1))
    assert story(revisions)[-1] == ("retracted", "12:21")
    assert revisions[-1].state == "retracted"
    assert (revisions[-1].operator.action, revisions[-1].operator.by) == ("false_alarm", "ops")
    assert revisions[-1].operator.time == clock("12:20")


def test_retracted_window_closes_without_a_word() -> None:
    assert story(play(outage().judge("false_alarm", "12:20", WINDOW, offset=1)))[-1] == ("retracted", "12:21")


def test_closed_window_is_retracted_too() -> None:
    assert story(play(outage().judge("false_alarm", "13:20", WINDOW, offset=1)))[-1] == ("retracted", "13:21")


def test_confirmed_restores_to_what_the_window_is_by_then() -> None:
    timeline = outage().judge("false_alarm", "12:20", WINDOW, offset=1).judge("confirmed", "12:25", WINDOW, offset=2)
    restored = next(revision for revision in play(timeline) if revision.change == "restored")
    assert (restored.state, restored.time) == ("open", clock("12:26"))
    timeline = outage().judge("false_alarm", "12:20", WINDOW, offset=1).judge("confirmed", "12:50", WINDOW, offset=2)
    restored = next(revision for revision in play(timeline) if revision.change == "restored")
    assert (restored.state, restored.clocks.closed) == ("closed", clock("12:41"))


def test_restored_window_takes_in_what_was_said_meanwhile() -> None:
    timeline = outage().judge("false_alarm", "12:20", WINDOW, offset=1).judge("confirmed", "12:25", WINDOW, offset=2)
    timeline.say("investigating", "12:22", offset=1)
    assert play(timeline)[-1].clocks.acknowledged == clock("12:22")


def test_evidence_that_overlaps_a_retracted_window_opens_no_other() -> None:
    timeline = outage().judge("false_alarm", "12:20", WINDOW, offset=1)
    timeline.outage("errors", [20] * 40, minute("12:15"), closes=minute("13:10"))
    assert {revision.window for revision in play(timeline)} == {WINDOW}
    assert story(play(timeline))[-1] == ("retracted", "12:21")


def test_evidence_after_a_retracted_window_opens_a_new_one_at_once() -> None:
    timeline = outage().judge("false_alarm", "12:20", WINDOW, offset=1)
    timeline.outage("reports", [60] * 30, minute("12:50"))
    assert play(timeline)[-1].window == "twitter-20220714T125000Z"


def test_retracted_window_is_no_previous_outage() -> None:
    timeline = outage().judge("false_alarm", "12:20", WINDOW, offset=1)
    timeline.outage("reports", [60] * 30, minute("13:30"))
    previous = play(timeline)[-1].previous
    assert (previous.window, previous.count_365d) == (None, 0)


def test_statement_goes_to_the_outage_not_to_the_false_alarm_before_it() -> None:
    timeline = outage().judge("false_alarm", "12:20", WINDOW, offset=1).say("investigating", "12:48", offset=1)
    timeline.outage("reports", [60] * 30, minute("12:50"))
    newest = play(timeline)[-1]
    assert (newest.window, newest.clocks.acknowledged) == ("twitter-20220714T125000Z", clock("12:48"))


def test_acknowledged_sets_the_operator_and_no_clock() -> None:
    acknowledged = play(outage("12:20").judge("acknowledged", "12:20", WINDOW, offset=1))[-1]
    assert (acknowledged.change, acknowledged.operator.action) == ("updated", "acknowledged")
    assert acknowledged.clocks.acknowledged is None


def test_latest_in_log_order_holds() -> None:
    timeline = outage("12:20").judge("false_alarm", "12:20", WINDOW, offset=1)
    timeline.judge("confirmed", "12:20", WINDOW, offset=2)
    newest = play(timeline)[-1]
    assert (newest.change, newest.state, newest.operator.action) == ("updated", "open", "confirmed")


def test_feedback_on_an_unknown_window_changes_nothing_and_is_counted() -> None:
    correlator = Correlator(TWITTER, "outages.")
    timeline = outage("12:30").judge("false_alarm", "12:20", "twitter-20220101T000000Z", offset=1)
    timeline.judge("confirmed", "12:21", "nonsense", offset=2)
    assert "retracted" not in [change for change, _ in story(play(timeline, correlator=correlator))]
    assert correlator.unknown_feedback == 2


def test_repeated_feedback_is_counted_once() -> None:
    correlator = Correlator(TWITTER, "outages.")
    timeline = outage("12:30").judge("confirmed", "12:20", "nonsense", offset=1)
    timeline.feedback[minute("12:25")] = [FeedbackAt(clock("12:25"), 1, timeline.feedback[minute("12:20")][0].feedback)]
    play(timeline, correlator=correlator)
    assert correlator.unknown_feedback == 1


def test_feedback_reaches_a_window_of_the_day_before_yesterday() -> None:
    timeline = outage()
    timeline.last += 3 * 24 * 60
    timeline.judge("false_alarm", "12:20", WINDOW, offset=1).judge("confirmed", "12:21", WINDOW, offset=2)
    first, second = timeline.feedback.pop(minute("12:20")), timeline.feedback.pop(minute("12:21"))
    timeline.feedback[timeline.last - 60] = [FeedbackAt("2022-07-17T13:00:00.000Z", 1, first[0].feedback)]
    timeline.feedback[timeline.last - 30] = [FeedbackAt("2022-07-17T13:30:00.000Z", 2, second[0].feedback)]
    revisions = play(timeline)
    assert [(r.change, r.state, r.time) for r in revisions[-2:]] == [
        ("retracted", "retracted", "2022-07-17T13:01:00.000Z"),
        ("restored", "closed", "2022-07-17T13:31:00.000Z"),
    ]
    assert [revision.revision for revision in revisions] == list(range(1, len(revisions) + 1))


def test_feedback_reaches_the_window_before_the_newest() -> None:
    timeline = outage()
    timeline.outage("reports", [60] * 30, minute("13:20"))
    timeline.judge("false_alarm", "13:30", WINDOW, offset=1)
    revisions = play(timeline)
    assert [(r.window, r.change) for r in revisions if r.time == clock("13:31")] == [(WINDOW, "retracted")]
    later = timeline.judge("acknowledged", "13:40", "twitter-20220714T132000Z", offset=2)
    assert play(later)[-1].previous.window is None
