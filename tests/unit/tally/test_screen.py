"""Screening before sending: refused is what ingest would refuse, placed is what our producers place."""

from __future__ import annotations

import msgspec
import pytest

from streams.catalogue import Catalogue, Service
from streams.contracts.times import parse_time_ms
from streams.tally.screen import UNKNOWN_KEPT, Screen, Screened
from streams.tally.watermark import ClockMode

NOW_MS = parse_time_ms("2026-01-05T12:00:00Z")
CATALOGUE = Catalogue([Service(id="twitter", names={"en": "Twitter"}, aliases=("x",))])


def judge(topic: str, *values: bytes, mode: ClockMode = "broker", screen: Screen | None = None) -> Screened:
    return (screen or Screen(topic, CATALOGUE, mode, 20_000)).judge(values, NOW_MS)


def event(time: str = "2026-01-05T12:00:00Z", **fields: object) -> bytes:
    return msgspec.json.encode({"service": "twitter", "time": time, **fields})


@pytest.mark.parametrize(
    ("topic", "value", "reason"),
    [
        ("errors", b"nope", "not_json"),
        ("errors", b"{}", "missing_field"),
        ("errors", event(count=0), "bad_count"),
        ("reports", event(region=1), "bad_type"),
        ("reports", event("yesterday"), "bad_time"),
        ("reports", event("2026-01-05T12:01:01Z"), "time_in_future"),
        ("reports", event(text="x" * 17_000), "too_large"),
        ("statements", b'{"about":"zzz","time":1767614400,"status":"resolved"}', "unknown_about"),
        ("statements", b'{"about":"x","time":1767614400,"status":"fine"}', "bad_status"),
        ("feedback", b'{"window":"w","action":"no","by":"me","time":1767614400}', "bad_action"),
        ("feedback", b'{"window":"w","action":"silenced","by":"me","time":1767614400,"until":"soon"}', "bad_time"),
        ("errors", b'{"clock":"2026-01-05T12:00:00Z"}', "clock_not_allowed"),
    ],
)
def test_a_bad_record_is_refused_and_not_sent(topic: str, value: bytes, reason: str) -> None:
    screened = judge(topic, value)
    assert ([why.reason for _, why in screened.refused], screened.keys) == ([reason], {})


def test_good_records_keep_their_places_among_bad_ones() -> None:
    screened = judge("errors", event(id="1"), b"nope", event(id="2"))
    assert (screened.keys, [position for position, _ in screened.refused]) == ({0: "1", 2: "2"}, [1])


@pytest.mark.parametrize(
    ("topic", "value", "key"),
    [
        ("reports", event(reporter="ann", id="7"), "ann"),
        ("errors", event(id="7", source="edge"), "7"),
        ("errors", event(source="edge"), "edge"),
        ("statements", b'{"about":"x","time":1767614400,"status":"resolved"}', "x"),
        ("feedback", b'{"window":"twitter-1","action":"confirmed","by":"me","time":1767614400}', "twitter-1"),
    ],
)
def test_a_record_is_keyed_as_our_producers_key_it(topic: str, value: bytes, key: str) -> None:
    assert judge(topic, value).keys == {0: key}


def test_a_clock_record_is_sent_without_a_key_where_clock_records_move_time() -> None:
    assert judge("errors", b'{"clock":"2026-01-05T12:00:00Z"}', mode="record").keys == {0: None}


def test_what_comes_too_late_is_sent_and_counted_as_late() -> None:
    screened = judge("errors", event("2026-01-05T11:59:00Z"), event())
    assert (list(screened.keys), screened.late) == ([0, 1], 1)


def test_without_clock_records_nothing_is_late_or_ahead_under_record() -> None:
    screened = judge("errors", event("2001-01-01T00:00:00Z"), event("2099-01-01T00:00:00Z"), mode="record")
    assert (len(screened.keys), screened.late) == (2, 0)


@pytest.mark.parametrize("topic", ["errors", "statements"])
def test_a_clock_record_of_an_earlier_batch_still_tells_the_time(topic: str) -> None:
    screen = Screen(topic, CATALOGUE, "record", 20_000)
    judge(topic, b'{"clock":"2026-01-05T12:00:00Z"}', screen=screen)
    body = {"service": "twitter", "about": "twitter", "status": "resolved", "time": "2026-01-07T00:00:00Z"}
    screened = judge(topic, msgspec.json.encode(body), screen=screen)
    assert [why.reason for _, why in screened.refused] == ["time_in_future"]


def test_a_statement_is_never_late() -> None:
    said = b'{"about":"twitter","time":"2026-01-01T00:00:00Z","status":"resolved"}'
    assert judge("statements", said).late == 0


def test_a_name_nobody_knows_is_told_once_with_its_place() -> None:
    screen = Screen("errors", CATALOGUE, "broker", 20_000)
    nobody = event().replace(b"twitter", b"nobody")
    assert judge("errors", event(), nobody, nobody, screen=screen).unknown == [(1, "nobody")]
    assert judge("errors", nobody, event().replace(b"twitter", b"X"), screen=screen).unknown == []


def test_many_unknown_names_do_not_fill_memory() -> None:
    values = [event().replace(b"twitter", b"n%d" % number) for number in range(2 * UNKNOWN_KEPT)]
    assert len(judge("errors", *values).unknown) == UNKNOWN_KEPT
