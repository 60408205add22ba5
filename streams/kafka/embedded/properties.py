"""The settings of the embedded broker, each with its reason."""

from __future__ import annotations

from pathlib import Path


def server_properties(port: int, controller_port: int, data: Path) -> str:
    """The text of `server.properties` for one KRaft node that is broker and controller, on loopback only."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller_port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": data,
        # A misspelt topic must be an error, and ours need settings that no automatic topic has.
        "auto.create.topics.enable": "false",
        # One node holds every replica there can be.
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # The defaults, 50 of each, are for clusters; each partition costs files and memory and time at the start.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        # The default of 3 s waits for more members; here a restarted process should be back at once.
        "group.initial.rebalance.delay.ms": 0,
        # Clients may ask to be given up this soon after a kill -9; the default of 6 s makes every such test slow.
        "group.min.session.timeout.ms": 1_000,
        # One cleaner with 8 MB instead of 128: a changelog here holds thousands of keys, not millions.
        "log.cleaner.threads": 1,
        "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
        # A killed broker comes back as the same node, and is refused until its former self counts as dead (9 s).
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }
    return "".join(f"{name}={_escaped(str(value))}\n" for name, value in settings.items())


def _escaped(value: str) -> str:
    """A backslash is an escape in a properties file, so a path that holds one needs two."""
    return value.replace("\\", "\\\\")
