"""Official statements: which window they join, the clocks they set, and when they were wrong."""

from __future__ import annotations

import pytest

from streams.contracts.windows import Window
from tests.unit.windows.builders import FakeCatalogue, FakeProvider, FakeService, Timeline, clock, minute, play, story

ON_AWS = FakeCatalogue(
    {"aws": FakeService(), "reddit": FakeService(), "twitter": FakeService(providers=(FakeProvider("aws", "primary"),))}
)


def outage(first: str = "11:00", last: str = "14:00") -> Timeline:
    """12:00 to 12:30, opened at 12:03, closed at 12:41."""
    timeline = Timeline(minute(first), minute(last), services=("aws", "reddit", "twitter"))
    return timeline.outage("reports", [60] * 30, minute("12:00"), closes=minute("12:40"))


def newest(timeline: Timeline) -> Window:
    return [revision for revision in play(timeline, ON_AWS) if revision.service == "twitter"][-1]


@pytest.mark.parametrize("status", ["investigating", "identified", "monitoring"])
def test_first_admission_is_the_acknowledgement(status: str) -> None:
    timeline = outage().say(status, "12:20", offset=1).say("identified", "12:25", offset=2)  # type: ignore[arg-type]
    window = newest(timeline)
    assert (window.clocks.acknowledged, window.lags_s.acknowledged) == (clock("12:20"), 1_200)


def test_statement_is_published_in_the_bucket_in_which_it_takes_effect() -> None:
    revisions = play(outage().say("investigating", "12:10", offset=1, effective="12:20"), ON_AWS)
    told = next(revision for revision in revisions if revision.statements)
    assert (told.change, told.time) == ("updated", clock("12:21"))
    assert told.clocks.acknowledged == clock("12:10")


def test_first_resolved_is_the_all_clear() -> None:
    timeline = outage().say("investigating", "12:20", offset=1)
    timeline.say("resolved", "12:35", offset=2).say("resolved", "12:50", offset=3)
    window = newest(timeline)
    assert (window.clocks.all_clear, window.lags_s.all_clear) == (clock("12:35"), 2_100)


def test_operational_after_an_acknowledgement_is_the_all_clear() -> None:
    timeline = outage().say("monitoring", "12:20", offset=1).say("operational", "12:35", offset=2)
    window = newest(timeline)
    assert window.clocks.all_clear == clock("12:35")
    assert [statement.contradicted for statement in window.statements] == [None, None]


def test_operational_before_any_acknowledgement_was_contradicted_until_then() -> None:
    window = newest(outage().say("operational", "12:10", offset=1).say("investigating", "12:20", offset=2))
    contradicted = window.statements[0].contradicted
    assert contradicted is not None
    assert (contradicted.from_, contradicted.to) == (clock("12:10"), clock("12:20"))
    assert window.clocks.all_clear is None


def test_operational_that_was_never_corrected_was_contradicted_until_the_end() -> None:
    contradicted = newest(outage().say("operational", "12:10", offset=1)).statements[0].contradicted
    assert contradicted is not None
    assert contradicted.to == clock("12:30")


def test_operational_from_before_the_outage_was_contradicted_from_its_start() -> None:
    contradicted = newest(outage().say("operational", "11:50", offset=1)).statements[0].contradicted
    assert contradicted is not None
    assert contradicted.from_ == clock("12:00")


def test_operational_after_the_end_contradicts_nothing() -> None:
    assert newest(outage().say("operational", "12:50", offset=1)).statements[0].contradicted is None


def test_statement_after_the_end_revises_the_closed_window() -> None:
    revisions = play(outage().say("resolved", "13:30", offset=1), ON_AWS)
    assert story(revisions)[-2:] == [("closed", "12:41"), ("updated", "13:31")]
    assert (revisions[-1].state, revisions[-1].clocks.all_clear) == ("closed", clock("13:30"))
    assert revisions[-1].witnesses == revisions[-2].witnesses


def test_statement_24_hours_after_the_end_is_too_late() -> None:
    timeline = outage()
    timeline.last += 24 * 60
    in_time, too_late = minute("12:29") + 24 * 60, minute("12:30") + 24 * 60
    timeline.say("identified", "12:00", offset=1).say("resolved", "12:00", offset=2)
    identified, resolved = timeline.statements.pop(minute("12:00"))
    for at, bucket in ((identified, in_time), (resolved, too_late)):
        day, time = "2022-07-15", f"{bucket // 60 % 24:02}:{bucket % 60:02}"
        moved = type(at)(f"{day}T{time}:00.000Z", at.offset, at.statement)
        timeline.statements[bucket] = [moved]
    assert [statement.status for statement in newest(timeline).statements] == ["identified"]


def test_statement_made_before_the_window_opened_counts() -> None:
    opened = play(outage(last="12:02").say("investigating", "12:01", offset=1), ON_AWS)[0]
    assert opened.clocks.acknowledged == clock("12:01")


def test_statement_made_before_the_start_is_taken_in_once_that_is_dated_back() -> None:
    timeline = outage().say("investigating", "11:25", offset=1)
    timeline.outage("errors", [20] * 40, minute("11:50"), detected=minute("12:25"), closes=minute("12:45"))
    window = newest(timeline)
    assert window.clocks.started == clock("11:50")
    assert window.clocks.acknowledged == clock("11:25")
    assert window.lags_s.acknowledged == -1_500


def test_statement_dated_more_than_half_an_hour_before_the_start_speaks_of_something_else() -> None:
    assert newest(outage().say("investigating", "11:29", offset=1)).statements == []


def test_resolved_from_before_the_start_ends_nothing() -> None:
    window = newest(outage().say("resolved", "11:45", offset=1))
    assert (len(window.statements), window.clocks.all_clear) == (1, None)


def test_statement_of_another_service_is_not_taken_in() -> None:
    assert newest(outage().say("investigating", "12:20", offset=1, about="reddit")).statements == []


def test_providers_statement_is_evidence_and_acknowledges_only_its_own() -> None:
    window = newest(outage().say("investigating", "12:20", offset=1, about="aws", by="AWS"))
    assert [statement.about for statement in window.statements] == ["aws"]
    assert window.clocks.acknowledged is None


def test_providers_operational_is_no_contradiction() -> None:
    window = newest(outage().say("operational", "12:20", offset=1, about="aws", by="AWS"))
    assert window.statements[0].contradicted is None


def test_statement_in_both_signals_reports_is_taken_once() -> None:
    assert len(newest(outage().say("investigating", "12:20", offset=1)).statements) == 1


def test_repeated_offset_is_dropped() -> None:
    timeline = outage().say("investigating", "12:20", offset=1).say("identified", "12:25", offset=1)
    assert [statement.status for statement in newest(timeline).statements] == ["investigating"]


def test_statement_on_one_outage_does_not_acknowledge_the_next() -> None:
    timeline = outage(last="15:00").say("investigating", "13:20", offset=1)
    timeline.outage("reports", [60] * 30, minute("13:40"), closes=minute("14:20"))
    window = newest(timeline)
    assert window.window == "twitter-20220714T134000Z"
    assert (window.statements, window.clocks.acknowledged) == ([], None)


def test_statements_stand_in_order_of_their_own_time() -> None:
    timeline = outage().say("identified", "12:25", offset=1).say("investigating", "12:20", offset=2, effective="12:26")
    assert [statement.status for statement in newest(timeline).statements] == ["investigating", "identified"]
    assert newest(timeline).clocks.acknowledged == clock("12:20")
