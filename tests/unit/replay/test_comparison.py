"""Two lists of windows compared: which are pairs, and what of each moved."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from streams.catalogue import parse_catalogue
from streams.contracts.windows import Clocks, Window
from streams.replay.comparison import Compared, compare, standing
from streams.replay.loading import parse_scenario
from streams.replay.scenario_run import backtest_scenario
from streams.settings import Settings
from tests.unit.windows.told import clock, ended, told


def window(started: str, ended_at: str | None, *, service: str = "twitter", opened: str | None = None) -> Window:
    """An outage of 14 July; one that is open goes on until 23:00."""
    clocks = Clocks(clock(started), clock(opened or started), ended=None if ended_at is None else clock(ended_at))
    state = "open" if ended_at is None else "closed"
    return told(service=service, window=f"{service}-{started}", clocks=clocks, state=state, time=clock("23:00"))


def kinds(found: list[Compared]) -> list[tuple[str, str | None, str | None]]:
    return [(c.difference, c.a.window if c.a else None, c.b.window if c.b else None) for c in found]


def test_the_same_windows_are_the_same() -> None:
    (only,) = compare([ended()], [ended()])
    assert (only.difference, only.service, only.moved) == ("same", "twitter", None)
    assert only.a == only.b


def test_clocks_that_differ_are_told_in_minutes() -> None:
    (only,) = compare([window("12:00", "13:00", opened="12:02")], [window("11:58", "13:05", opened="12:03")])
    assert only.difference == "moved"
    assert only.moved is not None
    assert (only.moved.started, only.moved.opened, only.moved.ended) == (-2.0, 1.0, 5.0)


def test_the_same_times_judged_otherwise() -> None:
    (worse,) = compare([ended()], [ended(severity="major")])
    assert (worse.difference, worse.a and worse.a.severity, worse.b and worse.b.severity) == (
        "judged", "critical", "major",
    )  # fmt: skip
    blamed = ended(cause=replace(ended().cause, verdict="provider", of="aws"))
    (other,) = compare([ended()], [blamed])
    assert (other.difference, other.b and other.b.verdict) == ("judged", "provider:aws")


def test_what_only_one_of_them_has_is_gained_or_lost_and_all_stand_in_order_of_time() -> None:
    a = [window("10:00", "10:30"), window("12:00", "13:00")]
    b = [window("12:00", "13:00"), window("09:00", "09:10", service="slack")]
    assert kinds(compare(a, b)) == [
        ("gained", None, "slack-09:00"),
        ("lost", "twitter-10:00", None),
        ("same", "twitter-12:00", "twitter-12:00"),
    ]


def test_windows_of_other_services_are_no_pair_however_they_overlap() -> None:
    found = compare([window("12:00", "13:00")], [window("12:00", "13:00", service="slack")])
    assert {kind for kind, _, _ in kinds(found)} == {"gained", "lost"}


def test_of_several_that_overlap_the_longest_overlap_makes_the_pair() -> None:
    found = compare([window("12:00", "13:00")], [window("11:50", "12:05"), window("12:10", "13:10")])
    assert kinds(found) == [("gained", None, "twitter-11:50"), ("moved", "twitter-12:00", "twitter-12:10")]


def test_windows_that_do_not_overlap_are_no_pair() -> None:
    found = compare([window("12:00", "12:30")], [window("12:31", "13:00")])
    assert kinds(found) == [("lost", "twitter-12:00", None), ("gained", None, "twitter-12:31")]


def test_an_open_window_lasts_to_the_end_and_ending_is_a_move() -> None:
    (only,) = compare([window("12:00", None)], [window("12:00", "22:00")])
    assert (only.difference, only.moved and only.moved.ended) == ("moved", None)
    assert compare([window("12:00", None)], [window("12:00", None)])[0].difference == "same"


def test_the_newest_revision_stands_and_a_retracted_window_does_not() -> None:
    other = window("13:00", "14:00", service="slack")
    retracted = replace(other, revision=2, state="retracted")
    assert standing([told(), other, ended(), retracted]) == [ended()]


def test_a_service_that_may_hardly_ever_cry_wolf_finds_a_weak_outage_later() -> None:
    """The real core, twice over the same events."""
    file = Path(__file__).parents[2] / "kafka" / "short-outage.yaml"
    text = file.read_text(encoding="utf-8").replace("per_minute: 200", "per_minute: 45").replace(": 90", ": 20")
    scenario = parse_scenario(text.replace("per_minute: 60, source", "per_minute: 16, source"), str(file))
    settings = Settings(clock="record", tallies_partitions=1, errors_partitions=1, reports_partitions=1)

    def found(per_year: float) -> list[Window]:
        entry = f"{{id: twitter, names: {{en: Twitter}}, regions: [US, GB], false_opens_per_year: {per_year:.6f}}}"
        catalogue = parse_catalogue(f"services: [{entry}, {{id: slack, names: {{en: Slack}}}}]", "own.yaml")
        return standing(backtest_scenario(scenario, catalogue, settings))

    (only,) = compare(found(52), found(0.000001))
    assert (only.difference, only.service) == ("moved", "twitter")
    assert only.moved is not None
    assert only.moved.opened >= 1
    assert abs(only.moved.started) <= 1
