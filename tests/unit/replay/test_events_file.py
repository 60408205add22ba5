"""Files of raw events as people have them: wrong times, values that are no JSON, marks of other editors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.times import DAY_MS, rfc3339
from streams.contracts.windows import Window
from streams.ingest.refusals import Refused
from streams.replay.events_file import EventsFileError, backtest_events
from streams.replay.events_lines import lines_of
from streams.replay.file_time import timed
from streams.tally.watermark import NO_CLOCK

START_MS = 1_772_409_600_000  # 2026-03-02 00:00 UTC
MINUTE_MS = 60_000
CATALOGUE = Catalogue([Service(id="twitter", names={"en": "Twitter"})])  # one service, so that days pass quickly


def error(time_ms: int, **more: object) -> str:
    return json.dumps({"topic": "errors", "value": {"service": "twitter", "time": rfc3339(time_ms), **more}})


def clock(time_ms: int) -> str:
    return json.dumps({"topic": "clock", "value": {"clock": rfc3339(time_ms)}})


def outage(from_ms: int) -> list[str]:
    """Three hours of ten errors a minute; of two hundred in minutes 120 to 140."""
    return [
        error(from_ms + minute * MINUTE_MS + second * 1000, count=20 if 120 <= minute < 140 else 1)
        for minute in range(180)
        for second in range(0, 60, 6)
    ]


def written(folder: Path, *lines: str | bytes) -> Path:
    file = folder / "events.ndjson"
    file.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return file


def ran(file: Path) -> tuple[list[Window], list[str]]:
    """What comes of a file: revisions, and why which line was refused."""
    refused: list[str] = []

    def note(line: int, topic: str, why: Refused) -> None:
        refused.append(f"{line} {topic} {why.reason}")

    found = backtest_events(file, CATALOGUE, prefix="outages.", partitions=1, tallies_partitions=1, on_refused=note)
    return list(found), refused


def times(file: Path) -> list[int | None]:
    """The file's time at each line, in milliseconds since START_MS."""
    return [None if at == NO_CLOCK else at - START_MS for _, _, at in timed(lines_of(file))]


def test_a_first_record_dated_2099_is_refused_and_the_file_counts_all_the_same(tmp_path: Path) -> None:
    expected, _ = ran(written(tmp_path, *outage(START_MS)))
    found, refused = ran(written(tmp_path, error(4_070_908_800_000), *outage(START_MS)))
    assert refused == ["1 errors time_in_future"]
    assert found == expected
    assert (expected[0].change, expected[-1].change) == ("opened", "closed")


def test_a_first_record_dated_2001_does_not_leave_the_rest_ahead_of_the_log(tmp_path: Path) -> None:
    expected, _ = ran(written(tmp_path, *outage(START_MS)))
    found, refused = ran(written(tmp_path, error(978_307_200_000), *outage(START_MS)))
    assert (found, refused) == (expected, [])


def test_more_than_a_day_without_an_event_is_silence_and_what_follows_counts(tmp_path: Path) -> None:
    found, refused = ran(written(tmp_path, error(START_MS), *outage(START_MS + DAY_MS + 120 * MINUTE_MS)))
    assert refused == []
    assert [window.clocks.started[:10] for window in found] == ["2026-03-03"] * len(found)
    assert found


def test_time_is_the_largest_so_far(tmp_path: Path) -> None:
    file = written(tmp_path, *(error(START_MS + ms) for ms in (1000, 3000, 2000, 5000)))
    assert times(file) == [1000, 3000, 3000, 5000]


def test_what_most_of_the_next_records_bear_out_moves_time_and_nothing_else_does(tmp_path: Path) -> None:
    far = 3 * DAY_MS
    file = written(tmp_path, *(error(START_MS + ms) for ms in (0, far, 1, 2, 3, 4, far, far + 1, far + 2)))
    assert times(file) == [0, 0, 1, 2, 3, 4, far, far + 1, far + 2]


def test_before_the_first_time_there_is_none(tmp_path: Path) -> None:
    file = written(tmp_path, '{"topic": "errors", "value": 5}', error(START_MS))
    assert times(file) == [None, 0]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"service": "twitter", "time": NaN}', "not_json"),
        (b'{"service": "twitter", "time": 1772409600, "text": "\\ud800"}', "not_json"),
        (b'{"service": "twitter", "time": 1772409600, "text": "\xff"}', "not_json"),
        (b"[" * 5000 + b"]" * 5000, "too_deep"),
    ],
)
def test_a_value_that_is_no_json_is_refused_as_in_a_log(tmp_path: Path, value: bytes, reason: str) -> None:
    line = b'{"topic": "reports", "partition": 0, "value": ' + value + b"}"
    found, refused = ran(written(tmp_path, *outage(START_MS), line, error(START_MS + 180 * MINUTE_MS)))
    assert refused == [f"1801 reports {reason}"]
    assert found[-1].change == "closed"


def test_a_line_that_is_no_record_ends_the_run_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(EventsFileError, match=r"events\.ndjson:2: JSON is malformed"):
        ran(written(tmp_path, error(START_MS), "timestamp,value"))


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    assert times(written(tmp_path, b"\xef\xbb\xbf" + error(START_MS).encode())) == [0]


def test_a_clock_that_jumps_by_decades_is_refused_before_it_is_followed_minute_by_minute(tmp_path: Path) -> None:
    file = written(tmp_path, clock(START_MS), clock(START_MS + 26_000 * DAY_MS))
    with pytest.raises(EventsFileError, match=r"events\.ndjson:2: the clock jumps by 26,000 days"):
        ran(file)
