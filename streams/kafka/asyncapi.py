"""The public topics as an AsyncAPI 3.0 document: names, keys, content types, who writes, and the records in them.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

from importlib import metadata
from typing import Any, Literal, NamedTuple

from streams.contracts.schema import RECORDS, components_of
from streams.kafka.topics import TopicSettings, topic_specs
from streams.windows.cloudevents import CONTENT_TYPE

JSON = "application/json"


class Channel(NamedTuple):
    """A public topic, seen from this system. `records`: names of contracts.schema.RECORDS."""

    topic: str
    action: Literal["send", "receive"]
    records: tuple[str, ...]
    key: str
    about: str
    content_type: str = JSON


CHANNELS = (
    Channel("errors", "receive", ("error", "clock"), "anything stable", "Machines noticed a failure."),
    Channel("reports", "receive", ("report", "clock"), "reporter", "People noticed a failure."),
    Channel("statements", "receive", ("statement", "clock"), "service", "Officials said something."),
    Channel("feedback", "receive", ("feedback", "clock"), "window id", "What operators say of a window."),
    Channel("series", "send", ("series",), "partition", "Observed and expected counts of every service, by bucket."),
    Channel("windows", "send", ("window-event",), "window id", "Outage windows: every revision.", CONTENT_TYPE),
    Channel(
        "windows.latest", "send", ("window-event",), "window id", "The newest revision of every window.", CONTENT_TYPE
    ),
    Channel("alerts", "send", ("alert-event",), "alert id", "What somebody should be told of a window.", CONTENT_TYPE),
    Channel("health", "send", ("health",), "role/instance", "How each process is doing, and what it cannot see."),
)
# What was refused or came too late, as it came: any bytes, so there is no schema but that of the headers.
RETURNED = {
    "dead-letters": ("reason", "detail", "topic", "partition", "offset"),
    "late": ("topic", "partition", "offset"),
}


def asyncapi(settings: TopicSettings) -> dict[str, Any]:
    """The document for the topics of a prefix, as JSON would have it."""
    names = sorted({record for channel in CHANNELS for record in channel.records})
    roots, schemas = components_of([RECORDS[name] for name in names], "#/components/schemas/{name}")
    partitions = {spec.name: spec.partitions for spec in topic_specs(settings, brokers=1)}
    messages = {_message_id(c, r): _message(c, r, roots[names.index(r)]) for c in CHANNELS for r in c.records}
    messages |= {topic: _returned(topic, headers) for topic, headers in RETURNED.items()}
    channels = {
        channel.topic: _channel(channel.topic, channel.about, channel_messages(channel)) for channel in CHANNELS
    }
    channels |= {topic: _channel(topic, messages[topic]["summary"], [topic]) for topic in RETURNED}
    for topic, channel in channels.items():
        channel["address"] = settings.prefix + topic
        channel["bindings"] = {"kafka": {"partitions": partitions[settings.prefix + topic]}}
    actions = {channel.topic: channel.action for channel in CHANNELS} | dict.fromkeys(RETURNED, "send")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Outage Streams",
            "version": metadata.version("outage-streams"),
            "description": "Errors and reports in, outage windows that explain themselves out. "
            "New fields and new values of enums may come within a major version; none goes or changes its meaning.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "channels": channels,
        "operations": {
            f"{action}-{topic}": {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}
            for topic, action in actions.items()
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def channel_messages(channel: Channel) -> list[str]:
    return [_message_id(channel, record) for record in channel.records]


def _message_id(channel: Channel, record: str) -> str:
    return f"{channel.topic}-{record}"


def _channel(topic: str, about: str, messages: list[str]) -> dict[str, Any]:
    return {
        "address": topic,
        "description": about,
        "messages": {message: {"$ref": f"#/components/messages/{message}"} for message in messages},
    }


def _message(channel: Channel, record: str, payload: dict[str, Any]) -> dict[str, Any]:
    only_clock = record == "clock"
    return {
        "name": record,
        "title": record,
        "summary": 'Moves time; only where `clock = "record"`.' if only_clock else channel.about,
        "contentType": channel.content_type,
        "payload": payload,
        "bindings": {"kafka": {"key": {"type": "string", "description": "none" if only_clock else channel.key}}},
    }


def _returned(topic: str, headers: tuple[str, ...]) -> dict[str, Any]:
    what = "refused" if topic == "dead-letters" else "too late"
    return {
        "name": topic,
        "title": topic,
        "summary": f"Input records that were {what}, as they came (the first 16 kB).",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": {name: {"type": "string"} for name in headers}},
        "payload": {},
    }
