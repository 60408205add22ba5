"""Revisions as they stand on the topic: CloudEvents 1.0, structured JSON.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

from msgspec import json

from streams.contracts.windows import Window, WindowEvent

CONTENT_TYPE = "application/cloudevents+json"  # the record's header `content-type`
_TYPE = "org.outage-streams.window."


def to_event(window: Window, prefix: str) -> WindowEvent:
    """The event of one revision. `prefix`: of the topics, as configured."""
    return WindowEvent(
        specversion="1.0",
        id=f"{window.window}/{window.revision}",
        source=f"/outages/{prefix}",
        type=_TYPE + window.change,
        subject=window.service,
        time=window.time,
        datacontenttype="application/json",
        dataschema="urn:outage-streams:window:1",
        data=window,
    )


def encode(event: WindowEvent) -> bytes:
    """JSON, fields in the order of the contract: equal events are equal bytes."""
    return json.encode(event)


def decode(payload: bytes) -> WindowEvent:
    return json.decode(payload, type=WindowEvent)
