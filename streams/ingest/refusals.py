"""Why a record is refused: the reasons of the contract, each with what its producer should do."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Reason = Literal[
    "not_json",
    "too_large",
    "too_deep",
    "missing_field",
    "bad_type",
    "bad_time",
    "time_in_future",
    "bad_count",
    "bad_status",
    "bad_action",
    "unknown_about",
    "clock_not_allowed",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

REMEDY: dict[Reason, str] = {
    "not_json": "send one JSON object in UTF-8 per record",
    "too_large": "keep a record within 16 kB",
    "too_deep": "flatten the record: at most 32 levels",
    "missing_field": "fill the required fields",
    "bad_type": "see `outages schema` for the type of each field",
    "bad_time": "send RFC 3339 with an offset, or epoch seconds, of the years 2000 to 9999",
    "time_in_future": "set the producer's clock right",
    "bad_count": "send a whole number from 1 to 1,000,000",
    "bad_status": "use operational, investigating, identified, monitoring or resolved",
    "bad_action": "use confirmed, false_alarm, acknowledged or silenced",
    "unknown_about": "name a service or provider of the catalogue, or add it there",
    "clock_not_allowed": 'clock records need `clock = "record"`, canaries `clock = "broker"`',
}


class Refused(NamedTuple):
    """A refused record: why, and what exactly was wrong with it."""

    reason: Reason
    detail: str
