"""What the input comes to, counted naively; and what the pure core makes of a dump of it.

The naive count reads each log once, in order, with plain dictionaries: nothing of it is taken from the code under test.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from streams.contracts.events import INPUT_TOPICS
from streams.kafka.records import Record, whole
from streams.settings import Settings
from tests.kafka.harness.feed import NAMES

REQUIRED = {
    "errors": ("service", "time"),
    "reports": ("service", "time"),
    "statements": ("about", "time", "status"),
    "feedback": ("window", "action", "by", "time"),
}
STATUSES = ("operational", "investigating", "identified", "monitoring", "resolved")
ACTIONS = ("confirmed", "false_alarm", "acknowledged", "silenced")

Origin = tuple[str, int, int]  # topic without prefix, partition, offset
Logs = Mapping[tuple[str, int], list[Record]]


@dataclass
class Truth:
    """What all logs together come to. `counts`: by signal, bucket and service. `fates`: by topic, how many records."""

    counts: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    late: dict[Origin, bytes] = field(default_factory=dict)
    refused: dict[Origin, bytes] = field(default_factory=dict)
    fates: dict[str, Counter[str]] = field(default_factory=lambda: {topic: Counter() for topic in INPUT_TOPICS})


def input_logs(settings: Settings) -> Logs:
    """The input topics as they lie in Kafka."""
    logs: dict[tuple[str, int], list[Record]] = {}
    for topic in INPUT_TOPICS:
        for record in whole(settings.brokers, settings.topic(topic)):
            logs.setdefault((topic, record.partition), []).append(record)
    return logs


def naive_count(logs: Logs, settings: Settings) -> Truth:
    """Reads every log once from its begin."""
    truth = Truth()
    for (topic, partition), records in sorted(logs.items()):
        _Log(topic, partition, settings, truth).read(records)
    return truth


def write_dump(logs: Logs, file: Path) -> None:
    """The logs as a file for `outages backtest --events`. What is no JSON cannot stand there, and counts nowhere."""
    lines = []
    for (topic, partition), records in logs.items():
        for record in records:
            value = record.value or b""
            if _json(value) is not None and b"\n" not in value:
                lines.append(
                    (record.time_ms, b'{"topic":"%s","partition":%d,"value":%s}\n' % (topic.encode(), partition, value))
                )
    lines.sort(key=lambda line: line[0])  # stable: each partition stays in its order
    file.write_bytes(b"".join(line for _, line in lines))


class _Log:
    """One source partition. Under `clock = "broker"` the append times are the clock."""

    def __init__(self, topic: str, partition: int, settings: Settings, truth: Truth) -> None:
        self._topic, self._partition = topic, partition
        self._is_live = settings.clock == "broker"
        self._delay_ms = round(settings.allowed_delay_s * 1000)
        self._truth = truth
        self._clock_ms: int | None = None
        self._seen: set[tuple[Any, ...]] = set()

    def read(self, records: Iterable[Record]) -> None:
        for record in records:
            if self._is_live:
                self._clock_ms = max(self._clock_ms or 0, record.time_ms)
                if record.is_canary:
                    continue
            event = _json(record.value or b"")
            if isinstance(event, dict) and set(event) == {"clock"} and not self._is_live:
                self._clock_ms = max(self._clock_ms or 0, _ms(event["clock"]) or 0)
                continue
            self._truth.fates[self._topic][self._fate(event, record)] += 1

    def _fate(self, event: Any, record: Record) -> str:
        origin = (self._topic, self._partition, record.offset)
        if len(record.value or b"") > 16_384 or not self._is_good(event, record):
            self._truth.refused[origin] = (record.value or b"")[:16_384]
            return "refused"
        if self._topic in ("statements", "feedback"):
            return "accepted"
        time_ms = _ms(event["time"])
        assert time_ms is not None
        if self._clock_ms is not None and time_ms // 10_000 * 10_000 + 10_000 <= self._clock_ms - self._delay_ms:
            self._truth.late[origin] = record.value or b""
            return "late"
        return self._counted(event, time_ms)

    def _is_good(self, event: Any, record: Record) -> bool:
        if not isinstance(event, dict) or any(event.get(name) is None for name in REQUIRED[self._topic]):
            return False
        time_ms = _ms(event["time"])
        if time_ms is None:
            return False
        latest_ms = record.time_ms + 60_000 if self._is_live else (self._clock_ms or 2**62) + 86_400_000
        if not 946_684_800_000 <= time_ms <= latest_ms:
            return False
        if self._topic == "statements":
            return event["status"] in STATUSES and NAMES.get(event["about"]) is not None
        if self._topic == "feedback":
            return event["action"] in ACTIONS
        count = event.get("count")
        return isinstance(event["service"], str) and (count is None or (type(count) is int and 1 <= count <= 1_000_000))

    def _counted(self, event: dict[str, Any], time_ms: int) -> str:
        service = NAMES[event["service"]]
        number = event.get("count") or 1
        key: tuple[Any, ...] | None = None
        if self._topic == "reports" and event.get("reporter"):
            key, number = ("who", time_ms // 900_000, service or event["service"], event["reporter"]), 1
        elif event.get("id"):
            key = ("id", time_ms // 10_000, event["id"])
        if key is not None:
            if key in self._seen:
                return "duplicate"
            self._seen.add(key)
        self._truth.counts[self._topic, time_ms // 60_000, service or "other"] += number
        return "accepted"


def _json(value: bytes) -> Any:
    """What the value says, None where it is no JSON."""
    try:
        return json.loads(value.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _ms(time: Any) -> int | None:
    """Milliseconds since 1970, None for what is no time."""
    if isinstance(time, str):
        try:
            return round(datetime.fromisoformat(time).timestamp() * 1000)
        except ValueError:
            return None
    return round(time * 1000) if isinstance(time, int | float) and abs(time) < 1e11 else None
