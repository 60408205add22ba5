"""Processes are kept running, logged, and ended."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from streams import child_log, supervisor
from streams.processes import start_child, stop_children
from streams.supervisor import Command, Ended, Supervisor, next_delay_s

ROOT = Path(__file__).resolve().parents[2]
SLEEP = ("sleep", "600")


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.01)
    return False


def gone(pid: int) -> bool:
    """Ended; a zombie that waits for its new parent counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def next_end(kept: Supervisor) -> Ended:
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        for ended in kept.poll():
            return ended
        time.sleep(0.01)
    raise AssertionError("no process ended within 10 s")


@contextmanager
def running(
    *commands: Command,
    log_dir: Path,
    echo: io.StringIO | None = None,
    clock_s: Callable[[], float] = time.monotonic,
) -> Iterator[Supervisor]:
    kept = Supervisor(commands, log_dir, echo=echo, clock_s=clock_s)
    try:
        kept.start()
        yield kept
    finally:
        kept.stop()


@pytest.mark.parametrize(
    ("previous_s", "lived_s", "expected_s"),
    [
        (None, 0, 0.2),
        (0.2, 0, 0.4),
        (6.4, 29.9, 10.0),
        (10.0, 0, 10.0),
        (10.0, 30.0, 0.2),
    ],
)
def test_the_wait_doubles_up_to_ten_seconds_and_begins_anew_after_a_steady_life(
    previous_s: float | None, lived_s: float, expected_s: float
) -> None:
    assert next_delay_s(previous_s, lived_s) == expected_s


def test_a_child_that_ends_is_started_again_after_its_wait_and_not_before(tmp_path: Path) -> None:
    clock = Clock()
    with running(Command("role", shell("exit 3")), log_dir=tmp_path, clock_s=clock) as kept:
        first = next_end(kept)
        assert (first.name, first.code, first.again_in_s) == ("role", 3, 0.2)
        clock.now_s += 0.19
        assert kept.poll() == []
        assert kept.pids == {}
        clock.now_s += 0.02
        second = next_end(kept)
        assert (second.code, second.again_in_s) == (3, 0.4)
        assert second.pid != first.pid
        assert kept.ends == {"role": 2}


def test_a_child_that_lived_half_a_minute_is_back_at_once(tmp_path: Path) -> None:
    clock = Clock()
    with running(Command("role", SLEEP), log_dir=tmp_path, clock_s=clock) as kept:
        for lived_s, again_in_s in ((1, 0.2), (1, 0.4), (31, 0.2)):
            clock.now_s += lived_s
            os.kill(kept.pids["role"], signal.SIGKILL)
            ended = next_end(kept)
            assert (ended.code, ended.again_in_s) == (-9, again_in_s)
            clock.now_s += again_in_s
            kept.poll()


def test_the_others_go_on_while_one_ends(tmp_path: Path) -> None:
    with running(Command("a", SLEEP), Command("b", SLEEP), log_dir=tmp_path) as kept:
        before = kept.pids
        os.kill(before["a"], signal.SIGKILL)
        next_end(kept)
        assert kept.pids == {"b": before["b"]}
        assert wait_until(lambda: not kept.poll() and "a" in kept.pids)
        assert kept.pids["b"] == before["b"]


def test_what_every_life_of_a_child_writes_is_in_its_log(tmp_path: Path) -> None:
    with running(Command("role", shell("echo out; echo err >&2")), log_dir=tmp_path) as kept:
        next_end(kept)
        next_end(kept)
    assert (tmp_path / "role.log").read_text() == "out\nerr\n" * 2


def test_what_children_write_is_shown_after_their_names(tmp_path: Path) -> None:
    echo = io.StringIO()
    commands = Command("tally", shell("echo hello; exec sleep 600")), Command("detect-0", SLEEP)
    with running(*commands, log_dir=tmp_path, echo=echo):
        assert wait_until(lambda: echo.getvalue() == "tally    | hello\n")


def test_a_log_keeps_its_last_part_and_one_file_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_log, "LOG_BYTES", 1000)
    script = "i=0; while [ $i -lt 100 ]; do echo line $i of this log; i=$((i+1)); done"
    with running(Command("role", shell(script)), log_dir=tmp_path) as kept:
        next_end(kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["role.log", "role.log.1"]
    assert (tmp_path / "role.log").read_text().endswith("line 99 of this log\n")
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())


def test_a_program_that_is_not_there_is_told_in_its_log_and_tried_again(tmp_path: Path) -> None:
    with running(Command("role", ("no-such-program",)), log_dir=tmp_path) as kept:
        assert next_end(kept).code == 1
    assert (tmp_path / "role.log").read_text() == "cannot start no-such-program: No such file or directory\n"


def test_stop_ends_all_and_leaves_no_zombie(tmp_path: Path) -> None:
    before = psutil.Process().children()
    with running(Command("a", SLEEP), Command("b", SLEEP), log_dir=tmp_path) as kept:
        pids = kept.pids
        assert sorted(pids) == ["a", "b"]
    assert kept.pids == {}
    assert psutil.Process().children() == before
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert kept.poll() == []


def test_stop_kills_who_does_not_listen_or_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_S", 0.5)
    deaf = Command("deaf", shell("trap '' TERM; echo ready; while :; do sleep 0.1; done"))
    with running(deaf, Command("stopped", SLEEP), log_dir=tmp_path) as kept:
        pids = kept.pids
        assert wait_until(lambda: (tmp_path / "deaf.log").read_text() == "ready\n")
        os.kill(pids["stopped"], signal.SIGSTOP)
        begin_s = time.monotonic()
        kept.stop()
        assert 0.5 <= time.monotonic() - begin_s < 5
    assert not any(psutil.pid_exists(pid) for pid in pids.values())


def test_two_processes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two processes of one name"):
        Supervisor([Command("a", SLEEP), Command("a", SLEEP)], tmp_path)


SUPERVISE = """
import sys
from pathlib import Path
from streams.supervisor import Command, Supervisor
kept = Supervisor([Command("a", ("sleep", "600")), Command("b", ("sleep", "600"))], Path(sys.argv[1]))
start = kept.start
def start_and_tell():
    start()
    print(*kept.pids.values(), flush=True)
kept.start = start_and_tell
kept.run()
print("stopped", flush=True)
"""


@contextmanager
def supervising_process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    argv = [sys.executable, "-c", SUPERVISE, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            yield process, [int(pid) for pid in process.stdout.readline().split()]
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_die_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with supervising_process(tmp_path) as (process, children):
        assert not any(map(gone, children))
        process.kill()
        process.wait()
        assert wait_until(lambda: all(map(gone, children)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_supervisor_that_is_told_to_stop_ends_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    with supervising_process(tmp_path) as (process, children):
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert process.stdout is not None
        assert process.stdout.read() == "stopped\n"
        assert all(map(gone, children))


def test_a_ctrl_c_at_the_terminal_does_not_reach_a_child() -> None:
    child = start_child(SLEEP)
    try:
        assert os.getpgid(child.pid) == child.pid != os.getpgrp()
        assert os.getsid(child.pid) != os.getsid(0)
    finally:
        stop_children([child], 1)
    assert child.returncode == -signal.SIGTERM


def test_a_child_outlives_the_thread_that_asked_for_it() -> None:
    children: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: children.append(start_child(SLEEP)))
    thread.start()
    thread.join()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            children[0].wait(timeout=0.3)
    finally:
        stop_children(children, 1)
