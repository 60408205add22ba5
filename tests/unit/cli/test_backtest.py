"""`outages backtest`: what it prints, and by which exit code it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

import streams.replay.scenario_run
from streams.cli.app import outages
from streams.contracts.windows import Window
from tests.unit.windows.told import clock, ended, told

SCENARIO = "twitter-2022-07-14"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(outages, ["backtest", *arguments])


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Settings under which another outage is found, and the usual one later and milder."""
    file = tmp_path / "other.toml"
    file.write_text("allowed_delay_s = 90\ntallies_partitions = 2\n")
    return file


@pytest.fixture(autouse=True)
def _core(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core that says one thing by default and another where more delay is allowed."""

    def backtest(scenario: Any, catalogue: Any, settings: Any, **_: Any) -> Iterator[Window]:
        if settings.allowed_delay_s == 90 or "x" not in catalogue.services["twitter"].aliases:
            yield told(service="slack", window="slack-20220714T115800Z")
            yield ended(severity="major", clocks=replace(ended().clocks, opened=clock("12:03"), ended=clock("15:10")))
        else:
            yield from (told(), ended())

    monkeypatch.setattr(streams.replay.scenario_run, "backtest_scenario", backtest)


def test_a_comparison_is_a_line_an_outage_and_ends_well(other: Path) -> None:
    done = run("--scenario", SCENARIO, "--against", str(other))
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "gained  slack    2022-07-14T11:58Z                     minor              undetermined",
        "moved   twitter  2022-07-14T11:58Z  2022-07-14T15:13Z  critical -> major  own           "
        "is found 3 min later, ends 3 min earlier",
    ]
    assert done.stderr == ("windows: 1 under A, 2 under B; 0 the same, 1 moved, 0 judged otherwise, 1 gained, 0 lost\n")


def test_a_comparison_as_json_has_both_sides_and_the_minutes(other: Path) -> None:
    gained, moved = map(json.loads, run("--scenario", SCENARIO, "--against", str(other), "--json").stdout.splitlines())
    assert (gained["difference"], gained["a"], gained["b"]["ended"]) == ("gained", None, None)
    assert moved["moved"] == {"started": 0.0, "opened": 3.0, "ended": -3.0}
    assert (moved["a"]["severity"], moved["b"]["severity"], moved["b"]["verdict"]) == ("critical", "major", "own")


def test_a_and_b_may_be_given_either_way_round(other: Path) -> None:
    done = run("--scenario", SCENARIO, "--config", str(other), "--against", str(other))
    assert "windows: 2 under A, 2 under B; 2 the same" in done.stderr


def test_against_a_catalogue_everything_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("services:\n  - id: twitter\n    names: {en: Twitter}\n")
    assert "1 under A, 2 under B" in run("--scenario", SCENARIO, "--against", str(file)).stderr


def test_alone_it_prints_every_revision_under_its_settings(other: Path) -> None:
    lines = run("--scenario", SCENARIO, "--config", str(other)).stdout.splitlines()
    assert [json.loads(line)["service"] for line in lines] == ["slack", "twitter"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scenario", SCENARIO, "--against", "none.toml"), "there is no file none.toml"),
        (("a.csv", "--against", "b.toml"), "a series hangs on no settings: --against goes with --events or --scenario"),
        (("--scenario", SCENARIO, "--strict"), "only events can be refused: --strict goes with --events"),
        ((), "give either series files, or --events FILE, or --scenario SCENARIO"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_of_several_series_each_line_names_its_file(tmp_path: Path) -> None:
    files = []
    for name in ("a.csv", "b.csv"):
        files.append(str(tmp_path / name))
        Path(files[-1]).write_text("timestamp,value\n2022-07-14T12:00:00Z,3\n2022-07-14T12:01:00Z,4\n")
    lines = [json.loads(line) for line in run(*files).stdout.splitlines()]
    assert [(line["file"], line["value"]) for line in lines] == [(f, v) for f in files for v in (3, 4)]
    assert "file" not in json.loads(run(files[0]).stdout.splitlines()[0])


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Two good events, and two that are refused."""
    file = tmp_path / "events.ndjson"
    good = {"topic": "errors", "value": {"service": "twitter", "time": "2022-07-14T12:00:00Z"}}
    bad = {"topic": "errors", "value": {"service": "twitter"}}
    file.write_text("".join(json.dumps(line) + "\n" for line in (good, bad, bad, good)))
    return file


def test_refused_events_are_listed_and_counted_and_are_no_failure(events: Path) -> None:
    done = run("--events", str(events))
    assert done.exit_code == 0
    first, second, total = done.stderr.splitlines()
    assert first.startswith(f"{events}:2: refused, missing_field: ")
    assert second.startswith(f"{events}:3: refused, missing_field: ")
    assert total == f"{events}: 2 refused in all"


def test_refused_events_are_a_failure_where_that_is_asked_for(events: Path) -> None:
    exit_code = outages.main(["backtest", "--events", str(events), "--strict"], standalone_mode=False)
    assert exit_code == 1


def test_compared_events_are_listed_once(events: Path, other: Path) -> None:
    lines = run("--events", str(events), "--against", str(other)).stderr.splitlines()
    assert sum("refused, missing_field" in line for line in lines) == 2
    assert [line.partition(": ")[2] for line in lines if "in all" in line] == [
        "A: 2 refused in all", "B: 2 refused in all",
    ]  # fmt: skip
