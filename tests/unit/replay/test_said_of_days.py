"""What the catalogue and operators say of a service's days, through the whole main path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from streams.alerts.book import AlertBook
from streams.catalogue import Catalogue
from streams.catalogue.service import Maintenance, Service
from streams.contracts.tallies import History
from streams.contracts.times import DAY_MS, rfc3339
from streams.contracts.windows import Window
from streams.detection.history_records import pack_sums
from streams.replay.events_file import backtest_events

START_MS = 1_772_409_600_000  # 2026-03-02 00:00 UTC
MINUTE_MS = 60_000
JOB = range(60, 100)  # minutes of each day with five times the errors
SLOTS = 2016
PLAIN = Service(id="shop", names={"en": "Shop"})


def history() -> Iterator[History]:
    sums = np.random.default_rng(7).poisson(200, SLOTS).astype(np.uint32)
    yield History("shop", "errors", None, START_MS // 600_000 - SLOTS, pack_sums(sums), 0.01)


def error(minute: int) -> dict[str, object]:
    mean = 100 if minute % 1440 in JOB else 20
    count = int(np.random.default_rng([1, minute]).poisson(mean)) or 1
    return {
        "topic": "errors",
        "value": {"service": "shop", "time": rfc3339(START_MS + minute * MINUTE_MS), "count": count},
    }


def false_alarm(window: str, minute: int) -> dict[str, object]:
    time = rfc3339(START_MS + minute * MINUTE_MS)
    return {"topic": "feedback", "value": {"window": window, "action": "false_alarm", "by": "ops", "time": time}}


def ran(folder: Path, service: Service, minutes: int, *said: tuple[int, dict[str, object]]) -> list[Window]:
    lines = [(minute, error(minute)) for minute in range(minutes)]
    file = folder / "events.ndjson"
    file.write_text("\n".join(json.dumps(line) for _, line in sorted([*lines, *said], key=lambda at: at[0])))
    catalogue = Catalogue([service])
    found = backtest_events(file, catalogue, prefix="outages.", partitions=1, tallies_partitions=1, history=history())
    return list(found)


def test_a_false_alarm_keeps_the_same_time_of_day_from_opening_on_the_next_day(tmp_path: Path) -> None:
    two_days = 1440 + JOB.stop + 20
    unsaid = ran(tmp_path, PLAIN, two_days)
    first, second = sorted({revision.window for revision in unsaid})
    said = ran(tmp_path, PLAIN, two_days, (200, false_alarm(first, 200)))
    assert {revision.window for revision in said} == {first}
    assert said[-1].state == "retracted"
    assert rfc3339(START_MS + DAY_MS)[:10].replace("-", "") in second


def shut(first: int, end: int) -> Service:
    work = Maintenance(from_ms=START_MS + first * MINUTE_MS, to_ms=START_MS + end * MINUTE_MS)
    return Service(id="shop", names={"en": "Shop"}, maintenance=(work,))


def alerted(revisions: list[Window]) -> list[str]:
    book = AlertBook()
    return [told.state for revision in revisions if (told := book.take(revision)) is not None]


def test_in_planned_work_a_window_opens_marked_and_nobody_is_woken(tmp_path: Path) -> None:
    revisions = ran(tmp_path, shut(50, 105), JOB.stop + 20)
    assert revisions[0].change == "opened"
    assert revisions[-1].state == "closed"
    assert all(revision.quality.maintenance for revision in revisions)
    assert alerted(revisions) == []


def test_what_outlasts_planned_work_wakes_somebody_ten_minutes_after_it(tmp_path: Path) -> None:
    revisions = ran(tmp_path, shut(50, 75), JOB.stop + 20)
    overran = next(revision for revision in revisions if revision.quality.maintenance_overran)
    assert rfc3339(START_MS + 85 * MINUTE_MS) < overran.time <= rfc3339(START_MS + 88 * MINUTE_MS)
    assert alerted(revisions)[0] == "firing"
    assert alerted(revisions)[-1] == "resolved"


def test_without_planned_work_it_fires_at_once(tmp_path: Path) -> None:
    assert alerted(ran(tmp_path, PLAIN, JOB.stop + 20))[0] == "firing"
