"""Event time: milliseconds since 1970 UTC inside, RFC 3339 with milliseconds outside.

A *pane* is 10 s of event time, the unit of counting; a *bucket* is 60 s, the unit of detection. Both are
named by their index since 1970: `pane = time_ms // PANE_MS`.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import lru_cache

PANE_MS = 10_000
BUCKET_MS = 60_000
PANES_PER_BUCKET = BUCKET_MS // PANE_MS
QUARTER_MS = 900_000  # a reporter counts once in each aligned quarter of an hour
DAY_MS = 86_400_000

EARLIEST_MS = 946_684_800_000  # 2000-01-01: older is a broken clock, not an event
LATEST_MS = 253_402_300_799_999  # 9999-12-31: what RFC 3339 can write
_MAX_SECONDS = 10**12  # beyond LATEST_MS, and far from where floats overflow


class BadTime(ValueError):  # noqa: N818 - says what is wrong, like all of ours
    """Not a time, or a time outside 2000..9999."""


def parse_time_ms(value: str | int | float) -> int:
    """Milliseconds of an RFC 3339 time with offset, or of epoch seconds; fractions are cut to a millisecond.

    Raises BadTime for anything else, a time without an offset included: guessing a zone moves an outage by hours.
    """
    if isinstance(value, str):
        return _parse_rfc3339_ms(value)
    # Compared before it is converted: 1e305 and a number of 400 digits overflow, NaN compares false.
    if isinstance(value, bool) or not abs(value) <= _MAX_SECONDS:
        raise BadTime("not a time in seconds of the years 2000 to 9999")
    # Epoch seconds as a float carry about a microsecond of error: round to it before cutting.
    return _within_range(math.floor(round(value * 1_000_000) / 1000) if isinstance(value, float) else value * 1000)


@lru_cache(maxsize=65_536)  # replays and bursts repeat times; bounded, so that hostile input cannot grow it
def _parse_rfc3339_ms(text: str) -> int:
    if not _RFC3339.fullmatch(text):
        raise BadTime(f"not an RFC 3339 time with an offset: {text[:40]!r}")
    try:
        delta = datetime.fromisoformat(text.upper()).astimezone(UTC) - _EPOCH
    except (ValueError, OverflowError) as error:
        raise BadTime(f"not a time: {text!r}") from error
    return _within_range((delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000)


# What RFC 3339 allows and no more: ISO 8601's week dates, bare dates and missing offsets are guesses.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _within_range(time_ms: int) -> int:
    if not EARLIEST_MS <= time_ms <= LATEST_MS:
        raise BadTime("outside the years 2000 to 9999")
    return time_ms


def rfc3339(time_ms: int) -> str:
    """`2022-07-14T12:01:07.250Z`."""
    seconds, millis = divmod(time_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def bucket_start(bucket: int) -> str:
    """RFC 3339 begin of a bucket."""
    return rfc3339(bucket * BUCKET_MS)


def bucket_of(text: str) -> int:
    """The bucket in which an RFC 3339 time lies."""
    return parse_time_ms(text) // BUCKET_MS
