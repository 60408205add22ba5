"""Reads one given value as what its setting takes, or refuses it with place and remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import inspect

from streams.settings.places import Given, at_home
from streams.settings.problem import SettingsError
from streams.settings.record import TYPES
from streams.settings.source_tables import TOPIC, read_sources

_PATHS = ("catalogue", "data_dir")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s:/\[\],]+):(\d{1,5})")


def read_value(given: Given, environ: Mapping[str, str]) -> object:
    if given.name == "source":
        return read_sources(given)
    if given.name in _PATHS:
        return _path(given, environ)
    value = given.value
    if given.name == "brokers":
        return _brokers(value, given.place)
    try:
        read = msgspec.convert(value, TYPES[given.name], strict=not given.text)
    except msgspec.ValidationError as error:
        raise SettingsError(given.place, f"{value!r} is not taken", f"give {_wanted(given.name)}") from error
    if given.name == "prefix":
        _check_prefix(str(read), given.place)
    return read


def _wanted(name: str) -> str:
    """What a setting takes, in words, from its type."""
    match inspect.type_info(TYPES[name]):
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.FloatType(gt=low, le=high):
            return f"a number of seconds above {low}, at most {high}"
        case inspect.LiteralType(values=values):
            return " or ".join(str(value) for value in values)
        case inspect.StrType(min_length=int(low), max_length=int(high)):
            return f"a text of {low} to {high} characters"
        case _:
            return "a text"


def _path(given: Given, environ: Mapping[str, str]) -> Path:
    if not isinstance(given.value, str | Path) or not str(given.value):
        raise SettingsError(given.place, f"{given.value!r} is not taken", "give a path")
    return given.folder / at_home(str(given.value), environ)


def _brokers(value: object, place: str) -> str:
    """HOST:PORT, several with commas between, or (in the file) as a list."""
    listed = value if isinstance(value, list) else str(value).split(",")
    brokers = [str(broker).strip() for broker in listed]
    for broker in brokers:
        found = _HOST_AND_PORT.fullmatch(broker)
        if not found or not 0 < int(found[2]) <= 65_535:
            raise SettingsError(place, f"{broker!r} is no broker", "give HOST:PORT, several with commas between")
    return ",".join(brokers)


def _check_prefix(prefix: str, place: str) -> None:
    if not TOPIC.fullmatch(prefix):
        raise SettingsError(place, f"{prefix!r} cannot begin a topic's name", "take letters, digits, '.', '_' and '-'")
    if prefix[-1] not in "._-":
        raise SettingsError(place, f"{prefix!r} would run into the topic's name", f"end it in a dot: {prefix}.")
