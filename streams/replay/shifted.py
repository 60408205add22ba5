"""A scenario at another time."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import Struct

from streams.replay.scenario import Scenario, TimeMs

SLOT_MS = 600_000  # scenarios begin on full ten minutes, as their history ends there
T = TypeVar("T")


def shifted(scenario: Scenario, start_ms: int) -> Scenario:
    """The same scenario, begun at the full ten minutes before `start_ms`; every time in it moves as far.

    The time of day moves too: what was noon in it is no longer noon, and its usual level follows its own hours.
    """
    by_ms = start_ms // SLOT_MS * SLOT_MS - scenario.start_ms
    return _moved(scenario, by_ms)


def _moved(value: T, by_ms: int) -> T:
    moved: Any = value
    if isinstance(value, TimeMs):
        moved = TimeMs(value + by_ms)
    elif isinstance(value, Struct):
        fields = {name: _moved(getattr(value, name), by_ms) for name in value.__struct_fields__}
        moved = type(value)(**fields)
    elif isinstance(value, tuple | list):
        moved = type(value)(_moved(item, by_ms) for item in value)
    elif isinstance(value, dict):
        moved = {key: _moved(item, by_ms) for key, item in value.items()}
    return moved  # type: ignore[no-any-return]
