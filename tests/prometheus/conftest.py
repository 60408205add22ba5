"""A real Prometheus on loopback with a history of its own. Without one these tests skip, but with CI=true they fail."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from streams.processes import start_child, stop_children

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / ".venv" / "prometheus" / "usr" / "bin"  # where `make setup` puts Debian's with CI=true
START_S = 90.0
END_S = 1_657_756_800  # 2022-07-14T00:00:00Z: the history ends there
DAYS = 3
SCRAPE_S = 30
GAP = (END_S - 30 * 3600, END_S - 25 * 3600)  # nobody scraped


@dataclass(frozen=True, slots=True)
class Told:
    """Where it listens, and what its counters rose by: (app, country) to events in each scrape's 30 s, oldest first."""

    url: str
    rises: dict[tuple[str, str], np.ndarray[tuple[int], np.dtype[np.int64]]]


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=str(FETCHED))
    if found is None:
        reason = f"no {name}: install Prometheus (Debian: apt install prometheus)"
        if os.environ.get("CI") in ("true", "1"):
            pytest.fail(f"CI needs a real Prometheus: {reason}")
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Three days of `http_errors_total{app,country}`, scraped each 30 s, with five hours missing and one restart."""
    server, tool = _program("prometheus"), _program("promtool")
    folder = tmp_path_factory.mktemp("prometheus")
    rises = _write(folder / "metrics.txt")
    made = [tool, "tsdb", "create-blocks-from", "--max-block-duration=720h", "openmetrics"]
    subprocess.run([*made, str(folder / "metrics.txt"), str(folder / "data")], check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("global: {}\n")
    port = _free_port()
    argv = [
        server,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=100y",
    ]
    with (folder / "log").open("wb") as log:
        server_process = start_child(argv, output=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(server_process, url, folder / "log")
        yield Told(url, rises)
    finally:
        stop_children([server_process], grace_s=20)


def _write(file: Path) -> dict[tuple[str, str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rng = np.random.default_rng(8)
    moments = np.arange(END_S - DAYS * 86_400, END_S + 1, SCRAPE_S)
    rises = {
        key: rng.poisson(level, len(moments) - 1)
        for key, level in ((("X", "US"), 6), (("X", "GB"), 3), (("slack", "US"), 2), (("backoffice", "US"), 1))
    }
    lines = ["# HELP http_errors Errors.", "# TYPE http_errors counter"]
    for (app, country), rise in rises.items():
        total = np.concatenate([[0], np.cumsum(rise)])
        restart = len(total) // 3
        total[restart:] -= total[restart]  # the process began anew, and its counter at 0
        lines += [
            f'http_errors_total{{app="{app}",country="{country}"}} {value} {moment}'
            for moment, value in zip(moments.tolist(), total.tolist(), strict=True)
            if not GAP[0] < moment < GAP[1]
        ]
    file.write_text("\n".join([*lines, "# EOF", ""]))
    return rises


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"Prometheus did not start:\n{log.read_text(errors='replace')[-2000:]}")
