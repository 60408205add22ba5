"""Logs as they might be, and what they come to, counted naively: the yardstick for the tally.

Nothing here is taken from the code under test but the records' names: the naive count reads each log once, in order,
with plain dictionaries, and knows nothing of batches, flushes or restarts.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.sketches import add, hash64
from streams.contracts.times import rfc3339
from streams.tally.reading import RecordBatch
from streams.tally.watermark import ClockMode

START_MS = 1_657_799_880_000  # 2022-07-14T11:58:00Z: two minutes before a quarter of an hour begins
DELAY_MS = 20_000
SPAN_MS = 1_200_000  # twenty minutes: two boundaries of quarters
PARTITIONS = {"errors": 2, "reports": 2, "statements": 1, "feedback": 1}
SOURCES = [(topic, p) for topic, n in PARTITIONS.items() for p in range(n)]

CATALOGUE = Catalogue(
    [
        Service(id="twitter", names={"en": "Twitter"}, aliases=("x",), regions=("US", "GB")),
        Service(id="aws", names={"en": "AWS"}),
        Service(id="instagram", names={"en": "Instagram"}),
    ]
)
_IDS = {"twitter": "twitter", "X": "twitter", "x": "twitter", "aws": "aws", "AWS": "aws", "instagram": "instagram"}
_NAMES = ["twitter", "twitter", "X", "x", "aws", "AWS", "instagram", "nobody", "no one"]
_REGIONS = {"twitter": {"US", "GB"}}
_BROKEN = [b"", b"{", b"null", b'{"service":"aws"}', b'{"service":5,"time":1}', b"\xff", b"[" * 3000, b"x" * 17_000]


@dataclass
class Log:
    """One source partition."""

    topic: str
    partition: int
    mode: ClockMode
    values: list[bytes | None] = field(default_factory=list)
    append_ms: list[int] = field(default_factory=list)
    canaries: set[int] = field(default_factory=set)

    def add(self, value: bytes | None, append_ms: int, *, canary: bool = False) -> None:
        if canary:
            self.canaries.add(len(self.values))
        self.values.append(value)
        self.append_ms.append(append_ms)

    def batch(self, start: int, end: int) -> RecordBatch:
        """Records start..end-1."""
        return RecordBatch(
            range(start, end),
            self.values[start:end],
            self.append_ms[start:end] if self.mode == "broker" else None,
            frozenset(i - start for i in self.canaries if start <= i < end),
        )


def drawn_log(topic: str, partition: int, mode: ClockMode, seed: int, records: int) -> Log:
    """A log of some twenty minutes with everything in it that happens: repeats, late, broken and misdated records."""
    random = Random(f"{seed} {topic} {partition}")
    log = Log(topic, partition, mode)
    now_ms = START_MS + random.randrange(0, 9_000)
    _tick(log, now_ms)
    for _ in range(records):
        now_ms += random.choice([0, 1, 500, 3_000, 2 * SPAN_MS // records])
        kind = random.random()
        if kind < 0.15:
            _tick(log, now_ms)
        elif kind < 0.20:
            log.add(random.choice(_BROKEN), now_ms)
        elif kind < 0.22:
            log.add(None, now_ms)
        elif kind < 0.27 and log.values:
            log.add(random.choice(log.values), now_ms)  # the very same record again
        else:
            jitter_ms = random.choice([0, 0, 0, -2_500])  # brokers' clocks step back
            log.add(json.dumps(_event(topic, now_ms, random), ensure_ascii=False).encode(), now_ms + jitter_ms)
    _tick(log, START_MS + 4 * SPAN_MS)
    return log


def _tick(log: Log, now_ms: int) -> None:
    if log.mode == "broker":
        log.add(b"", now_ms, canary=True)
    else:
        log.add(json.dumps({"clock": rfc3339(now_ms)}).encode(), now_ms)


def _event(topic: str, now_ms: int, random: Random) -> dict[str, Any]:
    behind_ms = random.choice([0, 700, 4_000, 12_000, 19_000, 25_000, 33_000, 60_000, -20_000, -59_000, -61_000])
    time: Any = random.choice([rfc3339(now_ms - behind_ms), (now_ms - behind_ms) / 1000])
    if random.random() < 0.03:
        time = random.choice(["2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 1e305, 10**400, "yesterday", 4e12])
    if topic == "statements":
        status = random.choice(["investigating", "resolved", "operational", "on fire"])
        return {"about": random.choice(_NAMES), "time": time, "status": status}
    if topic == "feedback":
        action = random.choice(["confirmed", "false_alarm", "never"])
        return {"window": f"{random.choice(['twitter', 'aws'])}-2022", "action": action, "by": "me", "time": time}
    event: dict[str, Any] = {
        "service": random.choice(_NAMES),
        "time": time,
        "region": random.choice(["US", "GB", "FR", None]),
        "source": random.choice(["edge", "web", None]),
        "count": random.choice([None, None, 1, 7, 1_000_000, 0, True]),
        "id": random.choice([None, None, "", *"abcdefgh"]),
        "unheard_of": {"of": ["yes"]},
    }
    who = random.choice([None, "ann", "ann", "bob"])  # few, so that they come again within their quarter of an hour
    kind, text = random.choice(["app", None]), random.choice(["it broke", None])
    if topic == "errors":
        return event | {"user": who, "type": kind, "message": text}
    return event | {"reporter": who, "symptom": kind, "text": text, "lang": "en"}


# The naive count


@dataclass
class Cell:
    """One service in one bucket of one signal."""

    regions: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    people: dict[int, int] = field(default_factory=dict)
    late: int = 0


@dataclass
class Count:
    """What all logs together come to. Buckets as (signal, bucket, service); said as (topic, bucket, offset)."""

    cells: dict[tuple[str, int, str], Cell] = field(default_factory=dict)
    said: list[tuple[str, int, int]] = field(default_factory=list)
    late: set[tuple[str, int, int]] = field(default_factory=set)
    refused: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def cell(self, signal: str, time_ms: int, service: str) -> Cell:
        return self.cells.setdefault((signal, time_ms // 60_000, service), Cell())


def naive_count(logs: list[Log]) -> Count:
    """Reads every log once from its begin."""
    count = Count()
    for log in logs:
        _count_log(log, count)
    count.said.sort()
    return count


def _count_log(log: Log, count: Count) -> None:
    clock_ms: int | None = None
    seen: set[tuple[Any, ...]] = set()
    for offset, value in enumerate(log.values):
        if log.mode == "broker":
            clock_ms = max(clock_ms or 0, log.append_ms[offset])
        where = (log.topic, log.partition, offset)
        if not value and offset in log.canaries:
            continue
        event, reason = _read(value or b"", log.topic)
        if event is not None and "clock" in event:
            clock_ms = max(clock_ms or 0, _ms(event["clock"]))
            continue
        assert clock_ms is not None, "drawn logs begin with a tick"
        time_ms = 0
        if event is not None:
            time_ms = _ms(event["time"])
            ahead_of_ms = log.append_ms[offset] + 60_000 if log.mode == "broker" else clock_ms + 86_400_000
            if time_ms < 946_684_800_000 or time_ms >= 253_402_300_800_000:
                reason = "bad_time"
            elif time_ms > ahead_of_ms:
                reason = "time_in_future"
            elif log.topic == "statements" and event["about"] not in _IDS:
                reason = "unknown_about"
        if reason is not None:
            count.refused[where] = reason
            continue
        assert event is not None
        w_ms = clock_ms - DELAY_MS
        if log.topic in ("statements", "feedback"):
            count.said.append((log.topic, max(time_ms, w_ms) // 60_000, offset))
        elif (time_ms // 10_000 + 1) * 10_000 <= w_ms:
            count.late.add(where)
            count.cell(log.topic, w_ms, _IDS.get(event["service"], "other")).late += 1
        else:
            _count_event(log.topic, event, time_ms, seen, count)


def _count_event(topic: str, event: dict[str, Any], time_ms: int, seen: set[tuple[Any, ...]], count: Count) -> None:
    service = _IDS.get(event["service"])
    number = event["count"] or 1
    person = event["user"] if topic == "errors" else event["reporter"]
    if topic == "reports" and person:
        key: tuple[Any, ...] | None = ("who", time_ms // 900_000, service or event["service"], person)
        number = 1
    else:
        key = ("id", time_ms // 10_000, event["id"]) if event["id"] else None
    if key is not None:
        if key in seen:
            return
        seen.add(key)
    cell = count.cell(topic, time_ms, service or "other")
    region = event["region"]
    listed = region in _REGIONS.get(service or "", ())
    cell.regions["unknown" if region is None else region if listed else "other"] += number
    if service is None:
        return
    kind, text = (event["type"], event["message"]) if topic == "errors" else (event["symptom"], event["text"])
    for counter, name in ((cell.kinds, kind), (cell.sources, event["source"]), (cell.texts, text)):
        if name:
            counter[name] += number
    if person:
        add(cell.people, hash64(person))


def _read(value: bytes, topic: str) -> tuple[dict[str, Any] | None, str | None]:
    if len(value) > 16_384:
        return None, "too_large"
    if value.count(b"[") > 32:
        return None, "too_deep"
    try:
        event = json.loads(value)
    except ValueError:
        return None, "not_json"
    if not isinstance(event, dict) or (event.get("service") == 5 and topic in ("errors", "reports")):
        return None, "bad_type"
    if "clock" in event:
        return event, None
    if event.get("count") is True or event.get("count") == 0:
        return None, "bad_count"
    if event.get("status") == "on fire":
        return None, "bad_status"
    if event.get("action") == "never":
        return None, "bad_action"
    required = {"statements": ["about", "time", "status"], "feedback": ["window", "action", "by", "time"]}
    if any(name not in event for name in required.get(topic, ["service", "time"])):
        return None, "missing_field"
    return event, None


def _ms(time: Any) -> int:
    """Milliseconds since 1970; 0, which is before 2000, for what is no time."""
    if isinstance(time, str):
        try:
            return round(datetime.fromisoformat(time).timestamp() * 1000)
        except ValueError:
            return 0
    return round(time * 1000) if abs(time) < 1e12 else 0
