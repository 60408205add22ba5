"""The public records as JSON Schema, draft 2020-12, generated from the Structs that the code itself reads and writes.

https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from streams.contracts.alerts import Alert, AlertEvent
from streams.contracts.events import ClockRecord, ErrorEvent, Feedback, Report, Statement
from streams.contracts.health import Health
from streams.contracts.series import SeriesRecord
from streams.contracts.windows import Window, WindowEvent

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1  # within it no field goes or changes its meaning

# Every public record by the name in its `$id`. `window` is the `data` of a `window-event`, as `dataschema` there says.
RECORDS: Mapping[str, Any] = MappingProxyType(
    {
        "error": ErrorEvent,
        "report": Report,
        "statement": Statement,
        "feedback": Feedback,
        "clock": ClockRecord,
        "series": SeriesRecord,
        "window": Window,
        "window-event": WindowEvent,
        "alert": Alert,
        "alert-event": AlertEvent,
        "health": Health,
    }
)

# What `parse_time_ms` takes as a time with offset. A pattern, since `format` binds nobody to check it.
_RFC3339 = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$"
_EARLIEST_S, _LATEST_S = 946_684_800, 253_402_300_799  # the years 2000 to 9999

# Fields that are times, by Struct. A Struct's own types say only "text" or "text or number".
_TIMES_IN = {
    "ErrorEvent": ("time",),
    "Report": ("time",),
    "Statement": ("time",),
    "Feedback": ("time", "until"),
    "ClockRecord": ("clock",),
}
_TIMES_OUT = {
    "Alert": ("starts_at", "ends_at"),
    "AlertEvent": ("time",),
    "BlindSpot": ("since",),
    "BucketReport": ("bucket",),
    "Clocks": (
        "started",
        "opened",
        "peak",
        "reports_ended",
        "errors_ended",
        "ended",
        "closed",
        "acknowledged",
        "all_clear",
    ),
    "Contradicted": ("from", "to"),
    "Detail": ("bucket",),
    "Fact": ("time",),
    "FeedbackAt": ("effective",),
    "GoOn": ("bucket",),
    "Health": ("time",),
    "Leaning": ("started",),
    "Operator": ("time",),
    "Peak": ("time",),
    "Phase": ("from", "to"),
    "SeriesState": ("started", "detected", "ended"),
    "StatementAt": ("effective",),
    "StatementSeen": ("time",),
    "Window": ("time",),
    "WindowEvent": ("time",),
}


def schema_id(name: str) -> str:
    """`urn:outage-streams:window:1`."""
    return f"urn:outage-streams:{name}:{VERSION}"


def schema_of(name: str) -> dict[str, Any]:
    """The schema of one record of RECORDS. KeyError for a name that is none."""
    found, components = components_of([RECORDS[name]], "#/$defs/{name}")
    return {"$schema": DIALECT, "$id": schema_id(name), "title": name, **found[0], "$defs": components}


def components_of(types: list[Any], ref_template: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A schema for each type, and what they share by name, to which `ref_template` (with `{name}`) refers."""
    found, components = msgspec.json.schema_components(types, ref_template=ref_template)
    for name, component in components.items():
        for field in _TIMES_IN.get(name, ()):
            component["properties"][field] = _with(component["properties"][field], _time_in())
        for field in _TIMES_OUT.get(name, ()):
            component["properties"][field] = _with(component["properties"][field], _time_out())
    for schema in found:
        schema.pop("discriminator", None)  # OpenAPI's word, not JSON Schema's; each variant tells its tag by itself
    return list(found), dict(sorted(components.items()))


def _with(field: dict[str, Any], time: list[dict[str, Any]]) -> dict[str, Any]:
    """The field as a time, still null where it may be, with its default."""
    nullable = {"type": "null"} in field.get("anyOf", ())
    kinds = [*time, {"type": "null"}] if nullable else time
    rest = {key: value for key, value in field.items() if key not in ("anyOf", "type")}
    return {**(kinds[0] if len(kinds) == 1 else {"anyOf": kinds}), **rest}


def _time_in() -> list[dict[str, Any]]:
    text = {
        "type": "string",
        "format": "date-time",
        "pattern": _RFC3339,
        "description": "RFC 3339 with an offset, of the years 2000 to 9999",
        "examples": ["2022-07-14T12:01:07.250Z"],
    }
    seconds = {
        "type": "number",
        "minimum": _EARLIEST_S,
        "exclusiveMaximum": _LATEST_S + 1,
        "description": "seconds since 1970-01-01T00:00:00Z",
        "examples": [1657800067.25],
    }
    return [text, seconds]


def _time_out() -> list[dict[str, Any]]:
    return [
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
            "description": "RFC 3339 in UTC with milliseconds",
        }
    ]
