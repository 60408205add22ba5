"""Which broker to use: a named one, a real one of our own, or the mock cluster; and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.kafka.embedded.broker import Broker, BrokerError, given_broker
from streams.kafka.embedded.jars import fetch_jars, jars_folder, java, kafka_version, missing_jars
from streams.kafka.embedded.mock import mock_broker
from streams.kafka.embedded.server import real_broker


@contextmanager
def choose_broker(choice: str, data_dir: Path, say: Callable[[str], None] = print) -> Iterator[Broker]:
    """The broker of `choice` for as long as the block runs: `auto`, `real`, `mock` or `HOST:PORT[,HOST:PORT...]`.

    `auto`: a real one where Java and its jars are there or Maven can fetch them, else the mock cluster. `say` is told
    in one line each what is used and why. Raises BrokerError; with `auto` only when a real broker does not come up.
    """
    if choice == "auto":
        choice = _real_or_mock(say)
    if choice == "mock":
        with mock_broker() as mock:
            say(f"Kafka: {mock.note}")
            yield mock
    elif choice == "real":
        _announce_fetch(say)
        with real_broker(data_dir) as real:
            say(f"Kafka: {real.note}, version {kafka_version()}, at {real.bootstrap}")
            yield real
    elif _is_address(choice):
        given = given_broker(choice)
        say(f"Kafka: {given.note}")
        yield given
    else:
        raise BrokerError(f"no broker {choice!r}: say auto, real, mock or HOST:PORT")


def _real_or_mock(say: Callable[[str], None]) -> str:
    try:
        java()
        _announce_fetch(say)
        fetch_jars()
    except BrokerError as reason:
        say(f"Kafka: not a real one: {reason}")
        return "mock"
    return "real"


def _announce_fetch(say: Callable[[str], None]) -> None:
    if missing_jars(jars_folder()):
        say(f"Kafka: fetching version {kafka_version()} with Maven (43 MB)")


def _is_address(choice: str) -> bool:
    return all(host and port.isdigit() for host, _, port in (part.rpartition(":") for part in choice.split(",")))
