"""Every shipped scenario through the pure core: what it expects comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from streams.catalogue import load_catalogue
from streams.contracts.windows import Window
from streams.replay.expectation import unmet
from streams.replay.loading import load_scenario, shipped_scenarios
from streams.replay.scenario import Scenario
from streams.replay.scenario_run import backtest_scenario
from streams.settings import load_settings


def run(scenario: Scenario, tallies_partitions: int) -> list[Window]:
    environ = {"OUTAGES_TALLIES_PARTITIONS": str(tallies_partitions)}
    settings = load_settings({"clock": "record"}, environ, Path(__file__).parent)
    return list(backtest_scenario(scenario, load_catalogue(), settings))


@pytest.mark.timeout(420)
@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_shipped_scenario_gives_what_it_expects(name: str) -> None:
    scenario = load_scenario(name)
    assert unmet(scenario.expect, run(scenario, tallies_partitions=1)) == []


def test_unmet_names_what_is_missing_late_or_too_much() -> None:
    scenario = load_scenario("twitter-2022-07-14")
    assert "twitter: 0 windows, one expected" in unmet(scenario.expect, [])


@pytest.mark.timeout(240)
def test_the_number_of_tallies_partitions_changes_no_window() -> None:
    whole = load_scenario("twitter-2022-07-14")
    begun = replace(whole, end_ms=type(whole.end_ms)(whole.start_ms + 80 * 60_000))
    one, three = run(begun, 1), run(begun, 3)
    assert one
    assert one == three
