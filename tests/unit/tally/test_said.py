"""Statements and feedback: what is taken, and when it takes effect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.contracts.tallies import Said
from streams.contracts.times import rfc3339
from streams.tally.checkpoint import Checkpoint
from streams.tally.said import SaidFold, SaidTopic, service_of_window
from tests.unit.tally.builders import CATALOGUE, DELAY_MS, NOON_MS, clock, read, read_appended, reasons


def fold_of(topic: SaidTopic, checkpoint: Checkpoint | None = None) -> SaidFold:
    return SaidFold(topic, "record", DELAY_MS, CATALOGUE, checkpoint)


def statement(at_s: float, **fields: Any) -> bytes:
    time = rfc3339(NOON_MS + round(at_s * 1000))
    return json.dumps({"about": "twitter", "time": time, "status": "investigating"} | fields).encode()


def feedback(at_s: float, **fields: Any) -> bytes:
    time = rfc3339(NOON_MS + round(at_s * 1000))
    return json.dumps(
        {"window": "twitter-20220714T115900Z", "action": "confirmed", "by": "me", "time": time} | fields
    ).encode()


def effective_s(said: Said) -> float:
    return (said.effective_ms - NOON_MS) / 1000


@pytest.mark.parametrize(("at_s", "expected_s"), [(100, 100), (40, 40), (39.999, 40), (-5_000, 40)])
def test_a_statement_takes_effect_at_its_time_or_at_w_if_that_is_later(at_s: float, expected_s: float) -> None:
    fold = fold_of("statements")
    outcome = read(fold, clock(60), statement(at_s))
    ((service, said),) = fold.changed_said()
    assert (service, said.offset, effective_s(said)) == ("twitter", 1, expected_s)
    assert outcome.late == []
    assert outcome.counts["accepted"] == 1


def test_under_broker_time_too() -> None:
    fold = SaidFold("statements", "broker", DELAY_MS, CATALOGUE)
    outcome = read_appended(
        fold, (60, statement(0)), (61, statement(60)), (62, statement(122.001)), (63, b""), (64, clock(1))
    )
    assert [effective_s(said) for _, said in fold.changed_said()] == [40, 60]
    assert reasons(outcome) == [(2, "time_in_future"), (4, "clock_not_allowed")]


def test_late_ones_keep_their_place_in_the_log() -> None:
    fold = fold_of("statements")
    read(fold, clock(60), statement(50), statement(0), statement(55))
    assert [said.offset for _, said in fold.changed_said()] == [1, 2, 3]


def test_a_statement_is_about_a_service_by_any_of_its_names_and_carries_its_id() -> None:
    fold = fold_of("statements")
    read(fold, clock(0), statement(0, about="X", by="@X"), statement(0, about="AWS"))
    told = [
        (service, said.statement.about, said.statement.by) for service, said in fold.changed_said() if said.statement
    ]
    assert told == [("twitter", "twitter", "@X"), ("aws", "aws", None)]


def test_about_nobody_known_is_refused() -> None:
    fold = fold_of("statements")
    assert reasons(read(fold, clock(0), statement(0, about="nobody"), statement(0))) == [(1, "unknown_about")]


def test_a_statement_s_text_is_cut_at_500_characters() -> None:
    fold = fold_of("statements")
    read(fold, clock(0), statement(0, text="x" * 501))
    ((_, said),) = fold.changed_said()
    assert said.statement is not None
    assert said.statement.text == "x" * 500


def test_refusals_stand_in_log_order_whatever_their_reason() -> None:
    fold = fold_of("statements")
    values = [
        clock(0),
        statement(0, about="nobody"),
        b"{",
        statement(0, time="1970-01-01T00:00:00Z"),
        statement(0, status="?"),
    ]
    assert [reason for _, reason in reasons(read(fold, *values))] == [
        "unknown_about",
        "not_json",
        "bad_time",
        "bad_status",
    ]


def test_feedback_goes_to_the_service_of_its_window() -> None:
    fold = fold_of("feedback")
    read(fold, clock(0), feedback(0))
    ((service, said),) = fold.changed_said()
    assert service == "twitter"
    assert said.feedback is not None
    assert said.feedback.action == "confirmed"


@pytest.mark.parametrize(
    ("window", "service"),
    [
        ("twitter-20220714T115900Z", "twitter"),
        ("us-east-1-20220714T115900Z", "us-east-1"),
        ("twitter", "twitter"),
        ("", ""),
    ],
)
def test_the_service_of_a_window(window: str, service: str) -> None:
    assert service_of_window(window) == service


@pytest.mark.parametrize("until", ["later", "2022-07-14T12:00:00", 0, 1e305, 10**400])
def test_an_until_that_is_no_time_is_refused(until: object) -> None:
    fold = fold_of("feedback")
    assert reasons(read(fold, clock(0), feedback(0, until=until))) == [(1, "bad_time")]
    assert list(fold.changed_said()) == []


def test_an_until_far_ahead_is_fine() -> None:
    fold = fold_of("feedback")
    assert reasons(read(fold, clock(0), feedback(0, action="silenced", until="2099-01-01T00:00:00Z"))) == []


def test_each_is_told_once() -> None:
    fold = fold_of("statements")
    read(fold, clock(0), statement(0))
    assert len(list(fold.changed_said())) == 1
    assert list(fold.changed_said()) == []


def test_a_restart_goes_on_where_the_last_flush_ended() -> None:
    fold = fold_of("statements")
    read(fold, clock(60), statement(0), b"{")
    checkpoint = fold.checkpoint()
    assert (checkpoint.offset, checkpoint.reached) == (3, 3)
    again = fold_of("statements", checkpoint)
    read(again, statement(0))
    ((_, said),) = again.changed_said()
    assert (said.offset, effective_s(said)) == (3, 40)


def test_lost_statements_blind_no_count() -> None:
    fold = fold_of("statements")
    read(fold, clock(0))
    fold.lose(50)
    read(fold, clock(5))
    assert (fold.position, fold.blind) == (51, [])
