"""Which partition a record goes to, the same for `outages send`, the replayer and a backtest."""

from __future__ import annotations

import zlib
from collections.abc import Mapping


def record_key(topic: str, event: Mapping[str, object]) -> str:
    """The stable thing a record is keyed by: exactness (repeats, reporters) holds per partition.

    Reports go by reporter, errors by id or else by who sent them, statements by service, feedback by window.
    """
    match topic:
        case "reports":
            names: tuple[str, ...] = ("reporter", "id", "service")
        case "errors":
            names = ("id", "source", "service")
        case "statements":
            names = ("about",)
        case _:
            names = ("window",)
    for name in names:
        value = event.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def partition_of(key: str, partitions: int) -> int:
    """crc32 of the key, as for every other placement of ours."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % partitions
