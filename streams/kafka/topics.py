"""Every topic as data: its partitions and settings, by contract.

Two kinds. A *log* is deleted by age; a *latest* topic keeps the newest record of each key. What a log or a latest topic
needs beyond its age stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIB = 1024 * 1024


# A reader of dead letters or late records may want to share the work; more than four would be files without content.
REFUSED_PARTITIONS = 4

# A log loses whole segments, and only closed ones: with Kafka's default of a week, 72 hours would mean up to ten days.
LOG_SEGMENT_MS = DAY_MS

# An input record above 16 kB is refused, so a megabyte is room for a batch of them, not for a record.
INPUT_BATCH_BYTES = MIB

# One bucket of 100,000 services measured 2.4 MB for both signals; three times that, for buckets with many texts.
SERIES_RECORD_BYTES = 8 * MIB

# Only closed segments are compacted, and a recovery reads the topic from its beginning: small ones keep that short.
LATEST_SEGMENT_BYTES = 16 * MIB
LATEST_SEGMENT_MS = 10 * 60_000
# Compact as soon as a tenth is outdated; the default of a half would have a recovery read twice as much as it needs.
LATEST_DIRTY_RATIO = 0.1
# How long a deletion stays readable: longer than any recovery takes, so that nobody misses one.
LATEST_TOMBSTONE_MS = HOUR_MS


class TopicSettings(Protocol):
    """What the topics need to know of the settings."""

    @property
    def prefix(self) -> str: ...
    @property
    def errors_partitions(self) -> int: ...
    @property
    def reports_partitions(self) -> int: ...
    @property
    def tallies_partitions(self) -> int: ...


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it has to be. `setting`: the setting that decides its partitions, None where the contract does."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    setting: str | None = None


def topic_specs(settings: TopicSettings, *, brokers: int) -> tuple[TopicSpec, ...]:
    """All topics of a prefix, for a cluster of so many brokers, in the order of the contract."""
    replication = min(3, brokers)
    everywhere = {
        # Two of three must have a record before it counts as written; with fewer copies one lost broker would stop us.
        "min.insync.replicas": "2" if replication == 3 else "1",
        "unclean.leader.election.enable": "false",  # rather wait than lose records that were acknowledged
    }

    def spec(name: str, partitions: int, config: Mapping[str, str], setting: str | None = None) -> TopicSpec:
        whole = MappingProxyType({**config, **everywhere})
        return TopicSpec(settings.prefix + name, partitions, replication, whole, setting)

    return (
        spec("errors", settings.errors_partitions, _input(), "errors_partitions"),
        spec("reports", settings.reports_partitions, _input(), "reports_partitions"),
        spec("statements", 1, _input()),
        spec("feedback", 1, _input()),
        spec("series", 1, {**_log(7 * DAY_MS), "max.message.bytes": str(SERIES_RECORD_BYTES)}),
        spec("windows", 1, _log(400 * DAY_MS)),
        spec("windows.latest", 1, _latest()),
        spec("alerts", 1, _log(30 * DAY_MS)),
        spec("ledger", 1, _latest()),
        spec("health", 1, _latest()),
        spec("dead-letters", REFUSED_PARTITIONS, _log(7 * DAY_MS)),
        spec("late", REFUSED_PARTITIONS, _log(7 * DAY_MS)),
        spec("tallies", settings.tallies_partitions, _log(7 * DAY_MS), "tallies_partitions"),
        # A changelog has a partition for each partition that its app reads.
        spec(changelog("detect"), settings.tallies_partitions, _latest(), "tallies_partitions"),
        spec(changelog("correlate"), 1, _latest()),
        spec(changelog("alert"), 1, _latest()),
    )


def changelog(app: str) -> str:
    """The topic of a Faust app's one table, without prefix: Faust names it by the app's id and the table's name."""
    return f"{app}-state-changelog"


def _log(retention_ms: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention_ms),
        "segment.ms": str(LOG_SEGMENT_MS),
    }


def _input() -> dict[str, str]:
    # The broker's clock is the only clock: a client that sets timestamps must move neither time nor retention.
    return {
        **_log(72 * HOUR_MS),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(INPUT_BATCH_BYTES),
    }


def _latest() -> dict[str, str]:
    return {
        "cleanup.policy": "compact",
        "segment.bytes": str(LATEST_SEGMENT_BYTES),
        "segment.ms": str(LATEST_SEGMENT_MS),
        "min.cleanable.dirty.ratio": str(LATEST_DIRTY_RATIO),
        "delete.retention.ms": str(LATEST_TOMBSTONE_MS),
    }
