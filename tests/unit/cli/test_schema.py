"""`outages schema`: one, all, or files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli.app import outages
from streams.contracts.schema import RECORDS, schema_of


def run(*arguments: str) -> Result:
    return CliRunner().invoke(outages, ["schema", *arguments])


def test_one_record() -> None:
    assert json.loads(run("window").stdout) == schema_of("window")


def test_all_by_name() -> None:
    assert list(json.loads(run().stdout)) == list(RECORDS)


def test_files_of_a_folder_that_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "contract"
    assert run("--out", str(folder)).stdout.splitlines() == [f"{folder}/{name}.schema.json" for name in RECORDS]
    assert json.loads((folder / "error.schema.json").read_text("utf-8"))["$id"] == "urn:outage-streams:error:1"


def test_topics_carry_the_prefix_that_is_set() -> None:
    document = json.loads(run("--asyncapi", "--prefix", "mine.").stdout)
    assert document["channels"]["errors"]["address"] == "mine.errors"


@pytest.mark.parametrize("arguments", [("nosuch",), ("window", "--asyncapi")])
def test_wrong_usage_is_told_as_such(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_folder_that_cannot_be_written_to_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("window", "--out", str(tmp_path / "file" / "folder"))
    assert str(result.exception).endswith("give a folder that can be written to")
