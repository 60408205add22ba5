"""Published floats: six significant digits, so that the same logs give the same bytes on every machine."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.contracts.windows import Window


def six_digits(value: float) -> float:
    """The value at six significant digits, of which no count or probability needs more."""
    return float(f"{value:.6g}")


def rounded(window: Window) -> Window:
    """The window with every float at six significant digits."""
    return msgspec.convert(_rounded(msgspec.to_builtins(window)), Window)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return six_digits(value)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
