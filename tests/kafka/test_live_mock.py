"""The whole system on the mock cluster, as `outages demo --broker mock` runs it where there is no Java."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.kafka.embedded import MOCK_PARTITIONS
from tests.kafka.harness.outcome import newest_of

SCENARIO = Path(__file__).parent / "short-outage.yaml"


def outages(*arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the command in an environment without settings of its own."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OUTAGES_")}
    argv = [sys.executable, "-m", "streams", *arguments]
    return subprocess.run(argv, capture_output=True, env=clean | environ, timeout=150, check=False)


@pytest.mark.timeout(200)
def test_a_demo_on_the_mock_cluster_ends_and_equals_the_backtest(tmp_path: Path) -> None:
    out = tmp_path / "windows.ndjson"
    done = outages(
        "demo", "--once", "--broker", "mock", "--scenario", str(SCENARIO), "--speed", "200", "--out", str(out)
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    environ = {f"OUTAGES_{topic}_PARTITIONS": str(MOCK_PARTITIONS) for topic in ("ERRORS", "REPORTS", "TALLIES")}
    expected = outages("backtest", "--scenario", str(SCENARIO), **environ)
    assert expected.returncode == 0, expected.stderr
    shown = out.read_bytes()
    assert [window.state for window in newest_of(shown.splitlines()).values()] == ["closed"]
    assert shown == expected.stdout
