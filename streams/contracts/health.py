"""Heartbeats on `health`: how each process is doing, and what it cannot see."""

from __future__ import annotations

from msgspec import Struct


class BlindSpot(Struct, gc=False, frozen=True):
    """Something that is not seen at present: a `partition` of the signal's topic, or a `source` (a collector).

    `since`: its W.
    """

    signal: str
    partition: int | None = None
    source: str | None = None
    since: str | None = None


class Health(Struct, gc=False, frozen=True, omit_defaults=True):
    """One process, about once a second, keyed `role/instance`; gone (a tombstone) when it ended in good order.

    `time`: of the machine that writes it. `positions`: by topic and partition, the next offset to be read. `lag_s`: how
    far the slowest W is behind that machine's clock, where the prefix lives in the present.
    """

    role: str
    instance: str
    time: str
    positions: dict[str, dict[str, int]] = {}
    blind: list[BlindSpot] = []
    lag_s: float | None = None
    canary_age_s: float | None = None
