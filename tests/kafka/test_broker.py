"""The embedded brokers and the topics on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from streams.kafka.admin import TopicError, broker_count, check_topics, ensure_topics, touch_topics
from streams.kafka.embedded import BrokerError, RealBroker, choose_broker, given_broker, mock_broker, real_broker
from streams.kafka.topics import TopicSpec, topic_specs

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Wanted:
    prefix: str
    errors_partitions: int = 8
    reports_partitions: int = 6
    tallies_partitions: int = 4


def spec(name: str, partitions: int = 1, **config: str) -> TopicSpec:
    return TopicSpec(name, partitions, 1, {key.replace("_", "."): value for key, value in config.items()})


def produce(bootstrap: str, topic: str, values: list[bytes], timestamp_ms: int = 0, timeout_s: int = 15) -> None:
    """Write to partition 0 and return when all are acknowledged; raises otherwise."""
    failures: list[KafkaError] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failures.append(error)

    patience = {"message.timeout.ms": timeout_s * 1000}
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "log_level": 0, **patience})
    for value in values:
        producer.produce(topic, value, partition=0, timestamp=timestamp_ms, on_delivery=delivered)
    assert producer.flush(20) == 0
    if failures:
        raise KafkaException(failures[0])


def consume(bootstrap: str, topic: str, count: int) -> list[Message]:
    """The first `count` messages of partition 0, or as many as come within 20 s."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    got: list[Message] = []
    deadline_s = time.monotonic() + 20
    while len(got) < count and time.monotonic() < deadline_s:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            got.append(message)
    consumer.close()
    return got


def topic_config(bootstrap: str, topic: str) -> dict[str, str]:
    """A topic's settings as another client than ours reads them."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    client = AdminClient({"bootstrap.servers": bootstrap})
    entries = client.describe_configs([resource])[resource].result(timeout=20)
    return {name: entry.value for name, entry in entries.items()}


def partition_counts(bootstrap: str, prefix: str) -> dict[str, int]:
    topics = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics
    return {name: len(topic.partitions) for name, topic in topics.items() if name.startswith(prefix)}


def wait_until(condition: Callable[[], bool], timeout_s: float = 15) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if condition():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    """Ended; a zombie that waits for its new parent counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_broker_listens_on_loopback_only(kafka: RealBroker) -> None:
    assert kafka.pid is not None
    listening = {c.laddr for c in psutil.Process(kafka.pid).net_connections("inet") if c.status == "LISTEN"}
    ports = {address.port for address in listening}
    addresses = {address.ip.removeprefix("::ffff:") for address in listening}
    assert int(kafka.bootstrap.rpartition(":")[2]) in ports
    assert len(ports) == 2  # its clients' and its controller's
    assert addresses == {"127.0.0.1"}


def test_a_broker_killed_and_started_again_has_its_address_and_its_data(own_kafka: RealBroker) -> None:
    ensure_topics(own_kafka.bootstrap, [spec("kept")])
    values = [b"%d" % number for number in range(1000)]
    produce(own_kafka.bootstrap, "kept", values)
    address, pid = own_kafka.bootstrap, own_kafka.pid
    assert pid is not None
    own_kafka.kill()
    assert not psutil.pid_exists(pid)
    own_kafka.start()
    assert (own_kafka.bootstrap, own_kafka.pid == pid) == (address, False)
    assert [message.value() for message in consume(address, "kept", 1000)] == values


def test_a_folder_that_another_broker_has_is_refused(own_kafka: RealBroker) -> None:
    second = RealBroker(own_kafka.log.parent)
    with pytest.raises(BrokerError, match="is in use by another broker: stop it, or name another"):
        second.start()
    assert second.pid is None
    given_broker(own_kafka.bootstrap)


def test_a_broker_that_does_not_come_up_says_why(kafka_is_here: None, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\ncluster.id=somebodys-else\nnode.id=7\n")
    broker = RealBroker(tmp_path)
    with pytest.raises(BrokerError, match=r"(?s)ended with code 1 while starting.*node.id"):
        broker.start()
    assert broker.pid is None


def test_the_broker_dies_with_the_process_that_started_it(kafka_is_here: None, tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from streams.kafka.embedded import RealBroker\n"
        "broker = RealBroker(Path(sys.argv[1])); broker.start(); print(broker.pid, flush=True); time.sleep(600)"
    )
    argv = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        broker = int(parent.stdout.readline())
        assert not gone(broker)
        parent.kill()
    assert wait_until(lambda: gone(broker))


def test_a_broker_that_is_stopped_in_the_middle_of_starting_leaves_no_process(
    kafka_is_here: None, tmp_path: Path
) -> None:
    broker = RealBroker(tmp_path)
    with pytest.raises(BrokerError, match="did not answer within"):
        broker.start(timeout_s=0.2)
    assert broker.pid is None
    assert [child for child in psutil.Process().children() if str(tmp_path) in " ".join(child.cmdline())] == []


def test_topics_come_out_as_the_contract_has_them(kafka: RealBroker, prefix: str) -> None:
    specs = topic_specs(Wanted(prefix), brokers=broker_count(kafka.bootstrap))
    changes = ensure_topics(kafka.bootstrap, specs)
    assert [change.action for change in changes] == ["create"] * len(specs)
    assert partition_counts(kafka.bootstrap, prefix) == {spec.name: spec.partitions for spec in specs}
    for wanted in specs:
        assert topic_config(kafka.bootstrap, wanted.name).items() >= wanted.config.items()


def test_topics_that_are_right_are_left_alone(kafka: RealBroker, prefix: str) -> None:
    specs = topic_specs(Wanted(prefix), brokers=1)
    ensure_topics(kafka.bootstrap, specs)
    assert {(change.action, change.details) for change in ensure_topics(kafka.bootstrap, specs)} == {("keep", ())}
    check_topics(kafka.bootstrap, specs)


def test_a_dry_run_tells_and_changes_nothing(kafka: RealBroker, prefix: str) -> None:
    specs = topic_specs(Wanted(prefix), brokers=1)
    changes = ensure_topics(kafka.bootstrap, specs, dry_run=True)
    assert changes[0].topic == f"{prefix}errors"
    assert changes[0].details == ("8 partitions, replication 1",)
    assert partition_counts(kafka.bootstrap, prefix) == {}


def test_a_setting_that_differs_is_told_and_set(kafka: RealBroker, prefix: str) -> None:
    name = f"{prefix}late"
    ensure_topics(kafka.bootstrap, [spec(name, retention_ms="1000", segment_ms="5000")])
    wanted = [spec(name, retention_ms="2000", segment_ms="5000")]
    told = ensure_topics(kafka.bootstrap, wanted, dry_run=True)
    assert [(change.action, change.details) for change in told] == [("alter", ("retention.ms: 1000 -> 2000",))]
    assert topic_config(kafka.bootstrap, name)["retention.ms"] == "1000"
    assert ensure_topics(kafka.bootstrap, wanted) == told
    config = topic_config(kafka.bootstrap, name)
    assert (config["retention.ms"], config["segment.ms"]) == ("2000", "5000")


def test_a_wrong_partition_count_is_refused_with_a_remedy_before_anything_changes(
    kafka: RealBroker, prefix: str
) -> None:
    ensure_topics(kafka.bootstrap, [spec(f"{prefix}reports", 3)])
    specs = topic_specs(Wanted(prefix), brokers=1)
    remedy = "reports has 3 partitions, not 6: set reports_partitions = 3, or choose another prefix"
    with pytest.raises(TopicError, match=remedy):
        ensure_topics(kafka.bootstrap, specs)
    assert partition_counts(kafka.bootstrap, prefix) == {f"{prefix}reports": 3}


def test_a_role_is_told_which_topics_are_missing_or_wrong(kafka: RealBroker, prefix: str) -> None:
    with pytest.raises(TopicError, match="a and 1 more not there: run `outages topics`"):
        check_topics(kafka.bootstrap, [spec(f"{prefix}a"), spec(f"{prefix}b")])
    ensure_topics(kafka.bootstrap, [spec(f"{prefix}a", 2)])
    with pytest.raises(TopicError, match="a has 2 partitions, not 1: delete it while nothing runs"):
        check_topics(kafka.bootstrap, [spec(f"{prefix}a")])


def test_a_topic_that_nobody_created_does_not_appear_by_being_written_to(kafka: RealBroker, prefix: str) -> None:
    with pytest.raises(KafkaException):
        produce(kafka.bootstrap, f"{prefix}misspelt", [b"x"], timeout_s=1)
    assert partition_counts(kafka.bootstrap, prefix) == {}


def test_an_input_topic_keeps_the_brokers_clock_whatever_the_client_says(kafka: RealBroker, prefix: str) -> None:
    specs = topic_specs(Wanted(prefix), brokers=1)
    ensure_topics(kafka.bootstrap, specs)
    before_ms = time.time() * 1000
    produce(kafka.bootstrap, f"{prefix}errors", [b"x"], timestamp_ms=4_070_908_800_000)  # 2099
    (message,) = consume(kafka.bootstrap, f"{prefix}errors", 1)
    assert before_ms - 1000 <= message.timestamp()[1] <= time.time() * 1000 + 1000


def test_an_input_topic_refuses_what_is_larger_than_a_megabyte(kafka: RealBroker, prefix: str) -> None:
    ensure_topics(kafka.bootstrap, topic_specs(Wanted(prefix), brokers=1))
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.max.bytes": 20_000_000, "log_level": 0})
    errors: list[KafkaError | None] = []
    for topic, size in ((f"{prefix}errors", 1_100_000), (f"{prefix}series", 7_000_000)):
        producer.produce(topic, bytes(size), partition=0, on_delivery=lambda error, message: errors.append(error))
        producer.flush(20)
    assert [error and error.code() for error in errors] == [KafkaError.MSG_SIZE_TOO_LARGE, None]


def test_a_topic_name_that_kafka_does_not_take_is_one_line(kafka: RealBroker) -> None:
    with pytest.raises(TopicError, match="topic b@d cannot be created: Topic name is invalid"):
        ensure_topics(kafka.bootstrap, [spec("b@d")])


def test_a_running_broker_can_be_named(kafka: RealBroker, tmp_path: Path) -> None:
    said: list[str] = []
    with choose_broker(kafka.bootstrap, tmp_path, said.append) as broker:
        assert (broker.kind, broker.bootstrap, broker.pid) == ("given", kafka.bootstrap, None)
    assert said == [f"Kafka: the Kafka at {kafka.bootstrap}, which somebody else runs"]


def test_auto_takes_a_real_broker_where_there_can_be_one(kafka_is_here: None, tmp_path: Path) -> None:
    said: list[str] = []
    with choose_broker("auto", tmp_path, said.append) as broker:
        assert broker.kind == "real"
        pid = broker.pid
        given_broker(broker.bootstrap)
    assert pid is not None
    assert gone(pid)
    assert said[-1].startswith("Kafka: Apache Kafka itself")


def test_an_interrupted_block_still_stops_the_broker(kafka_is_here: None, tmp_path: Path) -> None:
    pids = []

    def interrupted() -> None:
        with real_broker(tmp_path) as broker:
            pids.append(broker.pid)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert pids[0] is not None
    assert gone(pids[0])


def test_the_mock_cluster_is_reached_from_another_process() -> None:
    script = (
        "import sys; from confluent_kafka import Producer\n"
        "producer = Producer({'bootstrap.servers': sys.argv[1]})\n"
        "producer.produce('t.errors', b'from elsewhere', partition=0); sys.exit(producer.flush(10))"
    )
    with mock_broker() as broker:
        assert touch_topics(broker.bootstrap, ["t.errors", "t.series"]) == {"t.errors": 4, "t.series": 4}
        subprocess.run([sys.executable, "-c", script, broker.bootstrap], check=True, timeout=30)
        assert [message.value() for message in consume(broker.bootstrap, "t.errors", 1)] == [b"from elsewhere"]
        assert "nothing survives" in broker.note
