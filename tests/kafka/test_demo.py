"""The reference case through real Kafka and real agents, as a person sees it: `outages demo --once`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from streams.catalogue import load_catalogue
from streams.contracts.windows import Window
from streams.replay.expectation import unmet
from streams.replay.loading import load_scenario
from streams.replay.scenario_run import backtest_scenario
from streams.settings import load_settings

SCENARIO = "twitter-2022-07-14"
SPEED = "600"  # twelve hours in 72 s, if the machine can follow; if not, it takes as long as it takes


def demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    temporary = folder / "tmp"
    temporary.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "streams", "demo", "--once", "--scenario", SCENARIO, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(temporary)},
        start_new_session=True,
    )


def left_of(folder: Path) -> list[str]:
    """Processes that were started for a demo in this folder and still run, and files it left."""
    running = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environ = process.info["environ"] or {}
        if environ.get("TMPDIR") == str(folder / "tmp"):
            running.append(" ".join(process.info["cmdline"] or []))
    return running + [path.name for path in (folder / "tmp").iterdir() if path.name.startswith("outages-demo-")]


@pytest.mark.timeout(420)
def test_14_july_2022_is_found_explained_and_closed_as_the_backtest_says(kafka_is_here: None, tmp_path: Path) -> None:
    running = demo(tmp_path, "--out", "windows.ndjson", "--broker", "real", "--speed", SPEED)
    told, _ = running.communicate()
    assert running.returncode == 0, told
    lines = (tmp_path / "windows.ndjson").read_bytes().splitlines(keepends=True)
    settings = load_settings({"clock": "record"}, {}, tmp_path)
    scenario = load_scenario(SCENARIO)
    expected = list(backtest_scenario(scenario, load_catalogue(), settings))
    assert unmet(scenario.expect, expected) == []
    assert b"".join(lines) == b"".join(msgspec.json.encode(window) + b"\n" for window in expected)
    revisions = [msgspec.json.decode(line, type=Window) for line in lines]
    assert {revision.service for revision in revisions} == {"twitter", "instagram"}
    assert f"What {SCENARIO} expects has come out" in told
    assert "twitter: The outage is over" in told
    assert "\x1b" not in told  # no terminal, no escapes
    assert left_of(tmp_path) == []


@pytest.mark.timeout(180)
@pytest.mark.parametrize("after", ["Kafka: Apache", "Roles:", "the story begins"])
def test_ctrl_c_at_any_moment_leaves_no_process_and_no_file(kafka_is_here: None, tmp_path: Path, after: str) -> None:
    running = demo(tmp_path, "--out", "windows.ndjson", "--broker", "real", "--speed", SPEED)
    assert running.stdout is not None
    for line in running.stdout:
        if after in line:
            break
    os.kill(running.pid, signal.SIGINT)
    running.stdout.read()
    assert running.wait(60) == 130
    assert left_of(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tmp"]
