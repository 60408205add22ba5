"""The pages say what is so: their commands, links, examples and names exist, and no machine shows in them."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

import streams
from streams.catalogue import load_catalogue
from streams.cli.app import COMMANDS, outages
from streams.ingest.refusals import REASONS
from streams.kafka.topics import topic_specs
from streams.metrics import Metrics
from streams.replay.expectation import unmet
from streams.replay.loading import parse_scenario
from streams.replay.scenario_run import backtest_scenario
from streams.settings import Settings, load_settings
from streams.windows.words import capital

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "deploy").rglob("*.md")])
TEXTS = [*PAGES, *EXAMPLES.iterdir(), *(ROOT / "docs").glob("*.toml"), *(ROOT / "docs" / "img").glob("*.svg")]
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
MOST_LINES = 12  # of the consumer: what one reads at a glance


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in one of the languages."""
    return [body for language, body in re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", read(page)) if language in languages]


def code(page: Path) -> list[str]:
    """Every line of shell and every inline piece of code."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", read(page))
    lines = "\n".join(blocks(page, "sh")).splitlines()
    return [*lines, *re.findall(r"`([^`]+)`", prose)]


def commands(page: Path) -> list[list[str]]:
    """What stands after `outages` wherever it is called, up to the end of the command."""
    called = [re.search(r"(?:^|[|] |bin/)outages(?: (.*))?$", line.split(" #")[0].strip()) for line in code(page)]
    return [shlex.split(found[1] or "", comments=True) for found in called if found]


def test_there_are_pages() -> None:
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/how-it-works.md"} <= names


@PAGE
def test_every_command_and_option_that_is_named_exists(page: Path) -> None:
    for words in commands(page):
        if not words or words[0] in ("...", "X"):
            continue
        known = outages.get_command(click.Context(outages), words[0])
        assert known is not None, f"{page.name}: no command {words[0]!r}"
        if isinstance(known, click.Group) and len(words) > 1 and not words[1].startswith("-"):
            inner = known.get_command(click.Context(known), words[1])
            assert inner is not None, f"{page.name}: no command {words[0]} {words[1]}"
            known = inner
        options = {option for parameter in known.params for option in parameter.opts}
        named = [word for word in words if word.startswith("--") and word != "--help"]
        assert set(named) <= options, f"{page.name}: {shlex.join(words)}"


def test_the_readme_names_commands_and_the_changelog_all_of_them() -> None:
    assert len(commands(ROOT / "README.md")) >= 10
    assert set(COMMANDS) <= set(re.findall(r"`([\w-]+)`", read(ROOT / "CHANGELOG.md")))


@PAGE
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"(?m)^([\w-]+):", read(ROOT / "Makefile")))
    for line in code(page):
        found = re.match(r"make ([\w-]+)", line.strip())
        assert found is None or found[1] in targets, f"{page.name}: {line}"


@PAGE
def test_every_file_that_is_linked_exists(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(page)):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@PAGE
def test_every_path_of_the_checkout_that_is_named_exists(page: Path) -> None:
    for piece in code(page):
        for path in re.findall(r"(?:^|[ =])((?:streams|seeds|tests|docs|scripts)/[\w./-]*\w/?)", piece):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_machine_and_no_package_index_shows(path: Path) -> None:
    text = read(path)
    machine = re.search(r"(?<![\w.$/-])/(?:work|tmp|root|home|Users|mnt|opt|var)/", text)
    assert machine is None, text[max(machine.start() - 40, 0) : machine.end() + 40]
    hosts = ("pypi.org", "pythonhosted", "repo1.maven", "repo.maven", "npmjs", "docker.io", "ghcr.io", "artifactory")
    assert [host for host in hosts if host in text] == []


def test_the_consumer_has_at_most_twelve_lines() -> None:
    assert len(read(EXAMPLES / "consume_windows.py").splitlines()) <= MOST_LINES


@pytest.mark.parametrize(
    ("language", "file"),
    [
        ("python", "consume_windows.py"),
        ("python", "send_events.py"),
        ("yaml", "services.yaml"),
        ("toml", "sources.toml"),
    ],
)
def test_the_readme_shows_the_example_as_it_is(language: str, file: str) -> None:
    assert read(EXAMPLES / file) in blocks(ROOT / "README.md", language)


def test_the_readme_shows_no_example_that_is_not_tested() -> None:
    shown = blocks(ROOT / "README.md", "python", "yaml", "toml")
    assert sorted(shown) == sorted(read(path) for path in EXAMPLES.iterdir() if path.is_file())


def test_the_settings_example_loads_and_its_catalogue_too() -> None:
    settings = load_settings({"config": str(EXAMPLES / "sources.toml")}, {}, ROOT)
    assert [source.topic for source in settings.source] == ["app-logs"]
    assert load_catalogue(settings.catalogue).resolve("Shop-Checkout") == "checkout"


def test_the_scenario_on_its_page_comes_out_as_it_expects() -> None:
    (text,) = blocks(ROOT / "docs" / "scenarios.md", "yaml")
    scenario = parse_scenario(text, "docs/scenarios.md")
    settings = Settings(clock="record", tallies_partitions=1)
    assert [window.service for window in scenario.expect.windows] == ["twitter"]
    assert unmet(scenario.expect, backtest_scenario(scenario, load_catalogue(), settings)) == []


def test_every_metric_that_operations_names_exists() -> None:
    text = read(ROOT / "docs" / "operations.md")
    known = {sample.name for family in Metrics().registry.collect() for sample in family.samples}
    known |= {family.name for family in Metrics().registry.collect()}
    named = set(re.findall(r"\boutages_[a-z_]+[a-z]", text))
    assert {name.removesuffix("_total") for name in named} <= {name.removesuffix("_total") for name in known}


def test_operations_lists_every_topic_and_no_other() -> None:
    settings = Settings()
    table = read(ROOT / "docs" / "operations.md").split("## Topics")[1].split("## Metrics")[0]
    named = {name for row in re.findall(r"(?m)^\| (`.*?) \|", table) for name in re.findall(r"`([^`]+)`", row)}
    assert named == {spec.name.removeprefix(settings.prefix) for spec in topic_specs(settings, brokers=1)}


def test_the_pages_that_count_reasons_of_refusal_count_right() -> None:
    words = {12: "twelve", 13: "thirteen", 14: "fourteen"}
    for page in (ROOT / "CHANGELOG.md", ROOT / "docs" / "how-it-works.md"):
        assert re.search(rf"{words[len(REASONS)]} reasons", read(page)), page.name


def test_every_function_on_the_main_path_exists() -> None:
    assert streams.__doc__ is not None
    named = re.findall(r"`((?:streams\.)?[a-z_]+(?:\.\w+)+)`", streams.__doc__)
    assert len(named) > 15
    for name in named:
        *module, last = name.removeprefix("streams.").split(".")
        outer = module.pop() if capital(module[-1]) == module[-1] else None
        found = import_module(".".join(["streams", *module]))
        assert hasattr(getattr(found, outer) if outer else found, last), name


def test_the_picture_asks_nothing_of_anybody() -> None:
    picture = read(ROOT / "docs" / "img" / "demo.svg")
    assert len(picture.encode()) < 200_000
    assert set(re.findall(r"https?://[^\"'\s)<]+", picture)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|@font-face|url\((?!#)|<image|<script|href", picture)


@pytest.mark.parametrize("name", ["week", "twitter", "drop", "confounders"])
def test_the_pictures_of_detection_are_small_and_carry_no_date_and_nothing_from_elsewhere(name: str) -> None:
    picture = read(ROOT / "docs" / "img" / f"detection-{name}.svg")
    assert len(picture.encode()) < 200_000
    assert "<dc:date" not in picture
    assert not re.search(r"@import|@font-face|<image|url\((?!#)|href=\"(?!#)", picture)
