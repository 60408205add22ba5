"""A small scenario as text, to be varied by the tests, and readers of what comes out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from streams.contracts.times import parse_time_ms
from streams.replay.loading import parse_scenario
from streams.replay.scenario import Scenario
from streams.replay.synthesis import LogRecord

SMALL = """\
id: small
title: A shop fails at noon
note: invented
start: 2022-07-14T11:00:00Z
end: 2022-07-14T14:00:00Z
seed: 7
history_days: 2
services:
  - id: shop
    zone: America/New_York
    regions:
      - {shares: {US: 3, NO: 1}, source: invented}
    reports:
      usual: {per_minute: 4, amplitude: 0.5, peak_hour: 8}
      curve:
        - {time: 2022-07-14T12:00:00Z, times_usual: 1, source: invented}
        - {time: 2022-07-14T12:10:00Z, per_quarter: 6000, source: invented}
        - {time: 2022-07-14T12:30:00Z, per_quarter: 6000, source: invented}
        - {time: 2022-07-14T13:00:00Z, times_usual: 1, source: invented}
      symptoms: {app: 0.6, website: 0.4}
      texts:
        - {text: "لا يعمل", lang: ar, share: 0.25, source: invented}
      repeats: 0.1
      again: 0.1
    errors:
      usual: {per_minute: 60, wander: 0.05}
      kinds:
        - {type: http_503, share: 3, message: Try again}
        - {type: upstream, share: 1, dependency: aws}
      collectors:
        - {source: edge-oslo, regions: ["NO"]}
        - {source: edge-iad}
      sample: {source: client, share: 0.1}
      resent: 0.05
  - id: bank
    reports:
      usual: {per_minute: 30}
      total_every_s: 20
      source: importer
statements:
  - {about: shop, time: 2022-07-14T12:40:00Z, status: investigating, by: "@shop", text: We look into it,
     source: invented}
"""


def small(*changes: tuple[str, str]) -> Scenario:
    """The small scenario with texts replaced."""
    return parse_scenario(changed(*changes), "small.yaml")


def changed(*changes: tuple[str, str]) -> str:
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def values(records: Iterable[LogRecord], topic: str, service: str) -> list[dict[str, Any]]:
    """Decoded values of one topic and service, in arrival order."""
    decoded = (json.loads(record.value) for record in records if record.topic == topic)
    return [value for value in decoded if value["service"] == service]


def per_minute(events: Iterable[dict[str, Any]]) -> Counter[str]:
    """Events of each minute, written like 12:07; counts counted, repeats by id and (reports) by reporter left out."""
    seen: set[tuple[int, str]] = set()
    minutes: Counter[str] = Counter()
    for event in events:
        quarter = parse_time_ms(event["time"]) // 900_000
        mark = (quarter, event.get("reporter") or event["id"])
        if mark not in seen:
            seen.add(mark)
            minutes[event["time"][11:16]] += event.get("count", 1)
    return minutes


def digest(records: Iterable[LogRecord]) -> str:
    """One hash over everything that records hold, their order included."""
    total = hashlib.sha256()
    for topic, key, value, time_ms in records:
        total.update(b"%s %s %s %d\n" % (topic.encode(), key, value, time_ms))
    return total.hexdigest()
