"""The benchmark's subjects on a tiny topic: they agree on the counts. No rates are asserted here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.times import BUCKET_MS, PANES_PER_BUCKET
from streams.kafka.embedded import real_broker
from tests.bench.events import Draws, Load, Offline, draws, without_partition
from tests.bench.report import BEGIN, END, place
from tests.bench.running import ROOT, Cores, Stage, run_pair, tally_counts
from tests.bench.topic import bench_settings, renew_outputs, write_load

LOAD = Load(events=20_000, seconds=300)


@pytest.fixture(scope="module")
def drawn() -> Draws:
    return draws(LOAD)


@pytest.fixture(scope="module")
def stage(kafka_is_here: None, drawn: Draws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The load on a real broker, once for all tests."""
    folder = tmp_path_factory.mktemp("bench")
    with real_broker(folder / "kafka") as broker:
        settings = bench_settings(broker.bootstrap, folder / "state")
        write_load(settings, drawn, LOAD)
        (folder / "round").mkdir()
        yield Stage(settings, folder / "round", Cores(-1, -1), LOAD.events)


def test_the_offline_count_holds_every_event_once(drawn: Draws) -> None:
    offline = Offline(drawn)
    assert sum(offline.counts().values()) == LOAD.events
    assert sum(offline.counts([100] * 8).values()) == 800


def test_both_ceilings_count_as_offline(stage: Stage, drawn: Draws) -> None:
    expected = without_partition(Offline(drawn).counts())
    assert without_partition(stage.run("ceiling", LOAD.events).counts) == expected
    assert without_partition(stage.run("ceiling", LOAD.events, "every-field").counts) == expected


def test_tally_alone_publishes_the_offline_count(stage: Stage, drawn: Draws) -> None:
    renew_outputs(stage.settings)
    assert stage.run("tally_alone", LOAD.events).events == LOAD.events
    assert tally_counts(stage.settings) == Offline(drawn).counts()


def test_tally_and_detect_together_report_the_offline_count(stage: Stage, drawn: Draws) -> None:
    renew_outputs(stage.settings)
    measured, _, counted = run_pair(stage, LOAD.end_ms // BUCKET_MS - 1)
    expected: dict[tuple[str, int], int] = {}
    for (_, service, pane), number in Offline(drawn).counts().items():
        key = (service, pane // PANES_PER_BUCKET)
        expected[key] = expected.get(key, 0) + number
    assert measured.events == LOAD.events
    assert counted == expected


def test_the_tables_have_their_place_in_the_document() -> None:
    document = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert place(document, "| new |").count("| new |") == 1
    assert place(place(document, "a"), "b") == place(document, "b")


def test_a_document_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the two lines"):
        place(f"{END} {BEGIN}", "tables")


def test_the_peers_lock_names_no_index() -> None:
    lock = Path(__file__).with_name("requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert "index-url" not in lock
    assert "://" not in lock
