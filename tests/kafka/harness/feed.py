"""A small seeded log with everything in it that happens: repeats, late and broken records, unknown names, two outages.

Records come in arrival order, placed as our producers place them, with a clock record each ten seconds of event time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from streams.contracts.times import rfc3339
from streams.ingest.placement import partition_of, record_key
from streams.replay.scenario_run import Placed, partitions_of
from streams.settings import Settings

START_MS = 1_657_800_000_000  # 2022-07-14T12:00:00Z
MINUTE_MS = 60_000
CLOCK_EVERY_MS = 10_000

# What events call a service, and the service that answers to it; None: nobody does.
NAMES = {"twitter": "twitter", "X": "twitter", "Slack": "slack", "aws": "aws", "discord": "discord", "no such": None}
USUAL = {"twitter": 16.0, "X": 4.0, "Slack": 12.0, "aws": 8.0, "discord": 6.0, "no such": 2.0}  # errors a minute
REPORTS_SHARE = 0.4  # of a service's errors a minute, so many reports come
REGIONS = ("US", "US", "GB", "JP", "ZZ", None)
TEXTS = ("Tweets aren't loading right now. Try again.", "لا يمكن استرداد التغريدات", None)


@dataclass(frozen=True, slots=True)
class Surge:
    """So many times the usual from minute `begin` to minute `end`."""

    name: str
    begin: int
    end: int
    errors: float
    reports: float


SURGES = (Surge("twitter", 22, 34, errors=14, reports=40), Surge("Slack", 30, 38, errors=1, reports=60))

# Each with the reason for which it is refused.
POISON: tuple[tuple[str, bytes, str], ...] = (
    ("errors", b"", "not_json"),
    ("errors", b'{"service": "twitter", "time"', "not_json"),
    ("errors", b'\xff\xfe{"service": "twitter"}', "not_json"),
    ("errors", b'{"service": "twitter"}', "missing_field"),
    ("errors", b'{"service": 7, "time": 1657800000}', "bad_type"),
    ("errors", b'{"service": "twitter", "time": "1970-01-01T00:00:00Z"}', "bad_time"),
    ("errors", b'{"service": "twitter", "time": "2099-01-01T00:00:00Z"}', "time_in_future"),
    ("reports", b'{"service": "twitter", "time": 1657800000, "count": -1}', "bad_count"),
    ("reports", b'{"service": "twitter", "time": 1657800000, "count": true}', "bad_count"),
    ("statements", b'{"about": "nobody", "time": 1657800000, "status": "resolved"}', "unknown_about"),
    ("statements", b'{"about": "twitter", "time": 1657800000, "status": "well"}', "bad_status"),
    ("feedback", b'{"window": "w", "action": "like", "by": "me", "time": 1657800000}', "bad_action"),
)


def feed(
    settings: Settings, *, seed: int, minutes: int, scale: float = 1.0, said: tuple[Placed, ...] = ()
) -> list[Placed]:
    """The log of so many minutes from START_MS on. `scale`: times the usual volume. `said`: more records, by time."""
    events = _Feed(settings, Random(seed), minutes, scale).records() + [r for r in said if r.time_ms < _end(minutes)]
    events.sort(key=lambda record: record.time_ms)
    placed: list[Placed] = [_clock(START_MS)]
    clock_ms = START_MS
    for record in events:
        while record.time_ms >= clock_ms + CLOCK_EVERY_MS:
            clock_ms += CLOCK_EVERY_MS
            placed.append(_clock(clock_ms))
        placed.append(record)
    while clock_ms < _end(minutes) + settings.allowed_delay_ms:
        clock_ms += CLOCK_EVERY_MS
        placed.append(_clock(clock_ms))
    return placed


def feedback(settings: Settings, window: str, action: str, minute: float) -> Placed:
    """What an operator says of a window."""
    time_ms = START_MS + round(minute * MINUTE_MS)
    return _placed(
        settings, "feedback", {"window": window, "action": action, "by": "ann", "time": rfc3339(time_ms)}, time_ms
    )


def _end(minutes: int) -> int:
    return START_MS + minutes * MINUTE_MS


def _clock(clock_ms: int) -> Placed:
    return Placed("", None, b"", json.dumps({"clock": rfc3339(clock_ms)}).encode(), clock_ms)


def _placed(settings: Settings, topic: str, event: dict[str, Any], at_ms: int) -> Placed:
    key = record_key(topic, event)
    value = json.dumps(event, ensure_ascii=False).encode()
    return Placed(topic, partition_of(key, partitions_of(settings)[topic]), key.encode(), value, at_ms)


class _Feed:
    def __init__(self, settings: Settings, random: Random, minutes: int, scale: float) -> None:
        self._settings = settings
        self._random = random
        self._minutes = minutes
        self._scale = scale
        self._ids = 0

    def records(self) -> list[Placed]:
        found = [record for minute in range(self._minutes) for record in self._minute(minute)]
        return found + list(self._statements()) + list(self._poison())

    def _minute(self, minute: int) -> Iterator[Placed]:
        for name, usual in USUAL.items():
            surge = next((s for s in SURGES if s.name == name and s.begin <= minute < s.end), None)
            for topic, share, times in (
                ("errors", 1.0, surge.errors if surge else 1.0),
                ("reports", REPORTS_SHARE, surge.reports if surge else 1.0),
            ):
                mean = usual * share * times * self._scale
                for _ in range(round(mean * self._random.uniform(0.8, 1.2))):
                    yield from self._event(
                        topic, name, START_MS + minute * MINUTE_MS + self._random.randrange(MINUTE_MS)
                    )

    def _event(self, topic: str, name: str, at_ms: int) -> Iterator[Placed]:
        """One event as it arrives at `at_ms`, some seconds old; one in 50 too old, one in 20 twice."""
        random = self._random
        old_ms = random.randrange(45_000, 120_000) if random.random() < 0.02 else random.randrange(0, 9_000)
        time_ms = max(at_ms - old_ms, START_MS)
        time: str | float = rfc3339(time_ms) if random.random() < 0.8 else time_ms / 1000
        event = {"service": name, "time": time, "region": random.choice(REGIONS)} | self._details(topic)
        placed = _placed(self._settings, topic, event, at_ms)
        yield placed
        if random.random() < 0.05:
            yield placed._replace(time_ms=at_ms + random.randrange(0, 3_000))

    def _details(self, topic: str) -> dict[str, Any]:
        random = self._random
        self._ids += 1
        if topic == "errors":
            return {
                "id": f"e{self._ids}" if random.random() < 0.7 else None,
                "type": random.choice(["http_503", "timeout"]),
                "message": random.choice(TEXTS),
                "count": random.choice([None, None, None, 1, 3]),
                "user": f"u{random.randrange(400)}",
                "source": random.choice(["edge-iad", "edge-fra"]),
                "dependency": random.choice([None, None, "aws"]),
            }
        known = random.random() < 0.9
        return {
            "reporter": f"r{random.randrange(2_000)}" if known else None,  # some of them again within their quarter
            "id": None if known else f"i{self._ids}",
            "count": None if known else random.choice([1, 2]),
            "symptom": random.choice(["app", "website"]),
            "text": random.choice(TEXTS),
            "lang": "en",
        }

    def _statements(self) -> Iterator[Placed]:
        for minute, status in ((20, "operational"), (29, "investigating"), (46, "resolved")):
            at_ms = START_MS + minute * MINUTE_MS + 7_000
            event = {
                "about": "X",
                "time": rfc3339(at_ms - 2_000),
                "status": status,
                "by": "@Support",
                "text": "We know.",
            }
            if minute < self._minutes:
                yield _placed(self._settings, "statements", event, at_ms)

    def _poison(self) -> Iterator[Placed]:
        partitions = partitions_of(self._settings)
        for topic, value, _ in POISON:
            at_ms = START_MS + MINUTE_MS + self._random.randrange((self._minutes - 2) * MINUTE_MS)
            yield Placed(topic, self._random.randrange(partitions[topic]), b"poison", value, at_ms)
