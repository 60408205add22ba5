"""The revisions are a function of the log alone: not of restarts, repeats, arrival order or hashing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.series import BucketReport, GoOn, SeriesRecord
from streams.contracts.times import bucket_start
from streams.contracts.windows import Window
from streams.windows.alignment import Alignment
from streams.windows.cloudevents import encode, to_event
from streams.windows.correlator import IMMUTABLE_BLOCKS, Correlator
from tests.unit.windows.builders import FakeCatalogue, FakeProvider, FakeService, Timeline, minute

CATALOGUE = FakeCatalogue(
    {
        "aws": FakeService(regions=("us-east-1",)),
        "reddit": FakeService(providers=(FakeProvider("aws"),), regions=("US", "GB")),
        "twitter": FakeService(providers=(FakeProvider("aws", "primary"),), regions=("US", "GB", "IN")),
    }
)
WINDOW = "twitter-20220714T120000Z"


def eventful() -> Timeline:
    """Two hours with most of what can happen, over two partitions."""
    partition_of = {"reddit": 1, "twitter": 1}
    day = Timeline(minute("11:45"), minute("14:10"), ("aws", "reddit", "twitter"), 2, partition_of)
    day.outage("reports", [20, 90, 300, 900, 600, 100, 40, 30], minute("12:00"), closes=minute("12:20"))
    day.outage("errors", [40, 60, 80], minute("11:58"), detected=minute("12:04"), closes=minute("12:12"))
    day.outage("reports", [9] * 20, minute("12:02"), region="GB", detected=minute("12:08"), closes=minute("12:30"))
    day.outage("errors", [0] * 20, minute("12:05"), service="aws", direction="drop", closes=minute("12:40"))
    day.outage("reports", [50, 80, 70], minute("12:50"), closes=minute("13:05"))
    day.outage("reports", [50, 80, 70], minute("13:45"), closes=minute("14:05"))
    day.outage("errors", [50] * 90, minute("12:30"), service="reddit", closes=minute("14:08"))
    day.blind = {("errors", minute("12:06")), ("reports", minute("12:57"))}
    day.incomplete = {("errors", minute("12:07"))}
    day.say("operational", "12:01", offset=1).say("investigating", "12:10", offset=2, effective="12:14")
    day.say("identified", "12:16", offset=3, about="aws", cause="own").say("resolved", "12:55", offset=4, cause="own")
    day.judge("acknowledged", "12:11", WINDOW, offset=1).judge("false_alarm", "13:20", WINDOW, offset=2)
    day.judge("confirmed", "13:25", WINDOW, offset=3).judge("confirmed", "13:26", "none", offset=4)
    return day


def published(revisions: Iterable[Window]) -> list[bytes]:
    return [encode(to_event(revision, "outages.")) for revision in revisions]


def run(records: Iterable[SeriesRecord]) -> list[bytes]:
    alignment, correlator = Alignment(), Correlator(CATALOGUE, "outages.")
    return published(r for record in records for whole in alignment.offer(record) for r in correlator.take(whole))


EXPECTED = run(eventful().reports())


def test_timeline_has_most_of_what_can_happen() -> None:
    changes = {text.split(b'"change":"')[1].split(b'"')[0] for text in EXPECTED}
    assert changes == {b"opened", b"updated", b"closed", b"reopened", b"retracted", b"restored"}


@pytest.mark.parametrize("every", [1, 7])
def test_restart_from_a_snapshot_gives_the_same_bytes(every: int) -> None:
    """A restart after every record: alignment and correlator both from their blocks."""
    alignment, correlator, got = Alignment(), Correlator(CATALOGUE, "outages."), []
    for number, record in enumerate(eventful().reports()):
        for whole in alignment.offer(record):
            got += published(correlator.take(whole))
        if number % every == 0:
            blocks = alignment.snapshot() | correlator.snapshot()
            alignment, correlator = Alignment(), Correlator(CATALOGUE, "outages.")
            alignment.restore(blocks)
            correlator.restore(blocks)
    assert got == EXPECTED


def test_restored_correlator_publishes_the_same_open_windows() -> None:
    alignment, correlator = Alignment(), Correlator(CATALOGUE, "outages.")
    for record in eventful().reports():
        for whole in alignment.offer(record):
            correlator.take(whole)
        if correlator.open_windows():
            restored = Correlator(CATALOGUE, "outages.")
            restored.restore(correlator.snapshot())
            assert published(restored.open_windows()) == published(correlator.open_windows())
            return


def test_blocks_that_are_called_immutable_are() -> None:
    alignment, correlator = Alignment(), Correlator(CATALOGUE, "outages.")
    seen: dict[str, bytes] = {}
    for record in eventful().reports():
        for whole in alignment.offer(record):
            correlator.take(whole)
            for name, block in correlator.snapshot().items():
                if name.startswith(IMMUTABLE_BLOCKS):
                    assert seen.setdefault(name, block) == block


def test_snapshot_rewrites_little() -> None:
    alignment, correlator = Alignment(), Correlator(CATALOGUE, "outages.")
    for record in eventful().reports():
        for whole in alignment.offer(record):
            correlator.take(whole)
    blocks = correlator.snapshot()
    rewritten = sum(len(block) for name, block in blocks.items() if not name.startswith(IMMUTABLE_BLOCKS))
    assert rewritten < 60_000


def test_repeated_records_change_nothing() -> None:
    reports = eventful().reports()
    again = [
        record for number, report in enumerate(reports) for record in (report, reports[max(0, number - 9)], report)
    ]
    assert run(again) == EXPECTED


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_arrival_order_of_partitions_and_signals_changes_nothing(data: st.DataObject) -> None:
    """Each partition and signal reports in its own order; how they interleave is free, up to twenty buckets apart."""
    queues: dict[tuple[str, int], list[BucketReport]] = {}
    for report in eventful().reports():
        queues.setdefault((report.signal, report.partition), []).append(report)
    keys = sorted(queues)
    randomness = data.draw(st.randoms(use_true_random=False))
    place = dict.fromkeys(keys, 0)
    records: list[SeriesRecord] = []
    while unfinished := [key for key in keys if place[key] < len(queues[key])]:
        slowest = min(place[key] for key in unfinished)
        key = randomness.choice([key for key in unfinished if place[key] < slowest + 20])
        records.append(queues[key][place[key]])
        place[key] += 1
    assert run(records) == EXPECTED


def test_order_within_a_report_changes_nothing() -> None:
    def reversed_columns(report: BucketReport) -> BucketReport:
        fields = {name: getattr(report, name) for name in report.__struct_fields__}
        turned = ("services", "observed", "expected", "lower", "upper", "score", "states", "leaning", "absent")
        backwards = {name: list(reversed(fields[name])) for name in turned}
        return BucketReport(**(fields | backwards | {"statements": report.statements[::-1]}))

    assert run(reversed_columns(report) for report in eventful().reports()) == EXPECTED


def test_hash_seed_changes_nothing() -> None:
    program = (
        "import hashlib; from tests.unit.windows import test_determinism as t; "
        "print(hashlib.sha256(b'\\n'.join(t.EXPECTED)).hexdigest())"
    )
    root = Path(__file__).parents[3]
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(digests) == 1


def test_bucket_gone_on_without_a_signal_is_blind_for_it() -> None:
    timeline = Timeline(minute("11:50"), minute("12:04")).outage("reports", [60] * 30, minute("12:00"))
    late = {bucket_start(bucket) for bucket in range(minute("12:01"), minute("12:05"))}
    records: list[SeriesRecord] = [
        report for report in timeline.reports() if not (report.signal == "errors" and report.bucket in late)
    ]
    records.append(GoOn("errors", bucket_start(minute("12:01"))))
    alignment, correlator = Alignment(), Correlator(CATALOGUE, "outages.")
    revisions = [r for record in records for whole in alignment.offer(record) for r in correlator.take(whole)]
    assert revisions[0].witnesses.errors.state == "blind"
    assert (revisions[-1].quality.blind_s, revisions[-1].time) == (240, "2022-07-14T12:05:00.000Z")
