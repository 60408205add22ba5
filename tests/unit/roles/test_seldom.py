"""The log of a Faust process while its broker is away."""

from __future__ import annotations

import logging

from streams.roles.faust_app import SAID_AGAIN_S, Seldom


def record(text: str, value: int, at_s: float) -> logging.LogRecord:
    made = logging.LogRecord("aiokafka", logging.ERROR, "client.py", 1, text, (value,), None)
    made.created = at_s
    return made


def test_the_same_message_comes_through_once_in_a_while_whatever_its_values() -> None:
    seldom = Seldom()
    assert seldom.filter(record("node %d is away", 1, 1000.0))
    assert not seldom.filter(record("node %d is away", 2, 1000.1))
    assert not seldom.filter(record("node %d is away", 1, 1000.0 + SAID_AGAIN_S - 0.1))
    assert seldom.filter(record("node %d is away", 1, 1000.0 + SAID_AGAIN_S))


def test_another_message_is_not_held_back() -> None:
    seldom = Seldom()
    assert seldom.filter(record("node %d is away", 1, 1000.0))
    assert seldom.filter(record("group %d is lost", 1, 1000.1))
