"""What a tally tells of its partitions: how old what it read is, and what it cannot see."""

from __future__ import annotations

from pathlib import Path

from streams.catalogue import Catalogue
from streams.metrics import Metrics
from streams.roles.tally_health import forget, tally_health
from streams.settings import load_settings
from streams.tally.reading import RecordBatch
from streams.tally.source import Fold, fold_of

APPENDED_MS = 1_657_800_000_000


def folds() -> dict[tuple[str, int], Fold]:
    fold = fold_of("errors", "broker", 20_000, Catalogue())
    fold.read(RecordBatch([0], [b""], [APPENDED_MS], frozenset({0})))
    return {("errors", 3): fold}


def lag_s(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("outages_lag_seconds", {"topic": "errors", "partition": "3"})


def test_the_lag_is_the_age_of_the_newest_record_read() -> None:
    metrics = Metrics()
    health = tally_health(folds(), load_settings({}, {}, Path(__file__).parent), metrics, "here", APPENDED_MS + 7_000)
    assert lag_s(metrics) == health.lag_s == 7.0
    assert health.blind == []


def test_a_partition_that_stands_still_for_more_than_90_s_is_blind() -> None:
    settings = load_settings({}, {}, Path(__file__).parent)
    health = tally_health(folds(), settings, Metrics(), "here", APPENDED_MS + 91_000)
    assert [(spot.signal, spot.partition) for spot in health.blind] == [("errors", 3)]


def test_gauges_go_with_their_partition() -> None:
    metrics = Metrics()
    tally_health(folds(), load_settings({}, {}, Path(__file__).parent), metrics, "here", APPENDED_MS + 7_000)
    forget(folds(), metrics)
    assert lag_s(metrics) is None
