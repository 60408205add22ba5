"""Records of one partition, at literal seconds after noon."""

from __future__ import annotations

import json
from typing import Any

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.tallies import Row
from streams.contracts.times import rfc3339
from streams.tally.fold import Outcome, PartitionFold
from streams.tally.reading import RecordBatch
from streams.tally.said import SaidFold

NOON_MS = 1_657_800_000_000  # 2022-07-14T12:00:00Z
NOON_PANE = NOON_MS // 10_000
DELAY_MS = 20_000

CATALOGUE = Catalogue(
    [
        Service(id="twitter", names={"en": "Twitter"}, aliases=("x",), regions=("US", "GB")),
        Service(id="aws", names={"en": "AWS"}),
    ]
)


def event(at_s: float, **fields: Any) -> bytes:
    """An error or a report of twitter, dated `at_s` after noon."""
    return json.dumps({"service": "twitter", "time": rfc3339(NOON_MS + round(at_s * 1000))} | fields).encode()


def clock(at_s: float) -> bytes:
    return json.dumps({"clock": rfc3339(NOON_MS + round(at_s * 1000))}).encode()


def read(fold: PartitionFold | SaidFold, *values: bytes | None) -> Outcome:
    """The next records, under clock records."""
    return fold.read(RecordBatch(range(fold.position, fold.position + len(values)), values))


def read_appended(fold: PartitionFold | SaidFold, *records: tuple[float, bytes]) -> Outcome:
    """The next records as (seconds after noon at which the broker appended it, value)."""
    offsets = range(fold.position, fold.position + len(records))
    append_ms = [NOON_MS + round(at_s * 1000) for at_s, _ in records]
    canaries = frozenset(i for i, (_, value) in enumerate(records) if not value)
    return fold.read(RecordBatch(offsets, [value for _, value in records], append_ms, canaries))


def reasons(outcome: Outcome) -> list[tuple[int, str]]:
    return [(position, refused.reason) for position, refused in outcome.refused]


def counted(fold: PartitionFold) -> int:
    """Events in all rows that changed since the last call."""
    return sum(sum(row.regions.values()) for row in fold.changed_rows())


def rows(fold: PartitionFold) -> dict[tuple[int, str], Row]:
    """Rows that changed since the last call, by (panes after noon, service)."""
    return {(row.pane - NOON_PANE, row.service): row for row in fold.changed_rows()}
