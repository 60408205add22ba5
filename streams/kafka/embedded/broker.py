"""What every caller may know of a broker, wherever it came from."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

BrokerKind = Literal["real", "mock", "given"]


class BrokerError(RuntimeError):
    """There is no broker: one line with the cause and what to do about it."""


class Broker(Protocol):
    """A Kafka that can be reached. `note` says in one sentence what kind of Kafka this is and what it cannot do."""

    @property
    def bootstrap(self) -> str: ...
    @property
    def kind(self) -> BrokerKind: ...
    @property
    def note(self) -> str: ...
    @property
    def pid(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class ReachableBroker:
    """A broker that we did not start as a process of its own: somebody else's, or the mock cluster inside this one."""

    bootstrap: str
    kind: BrokerKind
    note: str
    pid: int | None = None


class ClusterAnswer(NamedTuple):
    """What a cluster says of itself. `controller`: it has one, so topics can be created."""

    cluster_id: str
    brokers: int
    controller: bool


def ask_cluster(bootstrap: str, timeout_s: float = 2.0) -> ClusterAnswer | None:
    """What the cluster at `bootstrap` says of itself, or None when nobody answers within `timeout_s`."""
    # A client for one question: librdkafka's own complaints about refused connections would only alarm the reader.
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.connection.setup.timeout.ms": 1000})
    try:
        said = client.list_topics(timeout=timeout_s)
    except KafkaException:
        return None
    return ClusterAnswer(str(said.cluster_id), len(said.brokers), said.controller_id >= 0)


def given_broker(bootstrap: str, timeout_s: float = 10.0) -> ReachableBroker:
    """A broker that already runs. Raises BrokerError when it does not answer within `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while ask_cluster(bootstrap) is None:
        if time.monotonic() > deadline_s:
            raise BrokerError(f"no Kafka answers at {bootstrap}: start it, or name another one (HOST:PORT)")
    return ReachableBroker(bootstrap, "given", f"the Kafka at {bootstrap}, which somebody else runs")
