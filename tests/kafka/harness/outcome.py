"""What the system published, read from its topics, and waiting until it is all there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Thread

import msgspec

from streams.contracts.alerts import AlertEvent
from streams.contracts.events import SIGNALS
from streams.contracts.health import Health
from streams.contracts.series import BucketReport, SeriesRecord
from streams.contracts.times import bucket_of
from streams.contracts.windows import Window, WindowEvent
from streams.kafka.records import Record, whole
from streams.replay.scenario_run import Placed
from streams.roles.following import Follower
from streams.roles.replayer import Replayer
from streams.settings import Settings
from tests.kafka.harness.fleet import Fleet
from tests.kafka.harness.truth import Origin

_decode_series = msgspec.json.Decoder(SeriesRecord).decode
_decode_health = msgspec.json.Decoder(Health).decode
_encode = msgspec.json.Encoder().encode


class Watch:
    """Follows `series` and `health` while a test runs; whoever waits keeps the fleet going."""

    def __init__(self, settings: Settings, fleet: Fleet) -> None:
        self._settings = settings
        self._fleet = fleet
        self._follower = Follower(settings, ("series", "health", "windows"))
        self.newest: dict[tuple[int, str], int] = {}  # bucket by partition and signal
        self.positions: dict[tuple[str, str], int] = {}  # by topic and partition, the furthest any reader has told
        self.last: dict[str, Health] = {}  # heartbeats by `role/instance`; who said farewell is gone

    def look(self, wait_s: float = 0.1) -> None:
        """Takes in what has come, and lets the supervisors work."""
        self._fleet.poll()
        for topic, key, value in self._follower.read(wait_s):
            name = (key or b"").decode()
            if topic == "health" and value:
                self.last[name] = _decode_health(value)
                for of, offsets in self.last[name].positions.items():
                    for partition, offset in offsets.items():
                        place = (of, partition)
                        self.positions[place] = max(self.positions.get(place, 0), offset)
            elif topic == "health":
                self.last.pop(name, None)
            elif topic == "series" and value:
                record = _decode_series(value)
                if isinstance(record, BucketReport):
                    key_of = (record.partition, record.signal)
                    self.newest[key_of] = max(self.newest.get(key_of, 0), bucket_of(record.bucket))

    def until(self, what: str, condition: Callable[[], bool], timeout_s: float) -> float:
        """Seconds until the condition held. AssertionError after `timeout_s`, saying what was waited for."""
        begun_s = time.monotonic()
        while not condition():
            waited_s = time.monotonic() - begun_s
            assert waited_s < timeout_s, f"waited {timeout_s:.0f} s for: {what}; {self.newest=} {self.positions=}"
            self.look()
        return time.monotonic() - begun_s

    def pause(self, duration_s: float) -> None:
        """Keeps everything going for so long."""
        end_s = time.monotonic() + duration_s
        while (left_s := end_s - time.monotonic()) > 0:
            self.look(min(left_s, 0.1))

    def is_over(self, last_bucket: int) -> bool:
        """Whether every partition and signal has reported the last bucket, and its readers have read that."""
        roles = {name.partition("/")[0] for name in self.last}
        topics = ["series"] + (["windows"] if "alert" in roles else [])
        return self.reaches(last_bucket) and all(
            self.positions.get((topic, "0"), 0) >= self._follower.end(topic) for topic in topics
        )

    def reaches(self, bucket: int) -> bool:
        """Whether every partition and signal has reported so far."""
        keys = [(p, s) for p in range(self._settings.tallies_partitions) for s in SIGNALS]
        return all(self.newest.get(key, 0) >= bucket for key in keys)

    def everybody(self, count: int) -> None:
        """Waits for the first heartbeat of so many processes."""
        self.until(f"heartbeats of {count}", lambda: len(self.last) >= count, 90)

    def to_the_end(self, feeding: Feeding, last_bucket: int, timeout_s: float = 120) -> None:
        """Waits until everything is sent, and its last bucket correlated."""
        self.until("everything sent", feeding.is_done, timeout_s)
        for _ in range(2):  # what was read a moment ago may still lead to something
            self.until("the last bucket, correlated", lambda: self.is_over(last_bucket), timeout_s)
            self.pause(1.5)

    def close(self) -> None:
        self._follower.close()


class Feeding:
    """Replays a log in a thread of its own; `hurry` when the rest of it matters, but not its pace."""

    def __init__(self, replayer: Replayer, log: list[Placed], speed: float) -> None:
        self._failure: BaseException | None = None
        self._hurries = False
        self.clock_ms = 0
        self._thread = Thread(target=self._run, args=(replayer, log, speed), name="feeding", daemon=True)
        self._thread.start()

    def _run(self, replayer: Replayer, log: list[Placed], speed: float) -> None:
        try:
            replayer.replay(self._due(log), speed, self._note)
        except BaseException as error:
            self._failure = error

    def _due(self, log: list[Placed]) -> Iterator[Placed]:
        for record in log:
            yield record._replace(time_ms=log[0].time_ms) if self._hurries else record

    def hurry(self) -> None:
        """From now on everything is sent at once."""
        assert not self.is_done(), "the log has ended already: make it longer, or slower"
        self._hurries = True

    def _note(self, clock_ms: int) -> None:
        self.clock_ms = clock_ms

    def is_done(self) -> bool:
        """Whether everything has been sent; raises what went wrong."""
        if self._failure is not None:
            raise self._failure
        return not self._thread.is_alive()


@dataclass
class Outcome:
    """`counts`: of every sealed bucket by signal, bucket and service. `repeats`: reports that came more than once.

    `windows`: each revision once, as its `data` is encoded, in the order of first publication; `alerts`: their events,
    likewise. `latest`: by window id.
    """

    counts: dict[tuple[str, int, str], int] = field(default_factory=dict)
    repeats: int = 0
    differing: list[str] = field(default_factory=list)
    windows: list[bytes] = field(default_factory=list)
    alerts: list[bytes] = field(default_factory=list)
    latest: dict[str, bytes] = field(default_factory=dict)
    dead: dict[Origin, Record] = field(default_factory=dict)
    dead_records: int = 0
    late: dict[Origin, Record] = field(default_factory=dict)
    late_records: int = 0


def outcome_of(settings: Settings) -> Outcome:
    """Everything that stands on the topics. What was published twice must be the same; what differs is listed."""
    outcome = Outcome()
    _read_series(settings, outcome)
    _read_windows_and_alerts(settings, outcome)
    for name, found in (("dead-letters", outcome.dead), ("late", outcome.late)):
        records = list(whole(settings.brokers, settings.topic(name)))
        for record in records:
            topic = (record.header("topic") or "").removeprefix(settings.prefix)
            found[topic, int(record.header("partition") or -1), int(record.header("offset") or -1)] = record
        if name == "late":
            outcome.late_records = len(records)
        else:
            outcome.dead_records = len(records)
    return outcome


def _read_series(settings: Settings, outcome: Outcome) -> None:
    seen: dict[tuple[int, str, str], bytes] = {}
    for record in whole(settings.brokers, settings.topic("series")):
        report = _decode_series(record.value or b"")
        if not isinstance(report, BucketReport):
            continue
        key = (report.partition, report.signal, report.bucket)
        first = seen.setdefault(key, record.value or b"")
        if first is not record.value:
            outcome.repeats += 1
            if first != record.value:
                outcome.differing.append(f"series {key}")
            continue
        for service, observed in zip(report.services, report.observed, strict=True):
            if observed:
                outcome.counts[report.signal, bucket_of(report.bucket), service] = observed


def _read_windows_and_alerts(settings: Settings, outcome: Outcome) -> None:
    seen: dict[str, bytes] = {}
    for record in whole(settings.brokers, settings.topic("windows")):
        event = msgspec.json.decode(record.value or b"", type=WindowEvent)
        first = seen.setdefault(event.id, record.value or b"")
        if first is record.value:
            outcome.windows.append(_encode(event.data))
        elif first != record.value:
            outcome.differing.append(f"window {event.id}")
    for record in whole(settings.brokers, settings.topic("alerts")):
        id = msgspec.json.decode(record.value or b"", type=AlertEvent).id
        first = seen.setdefault(id, record.value or b"")
        if first is record.value:
            outcome.alerts.append(first)
        elif first != record.value:
            outcome.differing.append(f"alert {id}")
    for record in whole(settings.brokers, settings.topic("windows.latest")):
        outcome.latest[(record.key or b"").decode()] = record.value or b""


def newest_of(windows: list[bytes]) -> dict[str, Window]:
    """The newest revision of each window."""
    newest: dict[str, Window] = {}
    for encoded in windows:
        window = msgspec.json.decode(encoded, type=Window)
        if window.window not in newest or newest[window.window].revision < window.revision:
            newest[window.window] = window
    return newest
