"""scripts/setup.sh on machines that have or lack what it needs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in a folder with a space, beside a `bin` that holds nothing but the shell's usual company."""
    clone, programs = tmp_path / "a clone", tmp_path / "bin"
    (clone / "scripts").mkdir(parents=True)
    programs.mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", clone / "scripts")
    for name in ("requirements.lock", "pyproject.toml"):
        (clone / name).write_text(name)
    for name in ("bash", "sh", "cat", "cksum", "dirname", "id"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    return clone


def program(file: Path, script: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def set_up(clone: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    programs = clone.parent / "bin"
    return subprocess.run(
        [str(programs / "bash"), str(clone / "scripts" / "setup.sh")],
        env={"PATH": str(programs), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


# A Python that is new enough, makes a virtual environment of a copy of itself, and notes what else it is asked.
PYTHON = """case "$*" in
  *sys.version_info*) exit 0 ;;
  --version) echo 'Python 3.12.1' ;;
  '-m venv --clear .venv') "$BIN/mkdir" -p .venv/bin; "$BIN/cp" "$0" .venv/bin/python ;;
  '-m streams.kafka.embedded') exit "${KAFKA:-0}" ;;
  *) echo "$*" >> "$LOG" ;;
esac"""


@pytest.fixture
def python(clone: Path) -> dict[str, str]:
    """The fake Python as python3.12, and the variables it needs. A python3 beside it is too old."""
    programs = clone.parent / "bin"
    for name in ("mkdir", "cp"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    program(programs / "python3", "exit 1")
    program(programs / "python3.12", PYTHON)
    return {"BIN": str(programs), "LOG": str(clone / "asked")}


def test_no_python_is_one_line_with_a_remedy(clone: Path) -> None:
    done = set_up(clone)
    assert done.returncode == 1
    assert done.stderr.startswith("setup: no Python 3.11 to 3.14 with venv found: install one")
    assert done.stderr.count("\n") == 1


def test_the_first_python_that_will_do_installs_the_lock_by_hashes_and_the_project_in_place(
    clone: Path, python: dict[str, str]
) -> None:
    done = set_up(clone, **python)
    assert (done.returncode, done.stderr) == (0, "")
    assert "making .venv with Python 3.12.1" in done.stdout
    lock, project = (clone / "asked").read_text().splitlines()
    assert lock.endswith("--require-hashes -r requirements.lock")
    assert project.endswith("--no-deps --no-build-isolation -e .")


def test_what_is_set_up_already_is_left_alone(clone: Path, python: dict[str, str]) -> None:
    set_up(clone, **python)
    (clone / "asked").unlink()
    done = set_up(clone, **python)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (clone / "asked").exists()


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_change_of_what_is_needed_sets_up_again(clone: Path, python: dict[str, str], name: str) -> None:
    set_up(clone, **python)
    (clone / name).write_text("changed")
    assert "installing the locked dependencies" in set_up(clone, **python).stdout


def test_a_virtual_environment_that_was_moved_is_made_anew(clone: Path, python: dict[str, str]) -> None:
    set_up(clone, **python)
    moved = clone.rename(clone.parent / "moved")
    assert "making .venv" in set_up(moved, **python).stdout


def test_without_kafka_it_goes_on_and_says_what_that_means(clone: Path, python: dict[str, str]) -> None:
    done = set_up(clone, KAFKA="1", **python)
    assert done.returncode == 0
    assert "the mock cluster will be used" in done.stdout


def test_without_kafka_a_build_fails(clone: Path, python: dict[str, str]) -> None:
    done = set_up(clone, KAFKA="1", CI="true", **python)
    assert done.returncode == 1
    assert done.stderr == "setup: with CI=true a real Kafka is needed: install a Java runtime 17 or newer and Maven\n"


# An apt-get that downloads a package, and a dpkg-deb that takes a program out of it.
APT = 'case "$*" in *download*) : > prometheus_2.deb ;; esac'
DPKG = '"$BIN/mkdir" -p usr/bin; : > usr/bin/prometheus'


@pytest.mark.parametrize("there", [False, True])
def test_a_build_fetches_prometheus_where_there_is_none(clone: Path, python: dict[str, str], there: bool) -> None:
    programs = clone.parent / "bin"
    program(programs / "apt-get", APT)
    program(programs / "dpkg-deb", DPKG)
    if there:
        program(programs / "prometheus", "exit 0")
    done = set_up(clone, CI="true", **python)
    assert (done.returncode, done.stderr) == (0, "")
    assert (clone / ".venv" / "prometheus" / "usr" / "bin" / "prometheus").exists() is not there
    assert ("fetching Prometheus" in done.stdout) is not there


def test_nobody_else_fetches_prometheus(clone: Path, python: dict[str, str]) -> None:
    program(clone.parent / "bin" / "apt-get", "exit 1")
    assert "Prometheus" not in set_up(clone, **python).stdout
