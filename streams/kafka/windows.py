"""The archive: the newest revision of every window, from `windows.latest`."""

from __future__ import annotations

import msgspec

from streams.contracts.windows import Window
from streams.kafka.records import ReadError, whole
from streams.windows.cloudevents import decode


def newest_windows(brokers: str, topic: str) -> list[Window]:
    """The newest revision of each window that `topic` (full name) holds, by start. Raises ReadError.

    The topic is compacted now and then, so older revisions are met and passed over; one that was taken out is left out.
    """
    found: dict[bytes, Window] = {}
    for record in whole(brokers, topic):
        key = record.key or b""
        if record.value is None:
            found.pop(key, None)
            continue
        try:
            window = decode(record.value).data
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            place = f"record {record.offset} of {topic}"
            raise ReadError(
                f"{place} is no window ({error}): see who else writes to it, or choose another prefix"
            ) from error
        known = found.get(key)
        if known is None or known.revision <= window.revision:
            found[key] = window
    return sorted(found.values(), key=lambda window: (window.clocks.started, window.window))
