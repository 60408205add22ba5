"""The AsyncAPI document: whole in itself, and the topics as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streams.kafka.asyncapi import asyncapi
from streams.settings import Settings

DOCUMENT = asyncapi(Settings(prefix="test.", errors_partitions=6))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def found(reference: str) -> Any:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_every_reference_leads_somewhere() -> None:
    leads = {reference: found(reference) for reference in references(DOCUMENT)}
    assert len(leads) > 30
    assert all(leads.values())


@pytest.mark.parametrize(
    ("topic", "action", "key", "content_type", "partitions"),
    [
        ("errors", "receive", "anything stable", "application/json", 6),
        ("reports", "receive", "reporter", "application/json", 8),
        ("statements", "receive", "service", "application/json", 1),
        ("feedback", "receive", "window id", "application/json", 1),
        ("series", "send", "partition", "application/json", 1),
        ("windows", "send", "window id", "application/cloudevents+json", 1),
        ("windows.latest", "send", "window id", "application/cloudevents+json", 1),
        ("health", "send", "role/instance", "application/json", 1),
    ],
)
def test_a_topic_has_its_name_key_and_content_type(
    topic: str, action: str, key: str, content_type: str, partitions: int
) -> None:
    channel = DOCUMENT["channels"][topic]
    message = found(next(iter(channel["messages"].values()))["$ref"])
    assert (channel["address"], channel["bindings"]["kafka"]["partitions"]) == (f"test.{topic}", partitions)
    assert DOCUMENT["operations"][f"{action}-{topic}"]["channel"] == {"$ref": f"#/channels/{topic}"}
    assert (message["contentType"], message["bindings"]["kafka"]["key"]["description"]) == (content_type, key)


def test_what_comes_back_is_bytes_with_headers() -> None:
    message = DOCUMENT["components"]["messages"]["dead-letters"]
    assert message["contentType"] == "application/octet-stream"
    assert "reason" in message["headers"]["properties"]


def test_it_is_of_the_version_it_says() -> None:
    assert (DOCUMENT["asyncapi"], set(DOCUMENT)) == (
        "3.0.0",
        {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"},
    )
