"""Functions over bytes and numbers that run as machine code: where a look at every byte of every record is needed.

Numba compiles them at their first call (some seconds) and keeps the result beside the module, or in the user's cache
folder where the module's own folder is not writable. Where neither is, each process compiles for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")

# Without Numba's own memory management: its functions make no arrays, and to count who holds one, at every call of the
# smallest of them, doubled the time of the scan.
_OPTIONS: dict[str, Any] = {"_nrt": False}


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compiles a function of numpy arrays and numbers. It makes no arrays, and calls others of its kind only.

    An index is not checked against the bounds of its array.
    """
    try:
        made: Any = njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # there is no place for the result to be kept
        made = njit(**_OPTIONS)(function)
    return cast(Callable[P, R], made)
