"""The whole system on this machine, replaying a scenario: broker, roles, replayer, and what is to be seen of it.

1. a broker, and topics                                 `choose_broker`, `make_ready`
2. two weeks of history for the baselines               `Replayer.warm_up`
3. every role as a process of its own                   `Supervisor`
4. the scenario's records, as fast as asked             `Replayer.replay`
5. buckets and windows, read from the topics and shown  `Follower`, `View`
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from streams.contracts.events import SIGNALS
from streams.contracts.health import Health
from streams.contracts.series import BucketReport, SeriesRecord
from streams.contracts.times import BUCKET_MS, bucket_of
from streams.contracts.windows import Window, WindowEvent
from streams.kafka.embedded import MOCK_PARTITIONS, Broker, choose_broker
from streams.replay.expectation import unmet
from streams.replay.scenario import Scenario
from streams.replay.scenario_run import history_records, placed_records
from streams.roles.following import Follower
from streams.roles.ready import is_mock_cluster, make_ready, mock_settings
from streams.roles.replayer import Replayer
from streams.settings import Settings
from streams.supervisor import Command, Supervisor

ROLES = ("tally", "detect", "correlate", "alert")
SNAPSHOT_S = 5.0  # a demo lives for minutes: often enough that a restart in it goes on where it was
FLUSH_MS = 250
START_PATIENCE_S = 90.0  # until every role has sent a heartbeat
END_PATIENCE_S = 90.0  # after the last record, without any bucket or window coming through

_decode_series = msgspec.json.Decoder(SeriesRecord).decode
_decode_event = msgspec.json.Decoder(WindowEvent).decode
_decode_health = msgspec.json.Decoder(Health).decode
_encode = msgspec.json.Encoder().encode


class DemoError(RuntimeError):
    """The demo cannot go on: cause and remedy in one line."""


class View(Protocol):
    """Whoever shows a demo."""

    def say(self, line: str) -> None:
        """Something about the demo itself."""

    def clock(self, time_ms: int) -> None:
        """The replay has come so far."""

    def bucket(self, report: BucketReport) -> None:
        """A bucket was sealed and scored."""

    def window(self, window: Window) -> None:
        """A revision was published."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What to run. `broker`: auto, real, mock or HOST:PORT. `speed`: event time against the wall's."""

    scenario: Scenario
    settings: Settings
    broker: str
    speed: float
    once: bool
    out: Path | None


def run_demo(demo: Demo, view: View, stop: Callable[[], bool]) -> bool:
    """Runs until the scenario has ended (`once`) or until told to stop. Returns whether the scenario came to its end.

    Leaves no process, and no file but a complete `out`. Raises what the parts raise, each in one line.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="outages-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        broker = stack.enter_context(choose_broker(demo.broker, folder / "kafka", view.say))
        settings = _settings(demo, broker, folder)
        make_ready(settings)
        is_mock = is_mock_cluster(settings.brokers)
        replayer = Replayer(settings, paced=is_mock, stop=stop)
        replayer.refuse_if_past(demo.scenario.start_ms)
        count = replayer.warm_up(history_records(demo.scenario))
        view.say(f"Baselines: {demo.scenario.history_days} days of history for {count} series")
        out = stack.enter_context(_out_file(demo.out))
        supervisor = Supervisor(_commands(settings), folder / "log")
        stack.callback(supervisor.stop)
        supervisor.start()
        view.say(f"Roles: {', '.join(ROLES)}, each a process of its own")
        showing = _Showing(demo, settings, view, supervisor, replayer, out, folder / "log")
        ended = showing.run(stop)
        if ended:
            for line in _judged(demo.scenario, showing.windows):
                view.say(line)
        if ended and not demo.once:
            view.say("The scenario has ended; everything stays up until Ctrl-C")
            while not stop():
                _restart(supervisor, view, folder / "log")
                time.sleep(0.2)
        if ended and out is not None:
            out.complete()
    return ended


def _settings(demo: Demo, broker: Broker, folder: Path) -> Settings:
    settings: Settings = msgspec.structs.replace(
        demo.settings,
        brokers=broker.bootstrap,
        clock="record",
        snapshot_s=SNAPSHOT_S,
        flush_ms=FLUSH_MS,
        metrics_port=0,
        data_dir=folder / "state",
    )
    return mock_settings(settings, MOCK_PARTITIONS) if is_mock_cluster(settings.brokers) else settings


def _commands(settings: Settings) -> list[Command]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OUTAGES_")}
    for name in (
        "brokers", "prefix", "clock", "errors_partitions", "reports_partitions", "tallies_partitions",
        "flush_ms", "snapshot_s", "metrics_port", "data_dir", "allowed_delay_s",
    ):  # fmt: skip
        environ[f"OUTAGES_{name.upper()}"] = str(getattr(settings, name))
    if settings.catalogue is not None:
        environ["OUTAGES_CATALOGUE"] = str(settings.catalogue.resolve())
    # Nothing of the folder the demo was started in may change the roles.
    return [Command(role, (sys.executable, "-m", "streams", role), environ) for role in ROLES]


class _Showing:
    """Replays in one thread; reads and shows in this one."""

    def __init__(
        self,
        demo: Demo,
        settings: Settings,
        view: View,
        supervisor: Supervisor,
        replayer: Replayer,
        out: OutFile | None,
        log: Path,
    ) -> None:
        self._log = log
        self._demo = demo
        self._settings = settings
        self._view = view
        self._supervisor = supervisor
        self._replayer = replayer
        self._out = out
        self._failure: BaseException | None = None
        self._sealed: dict[tuple[int, str], int] = {}
        self._correlated = 0
        self._alive: set[str] = set()
        self._progress_s = time.monotonic()
        self._seen: set[tuple[str, int]] = set()
        self.windows: list[Window] = []

    def run(self, stop: Callable[[], bool]) -> bool:
        """True when the scenario came to its end, False when told to stop before."""
        follower = Follower(self._settings, ("series", "windows", "health"))
        thread = threading.Thread(target=self._replay, name="replayer", daemon=True)
        try:
            if not self._roles_are_up(follower, stop):
                return False
            thread.start()
            while not stop():
                _restart(self._supervisor, self._view, self._log)
                for topic, _, value in follower.read(0.1):
                    self._show(topic, value)
                    if topic != "health":
                        self._progress_s = time.monotonic()
                if self._failure is not None:
                    raise self._failure
                if thread.is_alive():
                    self._progress_s = time.monotonic()
                elif self._is_over(follower):
                    return True
                elif time.monotonic() - self._progress_s > END_PATIENCE_S:
                    raise DemoError(f"nothing has come through for {END_PATIENCE_S:.0f} s: is the machine overloaded?")
            return False
        finally:
            if thread.ident is not None:
                thread.join(timeout=5)
            follower.close()

    def _roles_are_up(self, follower: Follower, stop: Callable[[], bool]) -> bool:
        """Waits for a heartbeat of each role, so that the story is told as it happens; False when told to stop."""
        begun_s = time.monotonic()
        while not stop():
            _restart(self._supervisor, self._view, self._log)
            for topic, _, value in follower.read(0.1):
                self._show(topic, value)
            if self._alive.issuperset(ROLES):
                self._view.say(f"All roles are up after {time.monotonic() - begun_s:.0f} s; the story begins")
                return True
            if time.monotonic() - begun_s > START_PATIENCE_S:
                missing = ", ".join(sorted(set(ROLES) - self._alive))
                raise DemoError(
                    f"no heartbeat of {missing} within {START_PATIENCE_S:.0f} s: is the machine overloaded?"
                )
        return False

    def _replay(self) -> None:
        try:
            records = placed_records(self._demo.scenario, self._settings)
            self._replayer.replay(records, self._demo.speed, self._view.clock)
        except BaseException as error:  # told in the main thread
            self._failure = error

    def _show(self, topic: str, value: bytes | None) -> None:
        if not value:
            return
        if topic == "health":
            health = _decode_health(value)
            self._alive.add(health.role)
            if health.role == "correlate":
                self._correlated = max([self._correlated, *health.positions.get("series", {}).values()])
        elif topic == "series":
            report = _decode_series(value)
            if isinstance(report, BucketReport):
                self._sealed[report.partition, report.signal] = bucket_of(report.bucket)
                self._view.bucket(report)
        else:
            window = _decode_event(value).data
            if (window.window, window.revision) not in self._seen:
                self._seen.add((window.window, window.revision))
                self.windows.append(window)
                self._view.window(window)
                if self._out is not None:
                    self._out.write(_encode(window) + b"\n")

    def _is_over(self, follower: Follower) -> bool:
        """Whether the last bucket has been sealed everywhere, correlated, and its windows shown."""
        last = self._demo.scenario.end_ms // BUCKET_MS - 1
        expected = self._settings.tallies_partitions * len(SIGNALS)
        if len(self._sealed) < expected or min(self._sealed.values()) < last:
            return False
        return self._correlated >= follower.end("series") and follower.is_at_end("windows")


def _judged(scenario: Scenario, windows: list[Window]) -> list[str]:
    """Whether what came out is what the scenario expects."""
    missed = unmet(scenario.expect, windows)
    if not missed:
        return [f"What {scenario.id} expects has come out"]
    return [f"Not as {scenario.id} expects: {what}" for what in missed]


def _restart(supervisor: Supervisor, view: View, log: Path) -> None:
    """Tells who has ended, with its last words, and starts it again when its time has come."""
    for ended in supervisor.poll():
        lines = (log / f"{ended.name}.log").read_text(errors="replace").splitlines()
        last = lines[-1].strip() if lines else "it said nothing"
        view.say(f"{ended.name} ended with code {ended.code} ({last}); again in {ended.again_in_s:g} s")


class OutFile:
    """Whole or not at all: written beside its place, and put there when complete."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self.part = Path(file.name)
        self.is_complete = False

    def write(self, line: bytes) -> None:
        self._file.write(line)

    def complete(self) -> None:
        """Puts the file in its place."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.part.replace(self._path)
        self.is_complete = True


@contextmanager
def _out_file(path: Path | None) -> Iterator[OutFile | None]:
    if path is None:
        yield None
        return
    part = path.with_name(path.name + ".part")
    try:
        file = part.open("wb")
    except OSError as error:
        raise DemoError(f"{path}: {error.strerror}; name a file in a folder that can be written to") from error
    out = OutFile(path, file)
    try:
        with file:
            yield out
    finally:
        if not out.is_complete:
            part.unlink(missing_ok=True)


__all__ = ["ROLES", "Demo", "DemoError", "View", "run_demo"]
