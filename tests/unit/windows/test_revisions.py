"""A revision is published when something a reader would act on changed, at most one a bucket, without gaps."""

from __future__ import annotations

from collections import Counter

from streams.contracts.times import parse_time_ms
from streams.windows.correlator import Correlator
from tests.unit.windows.builders import (
    FakeCatalogue,
    FakeMaintenance,
    FakeService,
    Timeline,
    clock,
    minute,
    play,
    story,
)


def day(last: str = "13:00") -> Timeline:
    return Timeline(minute("11:50"), minute(last))


def test_nothing_is_published_while_nothing_changes() -> None:
    timeline = day().outage("reports", [30] * 60, minute("12:00"))
    assert story(play(timeline)) == [("opened", "12:03"), ("updated", "12:05")]  # major after five minutes


def test_peak_is_news_when_it_has_grown_by_a_quarter() -> None:
    timeline = day("12:12").outage("reports", [5, 5, 5, 6, 7, 7, 7, 7], minute("12:00"), expected=1.0)
    # Excess 4, then 5 (a quarter more), then 6 (less than a quarter more than 5).
    assert story(play(timeline)) == [("opened", "12:03"), ("updated", "12:04")]


def test_new_peak_after_a_decline_is_news_however_little_higher() -> None:
    counts = [21, 21, 21, 21, 21, 21, 6, 6, 22, 22]
    timeline = day("12:12").outage("reports", counts, minute("12:00"), expected=1.0)
    assert story(play(timeline))[-1] == ("updated", "12:09")


def test_new_peak_without_a_decline_is_not() -> None:
    counts = [21, 21, 21, 21, 21, 21, 21, 21, 22, 22]
    timeline = day("12:12").outage("reports", counts, minute("12:00"), expected=1.0)
    assert ("updated", "12:09") not in story(play(timeline))


def test_region_that_becomes_affected_is_news() -> None:
    timeline = day("12:30").outage("reports", [30] * 31, minute("12:00"))
    timeline.outage("reports", [30] * 16, minute("12:15"), region="GB")
    revisions = play(timeline)
    assert story(revisions)[-1] == ("updated", "12:18")
    assert [region.region for region in revisions[-1].regions if region.affected] == ["GB"]


def test_witness_that_joins_or_leaves_is_news() -> None:
    timeline = day().outage("reports", [30] * 60, minute("12:00"))
    timeline.outage("errors", [9] * 5, minute("12:20"), closes=minute("12:35"))
    assert story(play(timeline))[-2:] == [("updated", "12:23"), ("updated", "12:36")]


def test_revisions_have_no_gaps_and_at_most_one_a_bucket() -> None:
    timeline = day().outage("reports", [5, 20, 100, 400, 900, 500, 200, 90, 30, 10], minute("12:00"))
    timeline.outage("errors", [20] * 10, minute("12:01"), closes=minute("12:20"))
    timeline.say("investigating", "12:04", offset=1).say("resolved", "12:30", offset=2)
    timeline.judge("acknowledged", "12:04", "twitter-20220714T120000Z", offset=1)
    revisions = play(timeline)
    assert [revision.revision for revision in revisions] == list(range(1, len(revisions) + 1))
    assert max(Counter(revision.time for revision in revisions).values()) == 1


def test_new_owner_gets_the_newest_revision_of_every_open_window() -> None:
    timeline = Timeline(minute("11:50"), minute("12:20"), services=("instagram", "twitter"))
    timeline.outage("reports", [30] * 60, minute("12:00"))
    timeline.outage("reports", [30] * 5, minute("12:00"), service="instagram", closes=minute("12:15"))
    correlator = Correlator(FakeCatalogue({}), "outages.")
    revisions = play(timeline, correlator=correlator)
    newest = [revision for revision in revisions if revision.service == "twitter"][-1]
    assert correlator.open_windows() == [newest]


def test_severity_never_falls() -> None:
    """Critical after ten minutes; the end, once seen, is dated back to the sixth."""
    timeline = day().outage("reports", [2_000] * 6, minute("12:00"), closes=minute("12:20"))
    revisions = play(timeline)
    assert ("critical", clock("12:10")) in [(revision.severity, revision.time) for revision in revisions]
    assert (revisions[-1].change, revisions[-1].severity) == ("closed", "critical")


def test_window_in_planned_maintenance_is_marked() -> None:
    work = FakeMaintenance(parse_time_ms(clock("12:01")), parse_time_ms(clock("12:30")))
    catalogue = FakeCatalogue({"twitter": FakeService(maintenance=(work,))})
    timeline = day("12:02").outage("reports", [30] * 3, minute("12:00"))
    assert play(timeline, catalogue)[-1].quality.maintenance


def test_window_after_planned_maintenance_is_not() -> None:
    work = FakeMaintenance(parse_time_ms(clock("11:00")), parse_time_ms(clock("12:00")))
    catalogue = FakeCatalogue({"twitter": FakeService(maintenance=(work,))})
    timeline = day("12:02").outage("reports", [30] * 3, minute("12:00"))
    assert not play(timeline, catalogue)[-1].quality.maintenance


def test_window_that_outlasts_planned_maintenance_is_told_again_and_says_so() -> None:
    work = FakeMaintenance(parse_time_ms(clock("11:58")), parse_time_ms(clock("12:10")))
    catalogue = FakeCatalogue({"twitter": FakeService(maintenance=(work,))})
    revisions = play(day("12:40").outage("reports", [30] * 41, minute("12:00")), catalogue)
    assert next(revision.time for revision in revisions if revision.quality.maintenance_overran) == clock("12:21")
    assert all(revision.quality.maintenance for revision in revisions)


def test_window_that_ends_soon_after_planned_maintenance_has_not_outlasted_it() -> None:
    work = FakeMaintenance(parse_time_ms(clock("11:58")), parse_time_ms(clock("12:10")))
    catalogue = FakeCatalogue({"twitter": FakeService(maintenance=(work,))})
    revisions = play(day("12:40").outage("reports", [30] * 15, minute("12:00"), closes=minute("12:24")), catalogue)
    assert revisions[-1].change == "closed"
    assert not any(revision.quality.maintenance_overran for revision in revisions)


def test_service_that_the_catalogue_does_not_know_has_windows_all_the_same() -> None:
    timeline = day("12:02").outage("reports", [30] * 3, minute("12:00"))
    opened = play(timeline, FakeCatalogue({}))[0]
    assert [candidate.candidate for candidate in opened.cause.candidates] == ["own", "undetermined"]


def test_surge_that_lingers_has_two_phases() -> None:
    timeline = day().outage("reports", [50, 400, 1000, 500] + [40] * 20, minute("12:00"), closes=minute("12:40"))
    surge, lingering = play(timeline)[-1].phases
    assert (surge.kind, surge.from_, surge.to, surge.peak) == ("surge", clock("12:00"), clock("12:04"), 1000)
    assert (lingering.kind, lingering.from_, lingering.to) == ("lingering", clock("12:04"), clock("12:24"))
    assert (surge.share, lingering.share) == (0.709091, 0.290909)


def test_phases_end_with_the_outage_though_its_end_was_seen_hours_later() -> None:
    timeline = Timeline(minute("11:50"), minute("18:00"))
    counts = [500, 1000, 800, 40, 40, *[8] * 300]
    timeline.outage("reports", counts, minute("12:00"), elevated=minute("12:04"), closes=minute("17:30"))
    newest = play(timeline)[-1]
    assert [(phase.kind, phase.to) for phase in newest.phases] == [
        ("surge", clock("12:03")),
        ("lingering", clock("12:05")),
    ]
    assert newest.witnesses.reports.total == 2_380


def test_second_surge_is_a_phase_of_its_own() -> None:
    counts = [900, 1000, 900, 40, 40, 700, 800, 30]
    timeline = day().outage("reports", counts, minute("12:00"), closes=minute("12:30"))
    assert [phase.kind for phase in play(timeline)[-1].phases] == ["surge", "lingering", "surge", "lingering"]


def test_slow_rise_belongs_to_the_surge() -> None:
    counts = [30, 4, 4, 200, 1000, 600]
    timeline = day().outage("reports", counts, minute("12:00"), closes=minute("12:30"))
    assert [phase.kind for phase in play(timeline)[-1].phases] == ["surge"]
