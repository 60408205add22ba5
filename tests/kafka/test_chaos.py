"""Exactness under fire: whatever is killed, stopped or cut off, the counts and the windows are those of the logs."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from streams.kafka.embedded import RealBroker
from streams.roles.replayer import Replayer
from tests.kafka.harness.fleet import Fleet, fleet
from tests.kafka.harness.outcome import Feeding, Watch, newest_of, outcome_of
from tests.kafka.harness.stage import (
    alerts_of,
    backtested,
    check_counts,
    check_passed_on,
    last_bucket,
    log_with_feedback,
    stage,
)
from tests.kafka.harness.truth import input_logs, naive_count, write_dump

MEMBERS = ("tally-1", "tally-2", "detect-1", "detect-2", "correlate-1", "alert-1")
KILLED = (*MEMBERS, *MEMBERS)
SLEEPERS = ("tally-1", "detect-2", "correlate-1", "alert-1")
ASLEEP_S = 15.0  # longer than a session (10 s), so that others take over what the sleeper holds
GAP_S = (2.0, 5.0)  # between two blows: sometimes before the last one has been got over, sometimes after
MINUTES = 56
SPEED = 20.0  # event time against the wall's: 168 s of feeding, longer than the blows take on a slow machine
SCALE = 3.0  # times the usual volume
SEED = 1


@dataclass(frozen=True, slots=True)
class Blow:
    """What is done to whom."""

    kind: str
    name: str = ""


def drawn_blows(seed: int) -> list[Blow]:
    """All kills and sleeps, and the broker's end, in an order that the seed decides."""
    blows = [Blow("kill", name) for name in KILLED] + [Blow("sleep", name) for name in SLEEPERS] + [Blow("broker")]
    Random(seed).shuffle(blows)
    return blows


class Fire:
    """Deals blows one after another, and wakes the sleepers when their time has come."""

    def __init__(self, members: Fleet, watch: Watch, broker: RealBroker, seed: int) -> None:
        self._members, self._watch, self._broker = members, watch, broker
        self._random = Random(seed)
        self._wake_at_s: dict[str, float] = {}

    def deal(self, blow: Blow) -> None:
        """Does it, and waits a while."""
        if blow.kind == "broker":
            self._broker.kill()
            self._broker.start()
        else:
            self._watch.until(f"{blow.name} awake and running", lambda: self._is_up(blow.name), 60)
            kill = blow.kind == "kill"
            assert self._members.send(blow.name, signal.SIGKILL if kill else signal.SIGSTOP)
            if not kill:
                self._wake_at_s[blow.name] = time.monotonic() + ASLEEP_S
        until_s = time.monotonic() + self._random.uniform(*GAP_S)
        self._watch.until("the next blow", lambda: self._wake() or time.monotonic() > until_s, 60)

    def wake_all(self) -> None:
        """Waits until nobody sleeps."""
        self._watch.until("everybody awake", lambda: self._wake() or not self._wake_at_s, 60)

    def _is_up(self, name: str) -> bool:
        self._wake()
        return name not in self._wake_at_s and self._members.pid(name) is not None

    def _wake(self) -> bool:
        for name in [name for name, at_s in self._wake_at_s.items() if time.monotonic() >= at_s]:
            assert self._members.send(name, signal.SIGCONT)
            del self._wake_at_s[name]
        return False


@pytest.mark.timeout(400)
def test_counts_and_windows_are_exact_whatever_is_killed(own_kafka: RealBroker, prefix: str, tmp_path: Path) -> None:
    settings = stage(own_kafka.bootstrap, prefix, tmp_path)
    log = log_with_feedback(settings, seed=5, minutes=MINUTES, scale=SCALE)
    last = last_bucket(log, settings)
    with fleet(settings, tmp_path, *MEMBERS) as members:
        watch = Watch(settings, members)
        watch.everybody(len(MEMBERS))
        feeding = Feeding(Replayer(settings, paced=False), log, SPEED)
        fire = Fire(members, watch, own_kafka, SEED)
        for blow in drawn_blows(SEED):
            fire.deal(blow)
        fire.wake_all()
        feeding.hurry()
        watch.to_the_end(feeding, last)
        watch.close()
        codes = sorted(ended.code for ended in members.ended)
    assert codes.count(-signal.SIGKILL) >= len(KILLED)
    logs = input_logs(settings)
    write_dump(logs, tmp_path / "dump.ndjson")
    outcome, truth = outcome_of(settings), naive_count(logs, settings)
    print(f"exit codes {codes}; {outcome.repeats} reports repeated; {outcome.dead_records} dead letters for "
          f"{len(outcome.dead)}; {outcome.late_records} late for {len(outcome.late)}")  # fmt: skip
    check_counts(outcome, truth, last)
    check_passed_on(outcome, truth)
    expected = backtested(tmp_path / "dump.ndjson", settings)
    assert len(newest_of(expected)) >= 2
    assert outcome.windows == expected
    assert outcome.alerts == alerts_of(expected, settings)
