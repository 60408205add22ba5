"""A topic people already have comes into ours: mapped, filtered, and once however often it is relayed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.kafka.admin import ensure_topics
from streams.kafka.embedded import RealBroker
from streams.kafka.records import whole
from streams.kafka.topics import topic_specs
from streams.roles.relay import ORIGIN_HEADER, Relay
from streams.settings import Settings, load_settings

WAIT_S = 60


@pytest.fixture
def foreign(kafka: RealBroker, prefix: str) -> str:
    topic = "logs-" + prefix.rstrip(".")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})  # must outlive what it was asked for
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(30)
    return topic


@pytest.fixture
def settings(kafka: RealBroker, prefix: str, foreign: str, tmp_path: Path) -> Settings:
    file = tmp_path / "outages.toml"
    file.write_text(
        f"""
        [[source]]
        topic = "{foreign}"
        signal = "errors"
        fields = {{ service = "labels.app", time = "ts", region = "labels.region", text = "msg" }}
        time_unit = "ms"
        when = [{{ field = "level", op = "in", value = ["error", "fatal"] }}]
        """
    )
    found = load_settings({"config": str(file), "brokers": kafka.bootstrap, "prefix": prefix}, {}, tmp_path)
    ensure_topics(kafka.bootstrap, topic_specs(found, brokers=1))
    return found


@contextmanager
def relaying(settings: Settings) -> Iterator[None]:
    relay = Relay(settings)
    failures: list[bool] = []
    thread = relay.start(lambda: failures.append(True))
    yield
    relay.stop()
    thread.join(30)
    assert not failures


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, "nothing came"
        threading.Event().wait(0.2)


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for index, value in enumerate(values):
        producer.produce(topic, value, partition=index % 3)
    assert producer.flush(30) == 0


def line(level: str, app: str = "twitter") -> bytes:
    record = {"level": level, "ts": 1657800067250, "msg": "timed out", "labels": {"app": app, "region": "US"}}
    return json.dumps(record).encode()


def test_records_are_mapped_and_filtered_and_what_is_no_json_goes_on_to_be_refused(
    kafka: RealBroker, foreign: str, settings: Settings
) -> None:
    produce(kafka.bootstrap, foreign, [line("error"), line("info"), b"\xff no json", line("fatal", "reddit")])
    with relaying(settings):
        wait_for(lambda: len(list(whole(kafka.bootstrap, settings.topic("errors")))) >= 3)
    values = sorted(record.value or b"" for record in whole(kafka.bootstrap, settings.topic("errors")))
    assert values[-1] == b"\xff no json"
    events = [json.loads(value) for value in values[:-1]]
    assert sorted(event["service"] for event in events) == ["reddit", "twitter"]
    assert all(event["time"] == 1657800067.25 and event["message"] == "timed out" for event in events)


def test_a_repeat_carries_the_same_id_into_the_same_partition(
    kafka: RealBroker, foreign: str, settings: Settings
) -> None:
    produce(kafka.bootstrap, foreign, [line("error") for _ in range(30)])
    with relaying(settings):
        wait_for(lambda: len(list(whole(kafka.bootstrap, settings.topic("errors")))) >= 30)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    group = ConsumerGroupTopicPartitions(settings.topic("relay"), [TopicPartition(foreign, p, 0) for p in range(3)])
    admin.alter_consumer_group_offsets([group])[settings.topic("relay")].result(30)  # as if nothing had been committed
    with relaying(settings):
        wait_for(lambda: len(list(whole(kafka.bootstrap, settings.topic("errors")))) >= 60)
    places: dict[str, list[tuple[int, str]]] = {}
    for record in whole(kafka.bootstrap, settings.topic("errors")):
        event = json.loads(record.value or b"")
        origin = dict(record.headers)[ORIGIN_HEADER].decode()
        places.setdefault(event["id"], []).append((record.partition, origin))
    assert len(places) == 30
    assert all(len(seen) == 2 and seen[0] == seen[1] for seen in places.values())
