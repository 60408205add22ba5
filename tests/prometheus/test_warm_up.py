"""Baselines out of a real Prometheus."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from streams.catalogue import load_catalogue
from streams.detection.history_records import history_arrays
from streams.detection.partition import SignalDetector
from streams.warmup.prometheus import Asked, read_prometheus
from streams.warmup.prometheus_http import PrometheusError, Server
from tests.prometheus.conftest import DAYS, END_S, GAP, Told

BY_BOTH = "sum by (app, country) (increase(http_errors_total[1m]))"
FIRST_SLOT = (END_S - DAYS * 86_400) // 600


def asked(query: str, **changes: Any) -> Asked:
    usual: dict[str, Any] = {
        "query": query,
        "signal": "errors",
        "service": None,
        "service_label": "app",
        "region_label": "country",
        "end_ms": END_S * 1000,
        "days": 5.0,
        "step_s": 60,
        "points": 1440,
    }
    return Asked(**{**usual, **changes})


def outages(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OUTAGES_")}
    argv = [sys.executable, "-m", "streams", "warm-up", "prometheus", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, env=environ, timeout=60, check=False)


def true_slots(told: Told, *keys: tuple[str, str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Sums of ten minutes of what the counters rose by."""
    total = np.sum([told.rises[key] for key in keys], axis=0).astype(np.float64)
    sums: np.ndarray[Any, np.dtype[np.float64]] = total.reshape(-1, 20).sum(axis=1)
    return sums


@pytest.mark.parametrize("points", [11_000, 1440, 997, 7])
def test_slots_are_what_the_counters_rose_by_whatever_the_pages(prometheus: Told, points: int) -> None:
    if points == 7:  # a page a request: of one day only
        changes: dict[str, Any] = {"days": 0.25}
    else:
        changes = {}
    taken = read_prometheus(Server(prometheus.url), asked(BY_BOTH, points=points, **changes), load_catalogue())
    records = list(taken.past.records())
    index: dict[tuple[str, str | None], int] = {
        ("twitter", None): 0, ("twitter", "US"): 1, ("twitter", "GB"): 2, ("slack", None): 3,
    }  # fmt: skip
    start, sums, excess = history_arrays([r for r in records if (r.service, r.region) in index], index, END_S // 60)
    truth = np.stack([
        true_slots(prometheus, ("X", "US"), ("X", "GB")),
        true_slots(prometheus, ("X", "US")),
        true_slots(prometheus, ("X", "GB")),
        true_slots(prometheus, ("slack", "US")),
    ])[:, start - FIRST_SLOT :]  # fmt: skip
    known = ~np.isnan(sums)
    # increase() extrapolates to the ends of its range, and a restart costs what rose until the first scrape after it.
    assert np.abs(sums - truth)[known].max() <= 10
    assert np.abs(sums[known].sum() / truth[known].sum() - 1) < 0.002
    assert taken.unknown == ["backoffice"]
    if points != 7:
        unseen = np.flatnonzero(~known[0]) * 600 + start * 600
        assert start == FIRST_SLOT
        assert GAP[0] - 600 <= unseen.min() <= GAP[0]
        assert GAP[1] - 600 <= unseen.max() <= GAP[1]
        assert len(unseen) == pytest.approx((GAP[1] - GAP[0]) / 600, abs=1)
        assert np.nanmax(excess) < 0.05


def test_the_command_tells_what_would_be_filled(prometheus: Told) -> None:
    query = 'sum(increase(http_errors_total{app="X"}[1m]))'
    end = "2022-07-14T00:00:00Z"
    done = outages(prometheus.url, query, "--service", "x", "--signal", "errors", "--until", end, "--clock", "record",
                   "--dry-run", "--json")  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["service"], line["signal"], line["region"]) == ("twitter", "errors", None)
    assert (line["until"], line["gaps"]) == ("2022-07-14T00:00:00.000Z", 1)
    assert line["days"] == pytest.approx(3 - 5 / 24, abs=0.02)
    assert line["per_minute"] == pytest.approx(18, rel=0.02)


def test_history_that_nothing_is_compared_with_is_refused(prometheus: Told) -> None:
    query = "sum(increase(http_errors_total[1m]))"
    done = outages(prometheus.url, query, "--service", "x", "--signal", "errors", "--until", "2022-07-14T00:00:00Z",
                   "--dry-run")  # fmt: skip
    assert done.returncode == 1
    assert "more than 14 days ago, and nothing so old is compared with: give newer history" in done.stderr


@pytest.mark.parametrize(
    ("query", "changes", "message"),
    [
        ("sum(increase(http_errors_total[1m])", {}, r"refuses the query \(bad_data: .*parse error.*\): correct the"),
        ('"text"', {}, r"refuses the query \(bad_data: invalid expression type .*\): correct the query"),
        ("increase(http_errors_total[1m])", {"region_label": None}, r"several series for .* differ in country: sum"),
        ("sum(increase(http_errors_total[1m]))", {}, r"a series has no label app \(it has none\): keep it, as in"),
        ("sum by (app) (increase(nothing_total[1m]))", {}, r"gives nothing between .* and 2022-07-14T00:00:00.000Z"),
        ("sum by (app) (increase(http_errors_total[10s]))", {"step_s": 10}, r"increase\(\) needs two scrapes"),
        ("-sum by (app, country) (increase(http_errors_total[1m]))", {}, r"gives -\d.* which is no count: ask for"),
        ('sum by (app, country) (increase(http_errors_total{app="backoffice"}[1m]))', {},
         r"nobody is called 'backoffice' in the catalogue: add it to your own"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_one_line_with_a_remedy(
    prometheus: Told, query: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PrometheusError, match=message) as refusal:
        read_prometheus(Server(prometheus.url), asked(query, **changes), load_catalogue())
    assert "\n" not in str(refusal.value)


def test_more_points_than_it_answers_are_refused_with_a_remedy(prometheus: Told) -> None:
    with pytest.raises(PrometheusError, match=r"exceeded maximum resolution .* ask for less at once by a lower"):
        Server(prometheus.url).query_range("up", 0, 11_001_000, 1)


def test_an_address_with_a_path_too_many_is_told(prometheus: Told) -> None:
    with pytest.raises(PrometheusError, match=r"has no /api/v1/query_range \(404\): give the address that stands"):
        Server(f"{prometheus.url}/graph").query_range("up", 0, 60_000, 60)


def test_a_counter_as_it_is_and_a_range_of_another_length_are_doubted(prometheus: Told) -> None:
    def doubts(query: str) -> list[str]:
        wanted = asked(query, service="twitter", service_label=None, region_label=None, days=0.5)
        return read_prometheus(Server(prometheus.url), wanted, load_catalogue()).doubts

    assert doubts("sum(increase(http_errors_total[1m]))") == []
    assert "never falls, as a counter does" in doubts("sum(http_errors_total)")[0]
    assert "events count 5 times: use --step 300" in doubts("sum(increase(http_errors_total[5m]))")[0]


def test_a_detector_expects_what_prometheus_saw_from_its_first_minute(prometheus: Told) -> None:
    catalogue = load_catalogue()
    taken = read_prometheus(Server(prometheus.url), asked(BY_BOTH), catalogue)
    detector = SignalDetector("errors", ["slack", "twitter"], catalogue)
    detector.begin(END_S // 60, list(taken.past.records()))
    assert detector.bank is not None
    step = detector.bank.step(np.zeros(len(detector.rows)))
    expected = {key: float(step.expected[row]) for key, row in detector.index.items()}
    assert expected["twitter", None] == pytest.approx(18, rel=0.15)
    assert expected["twitter", "US"] == pytest.approx(12, rel=0.15)
    assert expected["slack", None] == pytest.approx(4, rel=0.2)
    assert step.baseline_days[detector.index["twitter", None]] >= 1
    assert step.open.tolist() == [0] * len(detector.rows)
