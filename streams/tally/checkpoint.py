"""Where a tally goes on after a restart: a Kafka commit whose metadata holds the fold's state at that offset."""

from __future__ import annotations

import msgspec

from streams.tally.watermark import NO_CLOCK

_State = tuple[int, int, int, int, int | None]  # version, then the fields of Checkpoint


class CheckpointError(ValueError):
    """A commit's metadata cannot be read."""


class Checkpoint(msgspec.Struct, frozen=True):
    """State of a partition's fold at `offset`.

    `clock_ms`: the clock before the record at `offset`. `reached`: offsets below were read before, so what they report
    (dead letters, late records, metrics) was reported. `sealed_ms`: panes that end by then were published whole; a
    re-read sees them in part only and says nothing of them. `origin_ms`: event time from which the partition is known.
    """

    offset: int = 0
    clock_ms: int = NO_CLOCK
    reached: int = 0
    sealed_ms: int = NO_CLOCK
    origin_ms: int | None = None

    def metadata(self) -> str:
        """What goes into the commit beside the offset."""
        state = (1, self.clock_ms, self.reached, self.sealed_ms, self.origin_ms)
        return msgspec.json.encode(state).decode()


def read_checkpoint(offset: int, metadata: str) -> Checkpoint:
    """The state at a committed offset. Raises CheckpointError: starting without it would count differently."""
    try:
        _, clock_ms, reached, sealed_ms, origin_ms = msgspec.json.decode(metadata, type=_State)
    except msgspec.DecodeError as error:
        raise CheckpointError(
            f"the commit at offset {offset} holds no state of ours ({error}); "
            "another program commits in this group: give tally a group of its own"
        ) from error
    return Checkpoint(offset, clock_ms, reached, sealed_ms, origin_ms)
