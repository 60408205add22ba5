"""The topics, written out once more from the contract."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from streams.kafka.topics import topic_specs

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Wanted:
    prefix: str = "outages."
    errors_partitions: int = 8
    reports_partitions: int = 6
    tallies_partitions: int = 4


# name, partitions, cleanup, retention in days
CONTRACT: list[tuple[str, int, str, int | None]] = [
    ("errors", 8, "delete", 3),
    ("reports", 6, "delete", 3),
    ("statements", 1, "delete", 3),
    ("feedback", 1, "delete", 3),
    ("series", 1, "delete", 7),
    ("windows", 1, "delete", 400),
    ("windows.latest", 1, "compact", None),
    ("alerts", 1, "delete", 30),
    ("ledger", 1, "compact", None),
    ("health", 1, "compact", None),
    ("dead-letters", 4, "delete", 7),
    ("late", 4, "delete", 7),
    ("tallies", 4, "delete", 7),
    ("detect-state-changelog", 4, "compact", None),
    ("correlate-state-changelog", 1, "compact", None),
    ("alert-state-changelog", 1, "compact", None),
]


def test_every_topic_of_the_contract_and_no_other() -> None:
    specs = topic_specs(Wanted(), brokers=1)
    assert [spec.name for spec in specs] == [f"outages.{name}" for name, *_ in CONTRACT]


@pytest.mark.parametrize(("name", "partitions", "cleanup", "days"), CONTRACT)
def test_partitions_cleanup_and_retention(name: str, partitions: int, cleanup: str, days: int | None) -> None:
    (spec,) = [spec for spec in topic_specs(Wanted(), brokers=1) if spec.name == f"outages.{name}"]
    assert spec.partitions == partitions
    assert spec.config["cleanup.policy"] == cleanup
    assert spec.config.get("retention.ms") == (str(days * DAY_MS) if days else None)


def test_only_inputs_take_the_brokers_clock_and_a_megabyte() -> None:
    specs = topic_specs(Wanted(), brokers=1)
    stamped = [spec.name for spec in specs if spec.config.get("message.timestamp.type") == "LogAppendTime"]
    assert stamped == ["outages.errors", "outages.reports", "outages.statements", "outages.feedback"]
    sizes = {spec.name: spec.config["max.message.bytes"] for spec in specs if "max.message.bytes" in spec.config}
    assert sizes == {**dict.fromkeys(stamped, "1048576"), "outages.series": "8388608"}


@pytest.mark.parametrize(("brokers", "replication", "in_sync"), [(1, 1, "1"), (2, 2, "1"), (3, 3, "2"), (9, 3, "2")])
def test_copies_by_the_size_of_the_cluster(brokers: int, replication: int, in_sync: str) -> None:
    specs = topic_specs(Wanted(), brokers=brokers)
    assert {spec.replication for spec in specs} == {replication}
    assert {spec.config["min.insync.replicas"] for spec in specs} == {in_sync}
    assert {spec.config["unclean.leader.election.enable"] for spec in specs} == {"false"}


def test_what_is_deleted_by_age_is_not_kept_more_than_a_day_longer() -> None:
    logs = [spec for spec in topic_specs(Wanted(), brokers=1) if spec.config["cleanup.policy"] == "delete"]
    assert {spec.config["segment.ms"] for spec in logs} == {str(DAY_MS)}


def test_what_is_compacted_has_small_segments() -> None:
    latest = [spec for spec in topic_specs(Wanted(), brokers=1) if spec.config["cleanup.policy"] == "compact"]
    assert {(spec.config["segment.bytes"], spec.config["segment.ms"]) for spec in latest} == {("16777216", "600000")}


def test_a_count_that_a_setting_decides_names_it() -> None:
    assert {spec.name: spec.setting for spec in topic_specs(Wanted(), brokers=1) if spec.setting} == {
        "outages.errors": "errors_partitions",
        "outages.reports": "reports_partitions",
        "outages.tallies": "tallies_partitions",
        "outages.detect-state-changelog": "tallies_partitions",
    }
