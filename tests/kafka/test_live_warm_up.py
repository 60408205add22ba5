"""Baselines from history, by the command, in front of a running system and into the middle of its life."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from streams.contracts.series import BucketReport, SeriesRecord
from streams.contracts.times import BUCKET_MS, bucket_of
from streams.kafka.embedded import RealBroker
from streams.kafka.records import whole
from streams.roles.replayer import Replayer
from streams.settings import Settings
from tests.kafka.harness.feed import MINUTE_MS, START_MS, USUAL, feed
from tests.kafka.harness.fleet import environ_of, fleet
from tests.kafka.harness.outcome import Watch, outcome_of
from tests.kafka.harness.stage import last_bucket, stage

FIRST = START_MS // BUCKET_MS
TWITTER = USUAL["twitter"] + USUAL["X"]  # errors a minute
MINUTES = 16
FULL_SPEED = 1e9


def history(file: Path, days: int) -> Path:
    """Errors of twitter and slack in five minutes each, up to the begin of the feed."""
    rng = np.random.default_rng(2)
    lines = ["timestamp,service,signal,value"]
    for service, level in (("twitter", TWITTER), ("slack", USUAL["Slack"])):
        values = rng.poisson(5 * level, days * 288).tolist()
        begin_s = START_MS // 1000 - days * 86_400
        lines += [f"{begin_s + 300 * i},{service},errors,{value}" for i, value in enumerate(values)]
    file.write_text("\n".join(lines) + "\n")
    return file


def warm_up(settings: Settings, file: Path, *, code: int = 0) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "streams", "warm-up", "csv", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, env=environ_of(settings), timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stdout + done.stderr
    return done


def errors_of(settings: Settings, service: str) -> dict[int, tuple[str, float]]:
    """By minute of the feed: the state of the service's baseline, and what was expected."""
    found: dict[int, tuple[str, float]] = {}
    for record in whole(settings.brokers, settings.topic("series")):
        report = msgspec.json.decode(record.value or b"", type=SeriesRecord)
        if isinstance(report, BucketReport) and report.signal == "errors" and service in report.services:
            expected = report.expected[report.services.index(service)]
            found[bucket_of(report.bucket) - FIRST] = (report.baseline.get(service, "ready"), expected)
    return found


@pytest.mark.timeout(200)
def test_a_new_installation_judges_from_its_first_minute(kafka: RealBroker, prefix: str, tmp_path: Path) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path)
    done = warm_up(settings, history(tmp_path / "history.csv", 14))
    assert done.stdout.splitlines() == [
        "sent history of 2 series, up to 14.0 days, until 2022-07-14T12:00:00.000Z",
        "2 will be taken when detect begins: errors of slack and errors of twitter",
    ]
    log = feed(settings, seed=1, minutes=MINUTES)
    with fleet(settings, tmp_path, "tally-1", "detect-1") as members:
        watch = Watch(settings, members)
        watch.everybody(2)
        Replayer(settings, paced=False).replay(log, FULL_SPEED)
        watch.until("the last bucket", lambda: watch.reaches(last_bucket(log, settings)), 90)
        watch.close()
    states = errors_of(settings, "twitter")
    assert {state for state, _ in states.values()} == {"ready"}
    assert states[0][1] == pytest.approx(TWITTER, rel=0.15)
    assert {state for state, _ in errors_of(settings, "aws").values()} == {"cold"}


@pytest.mark.timeout(240)
def test_a_running_detector_takes_history_and_a_second_reading_gives_the_same(
    kafka: RealBroker, prefix: str, tmp_path: Path
) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path, snapshot_s=2.0)
    log = feed(settings, seed=1, minutes=MINUTES)
    half_ms = START_MS + MINUTES // 2 * MINUTE_MS
    first = [record for record in log if record.time_ms <= half_ms]
    with fleet(settings, tmp_path, "tally-1", "detect-1") as members:
        watch = Watch(settings, members)
        watch.everybody(2)
        Replayer(settings, paced=False).replay(first, FULL_SPEED)
        watch.until("half of it", lambda: watch.reaches(last_bucket(first, settings)), 90)
        file = history(tmp_path / "history.csv", 14)
        told = warm_up(settings, file).stdout.splitlines()[1]
        assert told.startswith("2 will be taken with the next minute that detect seals, or once")
        watch.pause(1.0)
        members.send("detect-1", signal.SIGKILL)  # the history is read again from the log
        Replayer(settings, paced=False).replay(log[len(first) :], FULL_SPEED)
        watch.until("the last bucket", lambda: watch.reaches(last_bucket(log, settings)), 120)
        members.send("detect-1", signal.SIGKILL)
        watch.until("a heartbeat of the next life", lambda: len(watch.last) >= 3, 90)
        watch.pause(3.0)
        watch.close()
        again = warm_up(settings, file, code=1)
    states = errors_of(settings, "twitter")
    sealed = last_bucket(first, settings) - FIRST
    assert {states[minute][0] for minute in range(sealed + 1)} == {"cold"}
    assert {states[minute][0] for minute in range(sealed + 1, MINUTES - 1)} == {"ready"}
    assert states[sealed + 1][1] == pytest.approx(TWITTER, rel=0.15)
    assert outcome_of(settings).differing == []
    assert again.stderr.count("\n") == 1
    assert "and keeps what it has lived; to begin anew use another --prefix" in again.stderr


def test_history_of_what_nobody_is_called_is_refused_before_anything_is_sent(
    kafka: RealBroker, prefix: str, tmp_path: Path
) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path)
    file = history(tmp_path / "history.csv", 1)
    file.write_text(file.read_text().replace("slack", "no such"))
    assert "nobody is called 'no such' in the catalogue" in warm_up(settings, file, code=1).stderr
    assert list(whole(settings.brokers, settings.topic("tallies"))) == []


def test_topics_that_are_not_there_are_told(kafka: RealBroker, prefix: str, tmp_path: Path) -> None:
    settings = Settings(brokers=kafka.bootstrap, prefix=prefix, clock="record", data_dir=tmp_path)
    assert "run `outages topics`" in warm_up(settings, history(tmp_path / "history.csv", 1), code=1).stderr


def test_every_series_is_told_as_json(kafka: RealBroker, prefix: str, tmp_path: Path) -> None:
    settings = stage(kafka.bootstrap, prefix, tmp_path)
    argv = [sys.executable, "-m", "streams", "warm-up", "csv", str(history(tmp_path / "h.csv", 2)), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, env=environ_of(settings), timeout=60, check=False)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(series["service"], series["days"]) for series in told] == [("slack", 2.0), ("twitter", 2.0)]
