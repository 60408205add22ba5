"""The part of a checkup that asks Kafka: brokers, topics, whose clock, which roles are alive, what is blind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
from confluent_kafka import ConsumerGroupState, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from streams.contracts.events import INPUT_TOPICS
from streams.contracts.health import Health
from streams.contracts.times import BadTime, parse_time_ms, rfc3339
from streams.kafka.admin import TopicError, broker_count, ensure_topics
from streams.kafka.embedded.broker import ask_cluster
from streams.kafka.records import ReadError, newest, whole
from streams.kafka.topics import topic_specs
from streams.roles.checkup import Finding
from streams.roles.ready import MOCK_CLUSTER
from streams.settings import Settings

ROLES = ("tally", "detect", "correlate", "alert")
ANSWER_TIMEOUT_S = 5.0
# Between two machines that ask a time server there are milliseconds; a second makes buckets seal visibly late.
CLOCKS_APART_S = 1.0
# tally writes a record each second into every input partition; one that is so old means that none is running.
CANARY_OLD_S = 10.0
HEARTBEAT_OLD_S = 30.0
NAMED = 3  # topics named one by one; the rest is counted


def kafka(settings: Settings, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """What Kafka says. Where nobody answers, that alone. `now_ms`: this machine's clock."""
    answer = ask_cluster(settings.brokers, ANSWER_TIMEOUT_S)
    if answer is None:
        text = f"no Kafka answers at {settings.brokers}"
        yield Finding("broker", "fail", text, "start it, or set `brokers`; `outages demo` brings one of its own")
        return
    is_mock = answer.cluster_id.startswith(MOCK_CLUSTER)
    if is_mock:
        text = f"librdkafka's mock cluster at {settings.brokers}: nothing survives the end of its process"
    else:
        count = "1 broker, so one copy of everything" if answer.brokers == 1 else f"{answer.brokers} brokers"
        text = f"Kafka at {settings.brokers}, {count}"
    yield Finding("broker", "ok", text)
    topics = _mock_topics(settings) if is_mock else _topics(settings)
    yield topics
    yield from _roles(settings, is_mock)
    if topics.state != "fail" and not is_mock:  # there, most topics may not have appeared yet
        yield from _records(settings, now_ms)


def _records(settings: Settings, now_ms: Callable[[], int]) -> Iterator[Finding]:
    """What is to be learnt from records that are there."""
    try:
        yield _clock(settings, now_ms)
        yield _health(settings, now_ms)
    except ReadError as error:
        what, _, remedy = str(error).rpartition(": ")
        yield Finding("records", "warn", what, remedy)


def _topics(settings: Settings) -> Finding:
    try:
        specs = topic_specs(settings, brokers=broker_count(settings.brokers))
        changes = ensure_topics(settings.brokers, specs, dry_run=True)
    except TopicError as error:
        what, _, remedy = str(error).partition(": ")
        return Finding("topics", "fail", what, remedy)
    missing = [change.topic for change in changes if change.action == "create"]
    if missing:
        return Finding("topics", "fail", f"{_some(missing)} not there", "run `outages topics`")
    differing = [f"{change.topic} ({'; '.join(change.details)})" for change in changes if change.details]
    if differing:
        return Finding("topics", "warn", f"{_some(differing)} not as they should be", "run `outages topics`")
    return Finding("topics", "ok", f"all {len(changes)} topics of {settings.prefix!r} with their settings")


def _mock_topics(settings: Settings) -> Finding:
    """There they appear by being asked for, so one that is missing is no fault."""
    known = AdminClient({"bootstrap.servers": settings.brokers, "log_level": 0}).list_topics(timeout=ANSWER_TIMEOUT_S)
    specs = topic_specs(settings, brokers=1)
    there = [spec for spec in specs if spec.name in known.topics]
    wrong = [s for s in there if s.setting is not None and len(known.topics[s.name].partitions) != s.partitions]
    if wrong:
        has = len(known.topics[wrong[0].name].partitions)
        text = f"{wrong[0].name} has {has} partitions, not {wrong[0].partitions}"
        return Finding("topics", "fail", text, f"set {wrong[0].setting} = {has}")
    return Finding("topics", "ok", f"{len(there)} of {len(specs)} have been asked for so far; the others will appear")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _clock(settings: Settings, now_ms: Callable[[], int]) -> Finding:
    """The append time of the newest input record against this machine's clock."""
    if settings.clock == "record":
        return Finding("clock", "ok", "clock records move time here, so no clock of a machine matters")
    times_ms = [
        record.time_ms for topic in INPUT_TOPICS for record in newest(settings.brokers, settings.topic(topic)).values()
    ]
    if not times_ms:
        return Finding("clock", "ok", "not compared: the input topics hold no record whose append time could be seen")
    behind_s = (now_ms() - max(times_ms)) / 1000  # asked now: a record comes each second, also while we look
    if behind_s < -CLOCKS_APART_S:
        text = f"the broker's clock is {-behind_s:.1f} s ahead of this machine's"
        return Finding("clock", "warn", text, "set both by a time server (NTP)")
    if behind_s > CANARY_OLD_S:
        text = f"the newest input record is of {rfc3339(max(times_ms))}, so time stands still"
        return Finding(
            "clock", "warn", text, "start tally (`outages run`); if it runs, set the clocks by a time server"
        )
    return Finding(
        "clock", "ok", f"the newest input record came {max(behind_s, 0.0):.1f} s ago by this machine's clock"
    )


# What a broker says while it finds out who looks after a group, and (the last) of a group that has never been.
_ASK_AGAIN = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
_NO_SUCH_GROUP = (KafkaError.GROUP_ID_NOT_FOUND,)
ASK_TIMES = 5
ASK_PAUSE_S = 0.5


def _roles(settings: Settings, is_mock: bool) -> Iterator[Finding]:
    """Which of our consumer groups have members."""
    client = AdminClient({"bootstrap.servers": settings.brokers, "log_level": 0})
    for role in ROLES:
        group = settings.topic(role)
        try:
            members, is_stable = _members(client, group)
        except KafkaException as error:
            if is_mock:  # it keeps groups, but cannot tell of them
                yield Finding(role, "ok", "not known: the mock cluster does not tell of its groups")
            else:
                text = f"group {group} is not told of ({error.args[0].name()})"
                yield Finding(role, "warn", text, "see whether we may describe groups")
            continue
        if members == 0:
            yield Finding(role, "warn", f"nobody is in group {group}", f"start it: `outages {role}`, or `outages run`")
        elif not is_stable:
            yield Finding(
                role, "warn", f"{members} running, sharing out their partitions", "look again in half a minute"
            )
        else:
            yield Finding(role, "ok", f"{members} running")


def _members(client: AdminClient, group: str) -> tuple[int, bool]:
    """How many members a group has, and whether their partitions are shared out. Raises KafkaException."""
    for left in reversed(range(ASK_TIMES)):
        try:
            told = client.describe_consumer_groups([group], request_timeout=ANSWER_TIMEOUT_S)[group].result()
            return len(told.members), told.state == ConsumerGroupState.STABLE
        except KafkaException as error:
            if error.args[0].code() in _NO_SUCH_GROUP:
                break
            if error.args[0].code() not in _ASK_AGAIN or left == 0:
                raise
            time.sleep(ASK_PAUSE_S)
    return 0, False


def _health(settings: Settings, now_ms: Callable[[], int]) -> Finding:
    """What the heartbeats say: who is silent, and what cannot be seen."""
    newest_of: dict[bytes, Health] = {}
    for record in whole(settings.brokers, settings.topic("health")):
        newest_of.pop(record.key or b"", None)
        try:
            if record.value is not None:
                newest_of[record.key or b""] = msgspec.json.decode(record.value, type=Health)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # of another version: not ours to judge
    blind, fresh = [], 0
    for health in newest_of.values():
        try:
            if now_ms() - parse_time_ms(health.time) > HEARTBEAT_OLD_S * 1000:
                continue
        except BadTime:
            continue
        fresh += 1
        blind += [f"{spot.signal} {spot.source or spot.partition} since {spot.since}" for spot in health.blind]
    if blind:
        return Finding(
            "health", "warn", f"blind: {_some(blind)}", "see whether its partition has a leader and tally runs"
        )
    return Finding(
        "health", "ok", f"{fresh} processes tell of themselves, nothing is blind" if fresh else "nobody tells yet"
    )
