"""Alerts on `alerts`: what somebody should be told of a window, as CloudEvents 1.0 in structured JSON."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from streams.contracts.windows import Severity

AlertState = Literal["firing", "updated", "resolved"]


class Alert(Struct, gc=False, frozen=True):
    """The `data` of an alert.

    `alert`, `dedup_key`: stay the same over the alert's life. `labels`: nothing that ever changes. `summary`, `text`:
    by language. `starts_at`, `ends_at`: RFC 3339. `suppressed`: how many were held back and are named by this one.
    """

    alert: str
    windows: list[str]
    route: str
    group: str
    labels: dict[str, str]
    severity: Severity
    summary: dict[str, str]
    text: dict[str, str]
    starts_at: str
    ends_at: str | None
    dedup_key: str
    suppressed: int = 0


class AlertEvent(Struct, gc=False, frozen=True):
    """CloudEvents 1.0, structured mode; header `content-type: application/cloudevents+json`."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"]
    dataschema: Literal["urn:outage-streams:alert:1"]
    data: Alert
