"""What comes with the program: `seeds/`, from the installed wheel or from the checkout."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable


def seed(*parts: str) -> Traversable:
    """A file or folder below `seeds/`: `seed("catalogue.yaml")`, `seed("scenarios")`.

    A wheel carries them inside the package (`streams/seeds`), a checkout beside it; the wheel's come first.
    Raises FileNotFoundError where neither has it.
    """
    package = files("streams")
    inside = package.joinpath("seeds", *parts)
    if inside.is_file() or inside.is_dir():
        return inside
    beside = package.joinpath("..", "seeds", *parts)
    if beside.is_file() or beside.is_dir():
        return beside
    raise FileNotFoundError(f"seeds/{'/'.join(parts)} is not there: reinstall outage-streams")
