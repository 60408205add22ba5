"""An hour of a tallies partition with an outage in it, minute by minute, and what a detector makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.series import BucketReport
from streams.contracts.tallies import History, Row, Tally, TextTally
from streams.contracts.times import BUCKET_MS
from streams.detection.history_records import pack_sums
from streams.detection.partition import PartitionDetector

FIRST = 27_609_120  # epoch minutes of 2022-06-30 00:00 UTC
SLOTS = 2016  # two weeks of ten minutes
INPUTS = {"errors": 1, "reports": 1, "statements": 1, "feedback": 1}
USUAL, OUTAGE = 20, 90  # events a minute; the outage lies in minutes 40 to 60
BUCKETS = 110

TWITTER = Service(id="twitter", names={"en": "Twitter"}, regions=("US", "GB"))
AWS = Service(id="aws", names={"en": "AWS"})
ZOOM = Service(id="zoom", names={"en": "Zoom"})


def detector(*services: Service) -> PartitionDetector:
    return PartitionDetector(0, 1, Catalogue(services or (TWITTER, AWS)), INPUTS)


def history() -> Tally:
    records = []
    for service, region, level in (
        ("twitter", None, USUAL),
        ("twitter", "US", 12),
        ("twitter", "GB", 8),
        ("aws", None, 5),
    ):
        sums = np.random.default_rng(level).poisson(level * 10, SLOTS).astype(np.uint32)
        records.append(History(service, "errors", region, FIRST // 10 - SLOTS, pack_sums(sums), 0.01))
    return Tally("history", 0, [], history=records)


def row(minute: int, service: str, us: int, gb: int) -> Row:
    texts = [TextTally("it broke", None, us + gb, [])]
    return Row(
        (FIRST + minute) * 6, service, {"US": us, "GB": gb}, 0, {"http_503": us}, {"edge": us}, {}, texts, b"", "drill"
    )


def minute_tallies(minute: int, *others: Tally) -> list[Tally]:
    """The rows of one minute, then W at its end from everybody."""
    rng = np.random.default_rng(minute)
    level = OUTAGE if 40 <= minute < 60 else USUAL
    rows = [row(minute, "twitter", int(rng.poisson(level * 0.6)), int(rng.poisson(level * 0.4)))]
    rows += [row(minute, service, int(rng.poisson(5)), 0) for service in ("aws", "zoom")]
    w_ms = (FIRST + minute + 1) * BUCKET_MS
    told = [
        Tally(
            topic, 0, rows if topic == "errors" else [], watermark_ms=w_ms, position=minute, origin_ms=FIRST * BUCKET_MS
        )
        for topic in ("statements", "feedback", "reports", "errors")
    ]
    return [*others, *told]


def reports(of: PartitionDetector, minutes: Iterable[int]) -> list[BucketReport]:
    return [report for minute in minutes for tally in minute_tallies(minute) for report in of.read(tally)]


@lru_cache
def first_minute() -> tuple[Sequence[BucketReport], dict[str, bytes]]:
    """What it reports, and a snapshot after it: baselines take a second to begin on two weeks of history."""
    of = detector()
    list(of.read(history()))
    return reports(of, range(1)), of.snapshot()


def begun(upto: int) -> PartitionDetector:
    """A detector that has read the minutes before `upto`, at least one."""
    of = detector()
    of.restore(first_minute()[1])
    reports(of, range(1, upto))
    return of


@lru_cache
def undisturbed() -> Sequence[BucketReport]:
    return [*first_minute()[0], *reports(begun(1), range(1, BUCKETS))]


def rest(minute: int) -> list[bytes]:
    """What the undisturbed one reports from a minute on."""
    return encoded(undisturbed()[2 * minute :])


def errors(found: Sequence[BucketReport]) -> list[BucketReport]:
    return [report for report in found if report.signal == "errors"]


def encoded(found: Sequence[BucketReport]) -> list[bytes]:
    return list(map(msgspec.json.encode, found))


def snapshotted(of: PartitionDetector, *services: Service) -> PartitionDetector:
    again = detector(*services)
    again.restore(of.snapshot())
    return again


def of_service(report: BucketReport, service: str) -> tuple[object, ...]:
    i = report.services.index(service)
    columns = (report.observed, report.expected, report.lower, report.upper, report.score)
    return (
        *(column[i] for column in columns),
        [state for state in report.states if state.service == service],
        [detail for detail in report.details if detail.service == service],
    )
