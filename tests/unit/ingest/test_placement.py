"""Where records go: known values, since other programs compute them too."""

from __future__ import annotations

import pytest

from streams.ingest.placement import partition_of, record_key


@pytest.mark.parametrize(
    ("topic", "event", "key"),
    [
        ("reports", {"reporter": "ann", "id": "1", "service": "twitter"}, "ann"),
        ("reports", {"reporter": "", "id": "1", "service": "twitter"}, "1"),
        ("reports", {"service": "twitter"}, "twitter"),
        ("errors", {"id": "1", "source": "edge", "service": "twitter"}, "1"),
        ("errors", {"id": None, "source": "edge", "service": "twitter"}, "edge"),
        ("errors", {"id": 5, "service": "twitter"}, "twitter"),
        ("statements", {"about": "twitter", "by": "x"}, "twitter"),
        ("feedback", {"window": "twitter-1"}, "twitter-1"),
        ("errors", {}, ""),
    ],
)
def test_the_key_is_the_stable_thing_of_the_record(topic: str, event: dict[str, object], key: str) -> None:
    assert record_key(topic, event) == key


def test_partitions_are_by_crc32_of_the_key() -> None:
    assert partition_of("123456789", 1_000) == 0xCBF43926 % 1_000  # the check value of CRC-32/ISO-HDLC
    assert partition_of("", 8) == 0


def test_a_key_with_a_lone_surrogate_has_a_partition() -> None:
    assert 0 <= partition_of("\ud800", 8) < 8
