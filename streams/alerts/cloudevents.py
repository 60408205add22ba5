"""Alerts as they stand on the topic: CloudEvents 1.0, structured JSON."""

from __future__ import annotations

import msgspec

from streams.alerts.book import Told
from streams.contracts.alerts import AlertEvent

_TYPE = "org.outage-streams.alert."


def encode(told: Told, prefix: str) -> bytes:
    """The event of one alert: equal alerts are equal bytes."""
    event = AlertEvent(
        specversion="1.0",
        id=f"{told.alert.alert}/{told.revision}",
        source=f"/outages/{prefix}",
        type=_TYPE + told.state,
        subject=told.alert.group,
        time=told.time,
        datacontenttype="application/json",
        dataschema="urn:outage-streams:alert:1",
        data=told.alert,
    )
    return msgspec.json.encode(event)
