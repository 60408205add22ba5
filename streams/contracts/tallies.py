"""Internal records on `tallies`: what one source partition held, cumulative, in joins whose repetition is harmless.

One `Tally` per flush, tallies partition and source partition. Rows first, then (in the last part only) how far the
source partition has been read and up to which event time it counts no more. Encoded as MessagePack arrays.
"""

from __future__ import annotations

from msgspec import Struct

from streams.contracts.events import Feedback, Statement


class TextTally(Struct, array_like=True, gc=False):
    """One masked text: how many events carried it, and the five smallest hashes of who did (reports only)."""

    text: str
    lang: str | None
    count: int
    who: list[int]


class Row(Struct, array_like=True, gc=False):
    """What one source partition holds of one service in one pane. All counters are cumulative for that pane.

    `people`: HyperLogLog registers of reporters (reports) or users (errors), packed by `sketches.pack`.
    `late`: records of the service that came too late while W stood in this pane.
    """

    pane: int
    service: str
    regions: dict[str, int]
    late: int = 0
    kinds: dict[str, int] = {}  # symptoms of reports, types of errors
    sources: dict[str, int] = {}
    dependencies: dict[str, int] = {}
    texts: list[TextTally] = []
    people: bytes = b""
    scenario: str | None = None


class Said(Struct, array_like=True, gc=False):
    """A statement or feedback, passed on. `effective_ms`: the later of its own time and W at its offset."""

    effective_ms: int
    offset: int
    statement: Statement | None = None
    feedback: Feedback | None = None


class History(Struct, array_like=True, gc=False):
    """Past counts of one series for its baseline: sums of 10-minute slots from `start_slot` on.

    `sums`: little-endian uint32, zlib-compressed. `excess_variance`: of one bucket relative to its mean squared.
    """

    service: str
    signal: str
    region: str | None
    start_slot: int
    sums: bytes
    excess_variance: float | None = None


class Tally(Struct, array_like=True, gc=False):
    """One part of one flush of one source partition.

    `watermark_ms` and `position` (the next offset to read) stand in the last part only, None in the others.
    `origin_ms`: event time from which on this partition is known. `blind`: stretches of event time in which the
    clock jumped, as (from_ms, to_ms). `gave_up`: the partition is unavailable and holds nobody up any longer.
    """

    topic: str
    partition: int
    rows: list[Row]
    said: list[Said] = []
    history: list[History] = []
    watermark_ms: int | None = None
    position: int | None = None
    origin_ms: int | None = None
    blind: list[tuple[int, int]] = []
    gave_up: bool = False
