"""The roles as processes, kept running by supervisors, to be killed, stopped, woken, added and taken away."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil

from streams.settings import Settings
from streams.supervisor import Command, Ended, Supervisor

TOLD = (
    "brokers", "prefix", "clock", "errors_partitions", "reports_partitions", "tallies_partitions", "flush_ms",
    "snapshot_s", "metrics_port", "data_dir", "allowed_delay_s", "give_up_s", "canary_s",
)  # fmt: skip


class Fleet:
    """Processes by name, such as `tally-1`; the part before the dash is the role."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._members: dict[str, Supervisor] = {}
        self.ended: list[Ended] = []

    def add(self, *names: str) -> None:
        """Starts processes, each with a supervisor and a data folder of its own."""
        for name in names:
            environ = {key: value for key, value in os.environ.items() if not key.startswith("OUTAGES_")}
            environ |= {f"OUTAGES_{key.upper()}": str(getattr(self._settings, key)) for key in TOLD}
            environ["OUTAGES_DATA_DIR"] = str(self._folder / "state" / name)
            argv = (sys.executable, "-m", "streams", name.partition("-")[0])
            supervisor = Supervisor([Command(name, argv, environ)], self._folder / "log")
            supervisor.start()
            self._members[name] = supervisor

    def leave(self, name: str) -> None:
        """Ends a process in good order, for good."""
        self._members.pop(name).stop()

    def end(self, name: str, number: signal.Signals, patience_s: float) -> tuple[int, float]:
        """Ends a process for good with a signal; its exit code, and the seconds that took."""
        supervisor, begun_s = self._members.pop(name), time.monotonic()
        os.kill(supervisor.pids[name], number)
        while not (ended := supervisor.poll()):
            waited_s = time.monotonic() - begun_s
            assert waited_s < patience_s, f"{name} did not end within {patience_s:.0f} s of {number.name}"
            time.sleep(0.02)
        supervisor.stop()
        return ended[0].code, time.monotonic() - begun_s

    def poll(self) -> None:
        """Starts again whatever has ended, as a supervisor does."""
        for supervisor in self._members.values():
            self.ended += supervisor.poll()

    def pid(self, name: str) -> int | None:
        """None while it is between two lives."""
        return self._members[name].pids.get(name)

    def send(self, name: str, number: signal.Signals) -> bool:
        """Sends a signal, and whether there was anybody to send it to."""
        pid = self.pid(name)
        if pid is not None:
            os.kill(pid, number)
        return pid is not None

    def log(self, name: str) -> str:
        """What the process has written in all its lives."""
        file = self._folder / "log" / f"{name}.log"
        return file.read_text(errors="replace") if file.is_file() else ""

    def listening(self) -> dict[str, set[tuple[str, int]]]:
        """The addresses on which each process listens, children of it included."""
        found = {}
        for name in self._members:
            pid = self.pid(name)
            assert pid is not None, f"{name} does not run"
            process = psutil.Process(pid)
            sockets = [c for p in (process, *process.children(recursive=True)) for c in p.net_connections("inet")]
            found[name] = {(c.laddr.ip, c.laddr.port) for c in sockets if c.status == psutil.CONN_LISTEN}
        return found

    def metrics_port(self, name: str) -> int:
        """Where `/metrics` of the present life is, as its log says."""
        lines = [line for line in self.log(name).splitlines() if "/metrics" in line]
        return int(lines[-1].rpartition(":")[2].partition("/")[0])

    def stop(self) -> None:
        """Ends all of them, also the sleeping."""
        for name in self._members:
            self.send(name, signal.SIGCONT)
        with ThreadPoolExecutor(max_workers=8) as pool:  # each waits for its process to end: side by side
            list(pool.map(Supervisor.stop, self._members.values()))


@contextmanager
def fleet(settings: Settings, folder: Path, *names: str) -> Iterator[Fleet]:
    """The processes as long as the block runs. When it fails, the ends of their logs are printed."""
    members = Fleet(settings, folder)
    try:
        members.add(*names)
        yield members
    except BaseException:
        for file in sorted((folder / "log").glob("*.log")):
            print(f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-40:]))
        print(f"--- ended: {members.ended}")
        raise
    finally:
        members.stop()


def environ_of(settings: Settings) -> Mapping[str, str]:
    """The environment in which a command works on the same prefix."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OUTAGES_")}
    return environ | {f"OUTAGES_{key.upper()}": str(getattr(settings, key)) for key in TOLD}


__all__ = ["Fleet", "environ_of", "fleet"]
