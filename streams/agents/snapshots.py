"""Snapshots of a partition's state as records of a compacted changelog: pure, the sending is the shell's.

A snapshot is a *manifest*, written last, that names immutable *blocks* at one offset of the partition read. Every key
begins with the partition and the epoch of its writer, so that a writer which was paused and wakes can overwrite or
delete nothing of its successor's. Recovery takes the readable manifest with the highest offset.

1. `SnapshotWriter.plan` says which records to write: new blocks first, the manifest after them.
2. When those are durable, `SnapshotWriter.outdated` says which keys nobody needs any more.
3. `recover` finds the state to go on with.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

BLOCK_BYTES = 512 * 1024  # half of Kafka's default limit of a record
VERSION = 1  # of the layout below; a manifest of another version is refused, not guessed at
SLOTS = 2  # a writer's manifests alternate between two keys: the one before stays readable if a new one is torn


class Block(msgspec.Struct, frozen=True, array_like=True):
    """One named block: the keys of its pieces, in order, and what they add up to.

    `checksum`: XXH3 with 64 bits, since it also decides whether a block is as it was: with 32 bits, and some hundred
    thousand comparisons a day, a changed block would pass for an unchanged one within years.
    """

    name: str
    keys: list[str]
    size: int
    checksum: int


class Manifest(msgspec.Struct, frozen=True, array_like=True):
    """All blocks of a state at `offset` (the last record taken in) of the topic that has the id `topic_id`."""

    version: int
    topic_id: str
    offset: int
    blocks: list[Block]


class Record(NamedTuple):
    """One changelog record; `value` None deletes."""

    key: bytes
    value: bytes | None


class Recovered(NamedTuple):
    """The state to go on with after `offset`; what could not be read, in words for the log."""

    offset: int
    blocks: dict[str, bytes]
    refused: tuple[str, ...]


class SnapshotWriter:
    """Writes snapshots of one partition in one epoch.

    `epoch` must be new for each writer and sort after those of earlier ones; it may not hold a slash.
    """

    def __init__(self, partition: int, epoch: str, topic_id: str) -> None:
        self._prefix = f"{partition}/{epoch}/"
        self._topic_id = topic_id
        self._count = 0
        self._blocks: dict[str, Block] = {}
        self._before: dict[str, Block] = {}
        self._dropped: list[str] = []

    def plan(self, offset: int, state: Mapping[str, bytes]) -> list[Record]:
        """Records to write for a state at `offset`, the manifest last. Blocks as they were are not written again."""
        records: list[Record] = []
        blocks: dict[str, Block] = {}
        for name, content in sorted(state.items()):
            checksum = xxh3_64_intdigest(content)
            known = self._blocks.get(name)
            if known is not None and known.size == len(content) and known.checksum == checksum:
                blocks[name] = known
                continue
            pieces = [content[i : i + BLOCK_BYTES] for i in range(0, len(content), BLOCK_BYTES)]
            keys = [f"{self._prefix}b/{self._count}/{name}/{i}" for i in range(len(pieces))]
            records += [Record(key.encode(), piece) for key, piece in zip(keys, pieces, strict=True)]
            blocks[name] = Block(name, keys, len(content), checksum)
        manifest = Manifest(VERSION, self._topic_id, offset, list(blocks.values()))
        records.append(Record(f"{self._prefix}m/{self._count % SLOTS}".encode(), _sealed(manifest)))
        # The manifest before this one stays readable until the next: only what neither names may go.
        needed = {key for held in (blocks, self._blocks) for block in held.values() for key in block.keys}
        self._dropped += [k for block in self._before.values() for k in block.keys if k not in needed]
        self._before, self._blocks = self._blocks, blocks
        self._count += 1
        return records

    def outdated(self, changelog: Mapping[bytes, bytes]) -> list[Record]:
        """Deletions, once the last plan is durable: blocks nobody names, and epochs that began before this one.

        Those are kept while this one has written only one manifest. A later epoch is never touched: this writer may be
        the one that was paused, and the later one its successor's.
        """
        gone = [Record(key.encode(), None) for key in self._dropped]
        self._dropped = []
        if self._count == SLOTS:
            partition, epoch, _ = (part.encode() for part in self._prefix.split("/"))
            for key in sorted(changelog):
                of, *rest = key.split(b"/", 2)
                if of == partition and rest and rest[0] < epoch:
                    gone.append(Record(key, None))
        return gone


def recover(changelog: Mapping[bytes, bytes], partition: int, topic_id: str) -> Recovered | None:
    """The readable state of `partition` with the highest offset; None where there is none.

    A manifest that is torn, of another layout or of another topic's life, or whose blocks are missing or changed, is
    refused and the next older one taken.
    """
    refused: list[str] = []
    for key, manifest in sorted(_manifests(changelog, partition, refused), key=lambda item: (-item[1].offset, item[0])):
        try:
            if manifest.topic_id != topic_id:
                raise ValueError("it belongs to a topic that was deleted and created again")
            return Recovered(manifest.offset, {b.name: _content(b, changelog) for b in manifest.blocks}, tuple(refused))
        except ValueError as error:
            refused.append(f"snapshot {key} at offset {manifest.offset} refused: {error}")
    return None if not refused else Recovered(-1, {}, tuple(refused))


def _manifests(changelog: Mapping[bytes, bytes], partition: int, refused: list[str]) -> Iterator[tuple[str, Manifest]]:
    prefix = f"{partition}/".encode()
    for key, value in sorted(changelog.items()):
        if not key.startswith(prefix) or key.split(b"/", 3)[2:3] != [b"m"]:
            continue
        name = key.decode("utf-8", "replace")
        try:
            yield name, _opened(value)
        except ValueError as error:
            refused.append(f"snapshot {name} refused: {error}")


def _content(block: Block, changelog: Mapping[bytes, bytes]) -> bytes:
    pieces: Sequence[bytes | None] = [changelog.get(key.encode()) for key in block.keys]
    present = [piece for piece in pieces if piece is not None]
    if len(present) < len(pieces):
        raise ValueError(f"block {block.name} is missing")
    content = b"".join(present)
    if len(content) != block.size or xxh3_64_intdigest(content) != block.checksum:
        raise ValueError(f"block {block.name} has changed since it was written")
    return content


def _sealed(manifest: Manifest) -> bytes:
    body = msgspec.msgpack.encode(manifest)
    return zlib.crc32(body).to_bytes(4, "big") + body


def _opened(value: bytes) -> Manifest:
    body = value[4:]
    if len(value) < 4 or zlib.crc32(body).to_bytes(4, "big") != value[:4]:
        raise ValueError("its manifest has changed since it was written")
    try:
        version = msgspec.msgpack.decode(body, type=list)[0]
        if version != VERSION:
            raise ValueError(f"its layout is version {version}, this program reads {VERSION}")
        return msgspec.msgpack.decode(body, type=Manifest)
    except (msgspec.DecodeError, IndexError) as error:
        raise ValueError(f"its manifest cannot be read ({error})") from error
