"""One alert per window: it fires, is updated on what matters, and is resolved, whatever is repeated or restarted."""

from __future__ import annotations

import msgspec
import pytest

from streams.alerts.book import AlertBook, Told
from streams.alerts.cloudevents import encode
from streams.contracts.alerts import AlertEvent
from streams.contracts.windows import Window
from tests.unit.windows.builders import Timeline, minute, play

SURGE = [20, 60, 200, 100, 30]


def outage() -> list[Window]:
    timeline = Timeline(minute("11:50"), minute("12:40")).outage(
        "reports", SURGE, minute("12:00"), closes=minute("12:13")
    )
    return play(timeline.say("investigating", "12:06", offset=1))


def told_of(revisions: list[Window]) -> list[Told]:
    book = AlertBook()
    return [told for revision in revisions if (told := book.take(revision)) is not None]


def test_a_window_fires_when_it_opens_and_is_resolved_when_it_closes() -> None:
    told = told_of(outage())
    assert told[0].state == "firing"
    assert told[-1].state == "resolved"
    assert [t.state for t in told].count("firing") == [t.state for t in told].count("resolved") == 1
    assert {t.alert.dedup_key for t in told} == {"twitter-20220714T120000Z"}


def test_it_is_updated_only_when_something_that_matters_changed() -> None:
    for before, after in zip(told_of(outage()), told_of(outage())[1:], strict=False):
        if after.state == "updated":
            assert (before.alert.severity, before.alert.summary) != (after.alert.severity, after.alert.summary)
    acknowledged = [t for t in told_of(outage()) if t.time == "2022-07-14T12:07:00.000Z"]
    assert [t.state for t in acknowledged] == ["updated"]


def test_repeated_revisions_say_nothing_again() -> None:
    revisions = outage()
    doubled = [revision for revision in revisions for _ in range(2)] + revisions
    assert told_of(doubled) == told_of(revisions)


def test_a_restart_anywhere_changes_nothing() -> None:
    revisions = outage()
    for cut in range(len(revisions)):
        book, found = AlertBook(), []
        for index, revision in enumerate(revisions):
            if index == cut:
                blocks = book.snapshot()
                book = AlertBook()
                book.restore(blocks)
            if (told := book.take(revision)) is not None:
                found.append(told)
        assert found == told_of(revisions)


def test_what_outlasts_planned_maintenance_fires_after_it() -> None:
    revisions = outage()
    for index, revision in enumerate(revisions):
        revision.quality.maintenance = True
        revision.quality.maintenance_overran = index >= 2
    told = told_of(revisions)
    assert (told[0].state, told[0].revision) == ("firing", revisions[2].revision)
    assert told[-1].state == "resolved"


@pytest.mark.parametrize("change", ["maintenance", "silenced"])
def test_maintenance_and_silence_hold_alerts_back(change: str) -> None:
    revisions = outage()
    for revision in revisions:
        if change == "maintenance":
            revision.quality.maintenance = True
        else:
            revision.operator.action = "silenced"
    assert told_of(revisions) == []


def test_the_record_is_a_cloud_event() -> None:
    told = told_of(outage())[0]
    event = msgspec.json.decode(encode(told, "outages."), type=AlertEvent)
    assert (event.type, event.source) == ("org.outage-streams.alert.firing", "/outages/outages.")
    assert event.id == f"alert-twitter-20220714T120000Z/{told.revision}"
    assert event.data.starts_at == "2022-07-14T12:00:00.000Z"
    assert "12:00 UTC" in event.data.text["en"]
