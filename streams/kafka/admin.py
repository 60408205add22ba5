"""Create the topics and check those that exist."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from confluent_kafka import KafkaException, Producer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, for_code

from streams.kafka.topics import TopicSpec

# A metadata round through a cluster takes well under a second; a broker that has just started may elect for some.
READY_TIMEOUT_S = 30.0

# Who asks sits at a terminal or waits in a script: a cluster that is there answers in milliseconds.
ANSWER_TIMEOUT_S = 10.0


class TopicError(RuntimeError):
    """The topics are not as they have to be: one line with the cause and what to do about it."""


@dataclass(frozen=True, slots=True)
class TopicChange:
    """What had to be done to one topic, or would have to be in a dry run. `details`: what differed, for people."""

    topic: str
    action: Literal["create", "alter", "keep"]
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A topic as the cluster has it."""

    partitions: int
    replication: int
    config: Mapping[str, str]


def broker_count(bootstrap: str) -> int:
    """How many brokers the cluster has. Raises TopicError when nobody answers."""
    with _admin(bootstrap) as admin:
        return len(admin.describe_cluster()["brokers"])


def ensure_topics(bootstrap: str, specs: Sequence[TopicSpec], *, dry_run: bool = False) -> list[TopicChange]:
    """Make the cluster's topics what `specs` say, and return what that took, in their order.

    Missing ones are created, settings that differ are set. A wrong number of partitions cannot be put right, because
    keys would move: TopicError, before anything is changed. A different replication is only mentioned. On return every
    partition has a leader. `dry_run`: changes nothing. Needs a real cluster; for the mock one see `touch_topics`.
    """
    with _admin(bootstrap) as admin:
        found = _existing(admin, specs)
        _refuse_wrong_partitions(specs, found)
        changes = [_change(spec, found.get(spec.name)) for spec in specs]
        if not dry_run:
            create = [s for s, change in zip(specs, changes, strict=True) if change.action == "create"]
            alter = [s for s, change in zip(specs, changes, strict=True) if change.action == "alter"]
            _create(admin, create)
            _alter(admin, alter, found)
            admin.wait_for_topics([spec.name for spec in specs], timeout_ms=int(READY_TIMEOUT_S * 1000))
        return changes


def check_topics(bootstrap: str, specs: Sequence[TopicSpec]) -> None:
    """Return if every topic is there with the right number of partitions, as a role asks before it starts.

    Raises TopicError otherwise. Cheap, changes nothing, and looks at no settings.
    """
    with _admin(bootstrap) as admin:
        found = {topic["name"]: len(topic["partitions"]) for topic in _described(admin, specs)}
    missing = [spec.name for spec in specs if spec.name not in found]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise TopicError(f"topic {missing[0]}{more} not there: run `outages topics`")
    _refuse_wrong_partitions(specs, {name: _Found(count, 0, {}) for name, count in found.items()})


def touch_topics(bootstrap: str, names: Iterable[str]) -> dict[str, int]:
    """Make topics appear on a cluster that creates them by itself (the mock one), and return their partition counts.

    Raises TopicError for one that does not appear within READY_TIMEOUT_S.
    """
    client = Producer({"bootstrap.servers": bootstrap, "allow.auto.create.topics": True, "log_level": 0})
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    counts: dict[str, int] = {}
    for name in names:
        while not counts.get(name):
            if time.monotonic() > deadline_s:
                raise TopicError(f"topic {name} does not appear at {bootstrap}: create it with `outages topics`")
            try:
                known = client.list_topics(name, timeout=ANSWER_TIMEOUT_S).topics.get(name)
            except KafkaException as error:
                raise TopicError(f"no Kafka answers at {bootstrap} ({error.args[0].str()}): start it") from error
            ready = known is not None and known.error is None
            counts[name] = len(known.partitions) if known is not None and ready else 0
    return counts


@contextmanager
def _admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """A client for some questions; whatever Kafka answers amiss comes out as one line."""
    try:
        client = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","),
            client_id="outages-admin",
            bootstrap_timeout_ms=int(ANSWER_TIMEOUT_S * 1000),
        )
    except KafkaError as error:
        raise TopicError(f"no Kafka answers at {bootstrap}: start it, or set `brokers`") from error
    try:
        yield client
    except KafkaError as error:
        raise TopicError(f"Kafka at {bootstrap} refused: {error}") from error
    finally:
        client.close()


def _described(admin: KafkaAdminClient, specs: Sequence[TopicSpec]) -> list[dict[str, Any]]:
    """Those of the topics that exist, as kafka-python tells of them."""
    described = admin.describe_topics([spec.name for spec in specs])
    return [topic for topic in described if topic["error_code"] == 0]


def _existing(admin: KafkaAdminClient, specs: Sequence[TopicSpec]) -> dict[str, _Found]:
    topics = _described(admin, specs)
    if not topics:
        return {}
    wanted = [ConfigResource(ConfigResourceType.TOPIC, topic["name"]) for topic in topics]
    configs = admin.describe_configs(wanted, config_filter="all")["topic"]
    return {
        topic["name"]: _Found(
            partitions=len(topic["partitions"]),
            replication=min((len(p["replica_nodes"]) for p in topic["partitions"]), default=0),
            config={key: str(entry["value"]) for key, entry in configs[topic["name"]].items()},
        )
        for topic in topics
    }


def _refuse_wrong_partitions(specs: Sequence[TopicSpec], found: Mapping[str, _Found]) -> None:
    wrong = [spec for spec in specs if spec.name in found and found[spec.name].partitions != spec.partitions]
    if not wrong:
        return
    first = wrong[0]
    has = found[first.name].partitions
    others = f" ({', '.join(spec.name for spec in wrong[1:])} too)" if len(wrong) > 1 else ""
    remedy = f"set {first.setting} = {has}" if first.setting else "delete it while nothing runs"
    raise TopicError(
        f"topic {first.name} has {_partitions(has)}, not {first.partitions}{others}: "
        f"{remedy}, or choose another prefix; a count cannot change without moving keys"
    )


def _partitions(count: int) -> str:
    return "1 partition" if count == 1 else f"{count} partitions"


def _change(spec: TopicSpec, found: _Found | None) -> TopicChange:
    if found is None:
        return TopicChange(spec.name, "create", (f"{_partitions(spec.partitions)}, replication {spec.replication}",))
    differing = [f"{key}: {found.config.get(key)} -> {spec.config[key]}" for key in _differing(spec, found)]
    copies = [f"replication is {found.replication}, not {spec.replication}: reassign its partitions to change that"]
    details = differing + (copies if found.replication != spec.replication else [])
    return TopicChange(spec.name, "alter" if differing else "keep", tuple(details))


def _differing(spec: TopicSpec, found: _Found) -> list[str]:
    return [key for key, value in spec.config.items() if found.config.get(key) != value]


def _create(admin: KafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    if not specs:
        return
    wanted = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": spec.replication,
            "configs": dict(spec.config),
        }
        for spec in specs
    }
    answer = admin.create_topics(wanted, timeout_ms=int(READY_TIMEOUT_S * 1000), raise_errors=False)
    for topic in answer["topics"]:
        error = for_code(topic["error_code"])
        # Somebody who starts at the same moment may have created it: what it became was asked for by the same code.
        if topic["error_code"] != 0 and error.__name__ != "TopicAlreadyExistsError":
            raise TopicError(f"topic {topic['name']} cannot be created: {topic['error_message'] or error.__name__}")


def _alter(admin: KafkaAdminClient, specs: Sequence[TopicSpec], found: Mapping[str, _Found]) -> None:
    if not specs:
        return
    wanted = [
        ConfigResource(
            ConfigResourceType.TOPIC,
            spec.name,
            configs={key: spec.config[key] for key in _differing(spec, found[spec.name])},
        )
        for spec in specs
    ]
    admin.alter_configs(wanted)
