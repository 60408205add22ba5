"""`outages windows` over a given archive; `tail`'s usage. What Kafka says is tested on a real one."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

import streams.kafka.windows
from streams.cli.app import outages
from streams.contracts.windows import Window
from tests.unit.windows.told import ended, told

OPEN = replace(told(), service="instagram", window="instagram-20220714T115800Z")
ARCHIVE = [OPEN, ended()]


@pytest.fixture(autouse=True)
def _archive(monkeypatch: pytest.MonkeyPatch) -> None:
    def newest(brokers: str, topic: str) -> list[Window]:
        assert (brokers, topic) == ("127.0.0.1:9", "test.windows.latest")
        return ARCHIVE

    monkeypatch.setattr(streams.kafka.windows, "newest_windows", newest)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(outages, [*arguments, "--brokers", "127.0.0.1:9", "--prefix", "test."])


def test_without_a_terminal_windows_are_aligned_plain_lines() -> None:
    assert run("windows").stdout.splitlines() == [
        "open    minor     instagram  2022-07-14T11:58Z                     2 min so far  "
        "211 reports a minute (11:59 UTC)    undetermined  instagram-20220714T115800Z",
        "closed  critical  twitter    2022-07-14T11:58Z  2022-07-14T15:13Z  3 h 15 min    "
        "3,790 reports a minute (12:14 UTC)  own           twitter-20220714T115800Z",
    ]


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ((), ["instagram", "twitter"]),
        (("--open",), ["instagram"]),
        (("--service", "twitter"), ["twitter"]),
        (("--service", "TWTR"), ["twitter"]),
        (("--service", "nobody"), []),
        (("--service", "twitter", "--open"), []),
        (("twitter-20220714T115800Z",), ["twitter"]),
    ],
)
def test_json_is_the_data_of_each_that_was_asked_for(flags: tuple[str, ...], found: list[str]) -> None:
    result = run("windows", "--json", *flags)
    assert ([json.loads(line)["service"] for line in result.stdout.splitlines()], result.exit_code) == (found, 0)


def test_one_window_is_told_as_its_story() -> None:
    told_lines = run("windows", "twitter-20220714T115800Z").stdout.splitlines()
    assert told_lines[0] == "twitter-20220714T115800Z"
    assert told_lines[1].startswith("twitter had an outage on 14 July 2022, critical")


def test_a_window_that_is_not_there_is_an_error_with_a_remedy() -> None:
    result = run("windows", "nobody-1")
    assert str(result.exception) == "no window is called 'nobody-1': list them with `outages windows`"


def test_no_windows_is_said_and_no_failure() -> None:
    result = run("windows", "--service", "nobody")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "outages: no such windows\n")


@pytest.mark.parametrize(
    "arguments",
    [("tail",), ("tail", "nosuch"), ("tail", "windows", "--max", "0"), ("tail", "late", "--until-idle", "0")],
)
def test_wrong_usage_of_tail_is_told_as_such(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("command", ["tail", "windows", "send", "topics", "doctor", "schema"])
def test_help_shows_an_example(command: str) -> None:
    told_lines = run(command, "--help").stdout
    assert f"\n  outages {command}" in told_lines
