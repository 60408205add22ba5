"""What a checkup finds on this machine."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.catalogue import Catalogue, Service, load_catalogue
from streams.kafka.embedded import BrokerError
from streams.roles import checkup
from streams.roles.checkup import MB, Finding, catalogue, machine
from streams.settings import Settings


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def find(about: str, folder: Path) -> Finding:
    return next(finding for finding in machine(Settings(data_dir=folder)) if finding.about == about)


@pytest.mark.parametrize(("free_mb", "state"), [(100, "fail"), (1_000, "warn"), (5_000, "ok")])
def test_room_on_the_disk(free_mb: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free_mb * MB))
    finding = find("disk", tmp_path / "not" / "there" / "yet")
    assert (finding.state, finding.text) == (state, f"{free_mb / 1000:.1f} GB free for {tmp_path}/not/there/yet")


def test_a_library_of_another_version_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: ["msgspec==0.0.1", 'pytest==1.0; extra == "dev"'])
    finding = find("libraries", tmp_path)
    assert (finding.state, finding.text) == ("warn", f"msgspec is {metadata.version('msgspec')}, not 0.0.1")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: ["no-such-library==1.0"])
    assert find("libraries", tmp_path).text == "no-such-library is missing, not 1.0"


def test_no_java_is_a_warning_since_a_kafka_of_ones_own_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise BrokerError("no java on this machine: install a Java runtime 17 or newer")

    monkeypatch.setattr(checkup, "java", none)
    assert find("java", tmp_path) == Finding(
        "java",
        "warn",
        "no java on this machine, so demos run on the mock cluster",
        "install a Java runtime 17 or newer",
    )


def test_a_catalogue_is_told_with_its_counts() -> None:
    loaded = Catalogue([Service(id="twitter", names={"en": "Twitter"}, aliases=("x",))])
    assert catalogue(lambda: loaded).text == "1 service with 2 names, 0 planned maintenances"


def test_a_bad_catalogue_fails_with_its_line_and_remedy(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("services:\n  - id: a\n    names: {en: A}\n    colour: red\n")
    finding = catalogue(lambda: load_catalogue(file))
    assert (finding.state, finding.text.startswith(f"{file}:4")) == ("fail", True)
    assert finding.remedy
