"""`outages warm-up`: what a dry run tells, and what is refused before any Kafka is asked; the rest on a real one."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import streams.cli.warming
import streams.warmup.prometheus_http
from streams.cli.app import outages
from streams.warmup.prometheus_http import Series

START_S = 1_657_756_800  # 2022-07-14T00:00:00Z
QUERY = "sum(increase(http_errors_total[1m]))"
URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.cli.warming, "_now_ms", lambda: (START_S + 86_400) * 1000)


@pytest.fixture
def day(tmp_path: Path) -> str:
    """A day of errors, of which nobody saw the third hour."""
    file = tmp_path / "errors.csv"
    rows = [f"{START_S + 300 * i},{15}\n" for i in range(288) if not 24 <= i < 36]
    file.write_text("timestamp,value\n" + "".join(rows))
    return str(file)


def run(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(outages, ["warm-up", *arguments], env=environ)


def csv(*arguments: str) -> Result:
    return run("csv", *arguments, "--service", "Twitter", "--signal", "errors", "--dry-run")


def test_a_dry_run_tells_series_days_events_a_minute_and_gaps_without_kafka(day: str) -> None:
    done = csv(day)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "twitter  errors    2022-07-14T00:00Z  2022-07-15T00:00Z  1.0  3  1, 1 h in all\n"


def test_a_dry_run_tells_the_same_as_json(day: str) -> None:
    told = json.loads(csv(day, "--json").stdout)
    assert told == {
        "service": "twitter", "signal": "errors", "region": None, "since": "2022-07-14T00:00:00.000Z",
        "until": "2022-07-15T00:00:00.000Z", "days": 0.96, "per_minute": 3.0, "gaps": 1, "missing_min": 60,
    }  # fmt: skip


def test_times_that_are_yet_to_come_are_doubted(day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.cli.warming, "_now_ms", lambda: (START_S + 80_000) * 1000)
    said = csv(day).stderr
    assert "it runs until 2022-07-15T00:00:00.000Z, which is yet to come: times without an offset are taken" in said
    assert csv(day, "--clock", "record").stderr == ""  # where records move time, nobody knows what is to come


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("csv", "f.csv", "--service", "nobody", "--signal", "errors"), "--service: nobody is called 'nobody' in the"),
        (("prometheus", URL, QUERY, "--service", "no", "--signal", "errors"), "--service: nobody is called 'no' in"),
        (("prometheus", URL, QUERY, "--signal", "errors"), "give either --service, or --service-label"),
        (("prometheus", URL, QUERY, "--service", "x", "--service-label", "app", "--signal", "errors"), "give either"),
        (("prometheus", URL, QUERY, "--service", "x", "--signal", "errors", "--step", "70"), "ten minutes hold no"),
        (("prometheus", URL, QUERY, "--service", "x", "--signal", "errors", "--until", "noon"), "not an RFC 3339 time"),
        (("prometheus", URL, QUERY, "--service", "x", "--signal", "errors", "--header", "a"), "'a' is no header"),
        (("prometheus", "localhost", QUERY, "--service", "x", "--signal", "errors"), "write it as http://HOST:9090"),
        (("prometheus", URL, QUERY, "--service", "x", "--signal", "errors", "--token-file", "none"),
         "none: cannot be read (No such file or directory); name the file that holds the token"),
        (("prometheus", URL, QUERY, "--service", "x", "--signal", "errors"), "cannot be reached (Connection refused)"),
        (("csv",), "Missing argument 'FILE...'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code != 0
    assert message in (done.stderr + str(done.exception))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A Prometheus that says 2 for every point, and notes by whom and for what it is asked."""
    seen: list[Any] = []

    def query_range(server: Any, query: str, start_ms: int, end_ms: int, step_s: int) -> list[Series]:
        seen.append((server, query, start_ms, end_ms, step_s))
        return [Series({}, [(at_ms / 1000, "2") for at_ms in range(start_ms, end_ms + 1, step_s * 1000)])]

    monkeypatch.setattr(streams.warmup.prometheus_http.Server, "query_range", query_range)
    return seen


def prometheus(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    arguments = ("prometheus", URL, QUERY, "--service", "x", "--signal", "errors", "--dry-run", *arguments)
    return run(*arguments, environ=environ)


def test_fourteen_days_are_asked_for_a_day_at_a_time(asked: list[Any]) -> None:
    done = prometheus()
    assert done.stdout == "twitter  errors    2022-07-01T00:00Z  2022-07-15T00:00Z  14.0  2  none\n"
    assert len(asked) == 14
    assert asked[0][2:] == ((START_S - 13 * 86_400 + 60) * 1000, (START_S - 12 * 86_400) * 1000, 60)
    assert asked[-1][3] == (START_S + 86_400) * 1000


def test_no_request_asks_for_more_points_than_it_may(asked: list[Any]) -> None:
    prometheus("--step", "10", "--points", "11000")
    assert max((end_ms - start_ms) // 10_000 + 1 for _, _, start_ms, end_ms, _ in asked) == 11_000
    assert all(after[2] - before[3] == 10_000 for before, after in pairwise(asked))


def test_a_token_comes_from_the_environment_or_a_file_and_is_never_said(asked: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("of-a-file\n")
    first = prometheus(environ={"PROMETHEUS_TOKEN": "of-the-environment"})
    second = prometheus("--token-file", str(file), "--header", "X-Scope-OrgID: t1")
    assert [asked[0][0].token, asked[-1][0].token] == ["of-the-environment", "of-a-file"]
    assert dict(asked[-1][0].headers) == {"X-Scope-OrgID": "t1"}
    assert "of-" not in first.output + second.output


def test_a_region_label_asks_for_the_whole_as_well(asked: list[Any]) -> None:
    def with_region(*arguments: str) -> list[str]:
        asked.clear()
        prometheus("--region-label", "country", "--days", "0.5", *arguments)
        return [query for _, query, *_ in asked]

    assert with_region() == [QUERY, f"sum ({QUERY})"]
