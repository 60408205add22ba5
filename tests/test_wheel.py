"""The built wheel in an empty environment, far from the checkout: the program works and brings what it needs.

The environment gets exactly what the lock pins for running, by hash; what that is, the installed distributions say
themselves (no extras). `pip check` then proves that nothing the wheel asks for is missing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = ROOT / "tests" / "kafka" / "short-outage.yaml"
PIP = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"]
TIMEOUT_S = 240


def needed(distribution: str) -> Iterator[str]:
    """Names of what a distribution needs to run here, one level deep."""
    for line in requires(distribution) or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def runtime_names() -> set[str]:
    """All that the program needs, and what that needs in turn."""
    found: set[str] = set()
    waiting = list(needed("outage-streams"))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needed(name)
    return found


def runtime_lock() -> str:
    """The part of the lock that belongs to running: whole entries, hashes included."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text("utf-8"))
    names = runtime_names()
    kept = [entry for entry in entries if canonicalize_name(re.split(r"[=\[ ]", entry, maxsplit=1)[0]) in names]
    assert len(kept) == len(names), "the lock does not hold all that the program needs"
    return "".join(kept)


def run(*argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command with nothing of the checkout in its folder, its path or its environment."""
    environ = {key: os.environ[key] for key in os.environ if not key.startswith(("PYTHON", "OUTAGES_", "VIRTUAL_ENV"))}
    return subprocess.run(
        [str(argument) for argument in argv],
        cwd=cwd,
        env=environ | {"XDG_STATE_HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


def succeed(*argv: str | Path, cwd: Path) -> str:
    done = run(*argv, cwd=cwd)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    succeed(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    succeed(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    (folder / "runtime.lock").write_text(runtime_lock(), "utf-8")
    into = [*PIP, "--python", str(folder / "venv" / "bin" / "python")]
    # --no-compile: what is imported is compiled when it is imported, which is a fraction of what is installed.
    succeed(
        *into, "install", "--no-compile", "--no-deps", "--require-hashes", "-r", folder / "runtime.lock", cwd=folder
    )
    succeed(*into, "install", "--no-compile", "--no-deps", wheel, cwd=folder)
    succeed(*into, "check", cwd=folder)
    return folder / "venv" / "bin"


def test_the_wheel_holds_the_seeds_the_licence_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for file in (ROOT / "seeds").rglob("*.yaml"):
        assert f"streams/seeds/{file.relative_to(ROOT / 'seeds')}" in names
    assert "streams/kafka/embedded/pom.xml" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"streams"}


@pytest.mark.timeout(TIMEOUT_S)
def test_the_installed_program_runs_a_demo(installed: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.ndjson"
    (tmp_path / "short.yaml").write_bytes(SCENARIO.read_bytes())
    told = succeed(
        installed / "outages",
        *("demo", "--once", "--broker", "mock", "--scenario", "short.yaml", "--speed", "400", "--out", out),
        cwd=tmp_path,
    )
    assert "librdkafka's mock cluster" in told
    windows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert windows[0]["change"] == "opened"
    assert (windows[-1]["service"], windows[-1]["state"]) == ("twitter", "closed")


@pytest.mark.timeout(TIMEOUT_S)
def test_the_installed_program_is_the_wheel_s_and_finds_its_seeds(installed: Path, tmp_path: Path) -> None:
    place = succeed(installed / "python", "-c", "import streams; print(streams.__file__)", cwd=tmp_path)
    assert Path(place).is_relative_to(installed.parent)
    refused = run(installed / "outages", "backtest", "--scenario", "nope", cwd=tmp_path)
    assert "shipped are quiet-week, twitter-2022-07-14" in refused.stderr
