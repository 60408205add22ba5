"""A real Kafka broker as a child process: one KRaft node on loopback whose data lies in one folder."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from streams.kafka.embedded.broker import BrokerError, BrokerKind, ask_cluster
from streams.kafka.embedded.jars import HERE, fetch_jars, java
from streams.kafka.embedded.ports import free_ports
from streams.kafka.embedded.properties import server_properties
from streams.processes import signal_group, start_child, stop_children

# Measured: 3 to 5 s on two idle cores. A machine that compiles beside it takes a multiple.
START_TIMEOUT_S = 90.0

# A broker that has its data on disk ends in about 2 s; one that does not may be killed: its log recovers.
STOP_GRACE_S = 15.0

HEAP_MB = 512  # a hundred partitions of a demo or test use about 200

_COMMON = ("-Djava.awt.headless=true", "-XX:-UsePerfData", "-XX:+UseSerialGC")
_TELLING_LINES = 12  # of a log that has a stack trace of hundreds


@dataclass(frozen=True, slots=True)
class _Files:
    """What lies in the broker's folder."""

    folder: Path

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    @property
    def output(self) -> Path:
        return self.folder / "kafka.out"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"


class RealBroker:
    """One broker on one folder and one port. It may be killed and started again; data and address stay the same."""

    kind: BrokerKind = "real"
    note = "Apache Kafka itself, one node on this machine's loopback"

    def __init__(self, data_dir: Path, *, heap_mb: int = HEAP_MB) -> None:
        self._files = _Files(data_dir)
        self._heap_mb = heap_mb
        self._port = 0
        self._cluster = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The broker's process, None while it is down."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def log(self) -> Path:
        """The broker's own log."""
        return self._files.log

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start it, on the data of last time if there is any, and return as soon as it answers.

        Raises BrokerError when another broker has the folder and, with what its log says of the cause, when it ends or
        does not answer within `timeout_s`.
        """
        if self.pid is not None:
            return
        jars = fetch_jars()
        command = [java(), *_COMMON, "-cp", f"{jars}{os.sep}*"]
        self._take_folder()
        try:
            if not self._cluster:
                self._format(command)
            self._run(command, timeout_s)
        except BaseException:
            self.kill()
            raise

    def _run(self, command: list[str], timeout_s: float) -> None:
        log_from = self._files.log.stat().st_size if self._files.log.is_file() else 0
        output_from = self._files.output.stat().st_size if self._files.output.is_file() else 0
        logging = [f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", f"-Doutages.kafka.log={self._files.log}"]
        heap = [f"-Xmx{self._heap_mb}m", f"-Xms{min(self._heap_mb, 256)}m"]
        with self._files.output.open("ab") as output:
            argv = [*command, *heap, *logging, "kafka.Kafka", str(self._files.properties)]
            self._child = start_child(argv, output=output)
        failure = self._await_answer(self._child, timeout_s)
        if failure is not None:
            cause = _telling(self._files.output, output_from) + _telling(self._files.log, log_from)
            raise BrokerError(f"{failure}, see {self._files.log}: {os.linesep.join(cause) or 'it says nothing'}")

    def kill(self) -> None:
        """End it at once, as a crash would (kill -9)."""
        if self._child is not None:
            signal_group(self._child, signal.SIGKILL)
            self._child.wait()
        self._leave_folder()

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """End it in good order, by force after `grace_s`."""
        if self._child is not None:
            stop_children([self._child], grace_s)
        self._leave_folder()

    def _take_folder(self) -> None:
        """Two brokers on one folder would spoil its data: Kafka notices too, but only after it has begun to write."""
        self._files.folder.mkdir(parents=True, exist_ok=True)
        lock = self._files.lock.open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise BrokerError(f"{self._files.folder} is in use by another broker: stop it, or name another") from error
        self._lock = lock

    def _leave_folder(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _format(self, command: list[str]) -> None:
        """Ports, settings and an empty data folder; a folder of an earlier broker keeps its data."""
        self._port, controller_port = free_ports(2)
        text = server_properties(self._port, controller_port, self._files.data)
        self._files.properties.write_text(text, encoding="utf-8")
        known = self._files.data / "meta.properties"
        if not known.is_file():
            argv = [*command, "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=ERROR", "kafka.tools.StorageTool", "format"]
            argv += ["--standalone", "-t", _new_cluster_id(), "-c", str(self._files.properties)]
            with self._files.output.open("ab") as output:
                child = start_child(argv, output=output)
                try:
                    child.wait(timeout=START_TIMEOUT_S)
                except BaseException:
                    stop_children([child], 0)
                    raise
            if child.returncode != 0:
                cause = os.linesep.join(_telling(self._files.output, 0))
                raise BrokerError(f"Kafka could not prepare {self._files.folder}, try an empty folder: {cause}")
        self._cluster = _property(known, "cluster.id")

    def _await_answer(self, child: subprocess.Popen[bytes], timeout_s: float) -> str | None:
        """None as soon as it answers, else what happened instead."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return f"Kafka ended with code {child.wait(timeout=0.1)} while starting"
            said = ask_cluster(self.bootstrap, timeout_s=1.0)
            # Another cluster's id: somebody took the port before us, and ours is about to end.
            if said is not None and said.cluster_id == self._cluster and said.brokers and said.controller:
                return None
        return f"Kafka did not answer within {timeout_s:.0f} s"


@contextmanager
def real_broker(data_dir: Path, *, heap_mb: int = HEAP_MB) -> Iterator[RealBroker]:
    """A real broker that runs as long as the block does. Its data stays in `data_dir` for whoever starts there again.

    Fetches the jars if need be. Raises BrokerError when there is no Java, no jars, or the broker does not come up.
    """
    broker = RealBroker(data_dir, heap_mb=heap_mb)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def _new_cluster_id() -> str:
    """Sixteen random bytes as Kafka writes them; no leading dash, which its tools would take for an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _property(file: Path, name: str) -> str:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}="):
            return line.removeprefix(f"{name}=")
    raise BrokerError(f"no {name} in {file}: remove its folder and start again")


def _telling(file: Path, begin: int) -> list[str]:
    """The lines of a log, from byte `begin` on, that tell of a failure; its last lines where none does."""
    if not file.is_file():
        return []
    with file.open("rb") as log:
        log.seek(begin)
        lines = log.read().decode("utf-8", "replace").splitlines()
    telling = [line for line in lines if " ERROR " in line or " FATAL " in line or "Exception" in line]
    return (telling or lines)[-_TELLING_LINES:]
