"""What an agent runs: a pure core per partition, and the records that it wants published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol


class Output(NamedTuple):
    """A record to publish. `topic`: without prefix. `value` None: a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class Core(Protocol):
    """The state of one partition and what it makes of each record.

    `read` is a function of the records read so far and nothing else. A record that cannot be one of ours raises:
    the log is internal, so that is a fault of the program and must not be passed over.
    """

    def begin(self) -> Iterable[Output]:
        """What a new owner says again, before it reads on."""

    def read(self, value: bytes) -> Iterable[Output]:
        """What one more record leads to."""

    def idle(self, now_s: float) -> Iterable[Output]:
        """Called every second with monotonic seconds: what must be said although nothing came."""

    def snapshot(self) -> dict[str, bytes]:
        """Named blocks; unchanged ones are not written again."""

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Goes on where the snapshot was taken."""
