"""From what changed in one source partition to records on `tallies`.

All of a service goes to one tallies partition. Every tallies partition gets W, in the last part of a flush, also when
nothing changed there: a bucket is sealed only when every source partition has passed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from streams.contracts.tallies import Row, Said, Tally
from streams.ingest.placement import partition_of

MAX_PART_BYTES = 512 * 1024  # half of Kafka's default of 1 MB a record: room for a batch's overhead
_FRAME_BYTES = 4 * 1024  # of a part, what is neither rows nor said: names, numbers, blind stretches


class _Part(msgspec.Struct, array_like=True):
    """A Tally whose rows are encoded already, since their size decides where a part ends."""

    topic: str
    partition: int
    rows: list[msgspec.Raw]
    said: list[msgspec.Raw] = []
    history: list[msgspec.Raw] = []
    watermark_ms: int | None = None
    position: int | None = None
    origin_ms: int | None = None
    blind: list[tuple[int, int]] = []
    gave_up: bool = False


_encode = msgspec.msgpack.Encoder().encode
decode_tally = msgspec.msgpack.Decoder(Tally).decode


def parts(
    topic: str,
    partition: int,
    tallies_partitions: int,
    rows: Iterable[Row],
    said: Iterable[tuple[str, Said]],
    *,
    watermark_ms: int | None,
    position: int,
    origin_ms: int | None,
    blind: Sequence[tuple[int, int]] = (),
) -> list[tuple[int, bytes]]:
    """(tallies partition, record) of one flush, in the order in which they must be sent.

    A row over the limit by itself goes out alone: rows are bounded (a hundred texts of 500 characters at most).
    A source partition has either rows or things said; of several parts each holds only one kind.
    """
    rows_to: list[list[bytes]] = [[] for _ in range(tallies_partitions)]
    for row in rows:
        rows_to[_target(row.service, tallies_partitions)].append(_encode(row))
    said_to: list[list[bytes]] = [[] for _ in range(tallies_partitions)]
    for service, what in said:
        said_to[partition_of(service, tallies_partitions)].append(_encode(what))
    sent: list[tuple[int, bytes]] = []
    for target in range(tallies_partitions):
        row_chunks, said_chunks = _chunks(rows_to[target]), _chunks(said_to[target])
        full = [_Part(topic, partition, chunk) for chunk in (row_chunks[:-1] if said_to[target] == [] else row_chunks)]
        full += [_Part(topic, partition, [], chunk) for chunk in said_chunks[:-1]]
        sent += [(target, _encode(part)) for part in full if part.rows or part.said]
        last = _Part(
            topic,
            partition,
            row_chunks[-1] if said_to[target] == [] else [],
            said_chunks[-1],
            watermark_ms=watermark_ms,
            position=position,
            origin_ms=origin_ms,
            blind=list(blind),
        )
        sent.append((target, _encode(last)))
    return sent


# A flush names each service once a pane; names are those of the catalogue, so this many hold all but the largest.
@lru_cache(maxsize=65_536)
def _target(service: str, tallies_partitions: int) -> int:
    return partition_of(service, tallies_partitions)


def _chunks(rows: Sequence[bytes]) -> list[list[msgspec.Raw]]:
    """Encoded rows in runs that fit into a part; at least one run, if need be empty."""
    chunks: list[list[msgspec.Raw]] = [[]]
    size = 0
    for row in rows:
        if chunks[-1] and size + len(row) > MAX_PART_BYTES - _FRAME_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(msgspec.Raw(row))
        size += len(row)
    return chunks
