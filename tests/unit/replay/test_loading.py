"""Scenario files: what is taken, and what is refused with file, line, cause and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.contracts.times import parse_time_ms
from streams.replay.loading import ScenarioError, load_scenario, parse_scenario, shipped_scenarios
from tests.unit.replay.builders import SMALL, changed, small

NOON = "2022-07-14T12:00:00Z"


def refusal(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "small.yaml")
    message = str(caught.value)
    assert "\n" not in message
    return message


def line_with(text: str, part: str) -> int:
    """The last line that holds `part`."""
    return max(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_times_are_milliseconds_after_loading() -> None:
    scenario = small()
    assert scenario.start_ms == parse_time_ms("2022-07-14T11:00:00Z")
    assert scenario.services[0].reports is not None
    assert scenario.services[0].reports.curve[0].time_ms == parse_time_ms(NOON)


def test_norway_is_no_boolean() -> None:
    assert list(small().services[0].regions[0].shares) == ["US", "NO"]


@pytest.mark.parametrize(
    ("old", "new", "where", "cause"),
    [
        ("per_minute: 4,", "per_minute: 0,", "per_minute: 0,", "> 0"),
        ("per_minute: 4,", "per_minute: many,", "per_minute: many", "Expected `float`"),
        ("per_minute: 4,", "per_minut: 4,", "per_minut: 4", "unknown field `per_minut`"),
        ("seed: 7", "seed: 7\nseed: 8", "seed: 8", "stands twice"),
        ("seed: 7\n", "", "id: small", "missing required field `seed`"),
        ("start: 2022-07-14T11:00:00Z", "start: 2022-07-14T11:00:00", "start:", "time with an offset"),
        ("start: 2022-07-14T11:00:00Z", "start: 2022-07-14T11:03:00Z", "start:", "full ten minutes"),
        ("end: 2022-07-14T14:00:00Z", "end: 2022-07-14T11:00:00Z", "end:", "not after `start`"),
        ("zone: America/New_York", "zone: America/Gotham", "zone:", "no time zone `America/Gotham`"),
        ("  - id: bank", "  - id: shop", "  - id: shop", "stands twice"),
        ("per_quarter: 6000, source: invented", "per_quarter: 6000", "T12:10:00Z", "missing required field `source`"),
        ("per_quarter: 6000,", "per_quarter: 6000, per_minute: 400,", "T12:10:00Z", "exactly one of"),
        ("T12:10:00Z", "T12:40:00Z", "T12:30:00Z", "not in order of time"),
        ("T13:00:00Z", "T15:00:00Z", "T15:00:00Z", "outside start..end"),
        ("time: 2022-07-14T12:40:00Z", "time: 2022-07-14T14:40:00Z", "T14:40:00Z", "outside start..end"),
        ("status: investigating", "status: fine", "status: fine", "Invalid enum value"),
        ("share: 0.25", "share: 1.25", "share: 1.25", "<= 1"),
        ("shares: {US: 3, NO: 1}", "shares: {US: 0, NO: 0}", "US: 0", "sum to zero"),
        (', regions: ["NO"]}', "}", "collectors:", "exactly one collector"),
    ],
)
def test_bad_file_is_refused_with_its_line(old: str, new: str, where: str, cause: str) -> None:
    text = changed((old, new))
    message = refusal(text)
    expected = line_with(text, where)
    found = int(message.split(":")[1])
    assert message.startswith("small.yaml:")
    assert cause in message
    assert found == expected


def test_broken_yaml_is_refused_with_its_line() -> None:
    assert refusal(changed(("title: A shop", "title: [A shop"))).startswith("small.yaml:3:")


def test_an_empty_file_is_refused() -> None:
    assert "empty" in refusal("")


def test_an_alias_inside_itself_is_refused() -> None:
    assert "alias" in refusal("id: &a [*a]")


def test_expectation_of_a_service_that_is_not_there_is_refused() -> None:
    message = refusal(SMALL + "expect: {none_for: [shop, cinema]}\n")
    assert "`cinema` is no service of this scenario" in message


def test_unknown_scenario_names_the_shipped_ones() -> None:
    with pytest.raises(ScenarioError, match="shipped are quiet-week, twitter-2022-07-14; or give the path"):
        load_scenario("twiter")


def test_a_missing_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml: cannot be read"):
        load_scenario(tmp_path / "none.yaml")


def test_a_file_of_ones_own_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert load_scenario(path) == small()


def test_shipped_scenarios_are_listed_by_id() -> None:
    assert {"quiet-week", "twitter-2022-07-14"} <= set(shipped_scenarios())


def test_merge_keys_take_over_and_can_be_overridden() -> None:
    scenario = small(
        ("      usual: {per_minute: 60, wander: 0.05}", "      usual: &u {per_minute: 60, wander: 0.05}"),
        ("      usual: {per_minute: 30}", "      usual: {<<: *u, per_minute: 30}"),
    )
    assert scenario.services[1].reports is not None
    assert scenario.services[1].reports.usual.wander == 0.05
    assert scenario.services[1].reports.usual.per_minute == 30
