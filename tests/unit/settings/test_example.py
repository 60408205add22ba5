"""The example in `docs/` says of every setting what it is by default."""

from __future__ import annotations

import re
from pathlib import Path

from streams.ingest.sources import Source
from streams.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[3] / "docs" / "outages.example.toml"


def test_the_example_loads_and_equals_the_defaults() -> None:
    settings = load_settings({"config": str(EXAMPLE)}, {"HOME": "/home/me"}, Path("/"))
    assert settings == load_settings({}, {"HOME": "/home/me"}, Path("/"))


def test_every_setting_stands_in_the_example() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:# )?(?:\[\[)?(\w+)(?: =|\]\])", text, re.MULTILINE))
    assert set(Settings.__struct_fields__) <= named
    assert set(Source.__struct_fields__) <= named


def test_the_example_of_a_source_loads_once_its_comment_signs_are_taken_away(tmp_path: Path) -> None:
    commented = EXAMPLE.read_text(encoding="utf-8").split("# [[source]]")[1]
    (tmp_path / "outages.toml").write_text("[[source]]" + re.sub(r"(?m)^# ?", "", commented), encoding="utf-8")
    source = load_settings({}, {"HOME": "/home/me"}, tmp_path).source[0]
    assert source.topic == "app-logs"
    assert len(source.when) == 4
