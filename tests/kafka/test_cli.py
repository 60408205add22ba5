"""The command line against a real broker, and against the mock cluster where that differs."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer

import streams.kafka.records
from streams.ingest.placement import partition_of
from streams.kafka.admin import ensure_topics
from streams.kafka.embedded import RealBroker, mock_broker
from streams.kafka.records import CANARY_HEADER, ReadError, Record, ends, follow, newest, whole
from streams.kafka.sending import Sender, SendError
from streams.kafka.topics import TopicSpec, topic_specs
from streams.roles.checkup_kafka import kafka as kafka_findings
from streams.settings import Settings
from streams.windows.cloudevents import encode, to_event
from tests.unit.windows.told import ended, told

Headers = list[tuple[str, str | bytes | None]]
OUTAGES = [sys.executable, "-m", "streams"]


class Cli:
    """Commands as a user runs them, against one broker and prefix."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix

    def argv(self, *arguments: str) -> list[str]:
        return [*OUTAGES, *arguments, "--brokers", self.bootstrap, "--prefix", self.prefix]

    def run(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(self.argv(*arguments), input=stdin, capture_output=True, check=False, timeout=60)
        done = subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
        return done

    def send(self, topic: str, values: Sequence[bytes], *, headers: Headers | None = None) -> None:
        """Into partition 0, past every check."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 0})
        for value in values:
            producer.produce(self.prefix + topic, value, partition=0, headers=headers)
        assert producer.flush(20) == 0


@pytest.fixture
def cli(kafka: RealBroker, prefix: str) -> Cli:
    """With all topics made."""
    ensure_topics(kafka.bootstrap, topic_specs(Settings(prefix=prefix), brokers=1))
    return Cli(kafka.bootstrap, prefix)


@pytest.fixture
def mock() -> Iterator[Cli]:
    with mock_broker() as broker:
        yield Cli(broker.bootstrap, "outages.")


def lines(*values: dict[str, object] | str) -> bytes:
    return b"".join((v if isinstance(v, str) else json.dumps(v)).encode() + b"\n" for v in values)


EVENT: dict[str, object] = {"service": "twitter", "time": "2022-07-14T12:01:07.250Z"}


def test_topics_are_told_made_and_kept(kafka: RealBroker, prefix: str) -> None:
    cli = Cli(kafka.bootstrap, prefix)
    dry = cli.run("topics", "--dry-run").stdout.splitlines()
    assert dry[0].split(maxsplit=3) == ["to", "create", f"{prefix}errors", "8 partitions, replication 1"]
    assert cli.run("topics").stdout.startswith("created")
    kept = [json.loads(line) for line in cli.run("topics", "--json").stdout.splitlines()]
    assert {change["action"] for change in kept} == {"keep"}
    assert kept[0]["topic"] == f"{prefix}errors"


def test_a_wrong_number_of_partitions_is_refused_with_a_remedy(kafka: RealBroker, prefix: str) -> None:
    ensure_topics(kafka.bootstrap, [TopicSpec(f"{prefix}errors", 3, 1, {})])
    told_of = Cli(kafka.bootstrap, prefix).run("topics", code=1).stderr
    assert told_of.startswith(f"outages: topic {prefix}errors has 3 partitions, not 8: set errors_partitions = 3")


def test_good_lines_are_sent_and_bad_ones_listed_with_their_numbers(cli: Cli) -> None:
    sent = cli.run("send", "errors", "--clock", "record", stdin=lines(EVENT, "", "nope", EVENT | {"id": "2"}), code=1)
    assert sent.stdout == "sent 2, refused 1\n"
    assert sent.stderr.startswith("standard input:3: refused, not_json: ")
    assert len(list(whole(cli.bootstrap, f"{cli.prefix}errors"))) == 2


def test_records_lie_where_every_producer_of_ours_puts_them(cli: Cli) -> None:
    reports = [EVENT | {"reporter": f"r{number}"} for number in range(40)]
    cli.run("send", "reports", "--clock", "record", stdin=lines(*reports, *reports))
    found = list(whole(cli.bootstrap, f"{cli.prefix}reports"))
    assert len(found) == 80
    for record in found:
        key = json.loads(record.value or b"")["reporter"]
        assert (record.key, record.partition) == (key.encode(), partition_of(key, 8))


def test_a_clock_record_goes_to_every_partition(cli: Cli) -> None:
    cli.run("send", "errors", "--clock", "record", stdin=lines({"clock": "2022-07-14T12:00:00Z"}))
    found = sorted(record.partition for record in whole(cli.bootstrap, f"{cli.prefix}errors"))
    assert found == list(range(8))


def test_a_clock_record_is_refused_where_the_broker_moves_time(cli: Cli) -> None:
    sent = cli.run("send", "errors", stdin=lines({"clock": "2022-07-14T12:00:00Z"}), code=1)
    assert "standard input:1: refused, clock_not_allowed: " in sent.stderr


def test_old_events_are_sent_with_a_word_of_warning(cli: Cli) -> None:
    sent = cli.run("send", "errors", stdin=lines(EVENT))
    assert sent.stdout == "sent 1, refused 0\n"
    assert "1 came more than 20 s after their time and will not count" in sent.stderr


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_sent_plain_or_zipped(cli: Cli, tmp_path: Path, zipped: bool) -> None:
    text = lines(*[EVENT | {"id": str(number)} for number in range(5_000)])
    file = tmp_path / "events.ndjson"
    file.write_bytes(gzip.compress(text) if zipped else text)
    assert cli.run("send", "errors", str(file), "--clock", "record").stdout == "sent 5,000, refused 0\n"
    assert len(list(whole(cli.bootstrap, f"{cli.prefix}errors"))) == 5_000


def test_a_damaged_file_is_an_error_with_a_remedy(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson.gz"
    file.write_bytes(gzip.compress(lines(EVENT))[:-12])
    assert "give a readable NDJSON file, plain or gzip" in cli.run("send", "errors", str(file), code=1).stderr


@pytest.mark.parametrize("command", [("send", "errors"), ("tail", "errors"), ("windows",)])
def test_a_topic_that_is_not_there_is_an_error_with_a_remedy(
    kafka: RealBroker, prefix: str, command: tuple[str, ...]
) -> None:
    said = Cli(kafka.bootstrap, prefix).run(*command, stdin=lines(EVENT), code=1).stderr
    assert (said.count("\n"), "create it with `outages topics`" in said) == (1, True)


def test_tail_tells_windows_as_a_story_and_ends_when_nothing_comes(cli: Cli) -> None:
    for window in (told(), ended(), ended()):
        cli.send("windows", [encode(to_event(window, cli.prefix))])
    told_lines = cli.run("tail", "windows", "--from-beginning", "--until-idle", "2").stdout.splitlines()
    assert len(told_lines) == 2
    assert told_lines[0].startswith("14 July 2022 12:00 UTC  twitter: An outage opens")
    assert told_lines[1].startswith("16:31 UTC  twitter: The outage is over")


def test_tail_ends_after_so_many_records_and_passes_over_canaries(cli: Cli) -> None:
    cli.send("errors", [b"", b""], headers=[(CANARY_HEADER, b"")])
    cli.send("errors", [b'{"service": "twitter"}', b"{}"])
    assert cli.run("tail", "errors", "--from-beginning", "--max", "1").stdout == '{"service":"twitter"}\n'


def test_tail_follows_what_comes_and_ends_quietly_at_ctrl_c(cli: Cli) -> None:
    following = subprocess.Popen(cli.argv("tail", "late"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert following.stdout is not None
    try:
        time.sleep(2)  # it begins at the end, wherever that is when it has come up
        cli.send("late", [b'{"n": 1}'])
        first = json.loads(following.stdout.readline())
        following.send_signal(signal.SIGINT)
        _, said = following.communicate(timeout=20)
    finally:
        following.kill()
    assert (first["value"], following.returncode, said) == ('{"n": 1}', 0, "")


def test_windows_are_the_newest_revisions_of_the_archive(cli: Cli) -> None:
    producer = Producer({"bootstrap.servers": cli.bootstrap, "log_level": 0})
    for window in (told(), ended()):
        value = encode(to_event(window, cli.prefix))
        producer.produce(f"{cli.prefix}windows.latest", value, key=window.window)
    assert producer.flush(20) == 0
    (line,) = cli.run("windows", "--json").stdout.splitlines()
    assert (json.loads(line)["window"], json.loads(line)["revision"]) == ("twitter-20220714T115800Z", 9)
    assert cli.run("windows", "--open").stdout == ""
    assert "twitter had an outage on 14 July 2022" in cli.run("windows", "twitter-20220714T115800Z").stdout


def test_a_whole_topic_is_read_to_the_end_it_has_now(kafka: RealBroker, prefix: str) -> None:
    topic = f"{prefix}t"
    ensure_topics(kafka.bootstrap, [TopicSpec(topic, 3, 1, {})])
    assert list(whole(kafka.bootstrap, topic)) == []
    sender = Sender(kafka.bootstrap)
    for number in range(2_500):
        sender.send(topic, number % 2, None, b"%d" % number)
    sender.settle()
    read: list[Record] = []
    for record in whole(kafka.bootstrap, topic):
        if not read:  # what comes while it reads is left out
            sender.send(topic, 0, None, b"more")
            sender.settle()
        read.append(record)
    assert sorted(int(record.value or b"-1") for record in read) == list(range(2_500))
    assert [(end.low, end.high) for end in ends(kafka.bootstrap, topic).values()] == [(0, 1_251), (0, 1_250), (0, 0)]
    last = newest(kafka.bootstrap, topic)
    assert {partition: record.value for partition, record in last.items()} == {0: b"more", 1: b"2499"}


def test_following_begins_with_the_next_record(kafka: RealBroker, prefix: str) -> None:
    topic = f"{prefix}t"
    ensure_topics(kafka.bootstrap, [TopicSpec(topic, 1, 1, {})])
    sender = Sender(kafka.bootstrap)
    sender.send(topic, 0, None, b"before")
    sender.settle()
    assert list(follow(kafka.bootstrap, topic, idle_s=1.0)) == []
    assert [r.value for r in follow(kafka.bootstrap, topic, from_beginning=True, idle_s=1.0)] == [b"before"]


def test_records_that_do_not_arrive_are_told() -> None:
    sender = Sender("127.0.0.1:9", delivery_timeout_s=1)
    sender.send("t", 0, None, b"one")
    with pytest.raises(SendError, match="1 records were not taken, 0 were"):
        sender.settle()


def test_doctor_finds_nothing_wrong_where_all_is_well(cli: Cli) -> None:
    found = [json.loads(line) for line in cli.run("doctor", "--json").stdout.splitlines()]
    states = {finding["about"]: finding["state"] for finding in found}
    assert (states["broker"], states["topics"], states["catalogue"], states["clock"]) == ("ok", "ok", "ok", "ok")
    assert states["tally"] == "warn"  # nobody is in its group
    assert {finding["about"] for finding in found if finding["state"] != "ok"} >= {"tally", "detect", "correlate"}


def test_doctor_fails_where_topics_are_missing(kafka: RealBroker, prefix: str) -> None:
    told_lines = Cli(kafka.bootstrap, prefix).run("doctor", code=1).stdout
    failed = [line for line in told_lines.splitlines() if line.startswith("fail")]
    assert len(failed) == 1
    assert "and 13 more not there: run `outages topics`" in failed[0]


def test_doctor_fails_where_there_is_no_kafka() -> None:
    said = Cli("127.0.0.1:9", "outages.").run("doctor", code=1).stdout
    assert "no Kafka answers at 127.0.0.1:9: start it, or set `brokers`" in said


def test_doctor_tells_of_settings_that_cannot_be_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [*OUTAGES, "doctor", "--prefix", "outages"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.split()[:2]) == (1, ["fail", "settings"])


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_clock_apart_or_standing_still_is_seen(cli: Cli) -> None:
    """The newest input record is a minute old, or a minute ahead, by a machine's clock that is wrong by that."""
    cli.send("errors", [b"{}"])

    def state_if_apart(by_ms: int) -> str:
        found = kafka_findings(Settings(brokers=cli.bootstrap, prefix=cli.prefix), lambda: wall_ms() + by_ms)
        return next(finding.state for finding in found if finding.about == "clock")

    assert [state_if_apart(by_ms) for by_ms in (0, 60_000, -60_000)] == ["ok", "warn", "warn"]


def test_records_that_come_while_the_doctor_looks_are_not_ahead_of_the_clock(cli: Cli) -> None:
    found = kafka_findings(Settings(brokers=cli.bootstrap, prefix=cli.prefix), wall_ms)
    next(found)
    time.sleep(1.5)
    cli.send("errors", [b"{}"])
    assert next(finding.state for finding in found if finding.about == "clock") == "ok"


def test_the_mock_cluster_is_called_what_it_is(mock: Cli) -> None:
    made = mock.run("topics", code=1)
    assert "this is a mock cluster" in made.stderr
    assert "set errors_partitions = 4" in made.stderr


def test_on_the_mock_cluster_the_single_partition_topics_fill_partition_0(mock: Cli) -> None:
    said = [{"about": name, "time": EVENT["time"], "status": "resolved"} for name in ("twitter", "aws", "instagram")]
    mock.run("send", "statements", "--clock", "record", stdin=lines(*said, {"clock": "2022-07-14T12:00:00Z"}))
    assert [record.partition for record in whole(mock.bootstrap, "outages.statements")] == [0] * 4


def test_the_mock_cluster_is_no_fault_to_the_doctor(mock: Cli) -> None:
    told_lines = mock.run("doctor", "--clock", "record").stdout
    assert "mock cluster" in told_lines


def test_nobody_answering_is_told_by_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.kafka.records, "ANSWER_TIMEOUT_S", 0.5)
    with pytest.raises(ReadError, match=r"no Kafka answers at 127\.0\.0\.1:9 "):
        list(whole("127.0.0.1:9", "outages.errors"))
