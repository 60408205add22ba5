"""Reads one field of an entry: each function gives a value, or refuses the node with line and remedy."""

from __future__ import annotations

import difflib
import math
import re
import zoneinfo
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import TypeVar, cast

from streams.catalogue.countries import country_remedy, region_remedy
from streams.catalogue.marked_yaml import Listing, Node, Scalar, Table
from streams.catalogue.names import MAX_NAME, normalised
from streams.catalogue.problem import CatalogueError, nearest, shown
from streams.contracts.events import OTHER, UNKNOWN
from streams.contracts.times import BadTime, parse_time_ms

T = TypeVar("T")

RESERVED_IDS = (OTHER, UNKNOWN)
MAX_ID = 64  # characters: ids stand in window ids, metrics' labels and addresses
MAX_TEXT = 500  # characters; nothing in a catalogue is an essay

# Control characters, line and paragraph ends, and what turns the direction of all text behind it.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Field:
    """One node on its way to a value: knows the file, the line and the key for messages."""

    def __init__(self, node: Node, file: str, key: str) -> None:
        self.node = node
        self.file = file
        self.key = key

    def error(self, what: str, remedy: str) -> CatalogueError:
        return CatalogueError(self.file, self.node.line, f"{self.key}: {what}", remedy)

    def each(self) -> list[Field]:
        """The items of a list; an absent value has none."""
        if isinstance(self.node, Scalar) and self.node.absent:
            return []
        if not isinstance(self.node, Listing):
            raise self.error("not a list", f"write {self.key}: [...]")
        return [Field(item, self.file, self.key) for item in self.node.items]

    def table(self, remedy: str) -> Table:
        if not isinstance(self.node, Table):
            raise self.error("not a table of key: value", remedy)
        return self.node

    def tuple_of(self, read: Callable[[Field], T]) -> tuple[T, ...]:
        """A list without repeated items."""
        seen: list[T] = []
        known: set[T] = set()
        for item in self.each():
            value = read(item)
            if value in known:
                raise item.error(f"{shown(str(value))} stands here twice", "keep one")
            known.add(value)
            seen.append(value)
        return tuple(seen)


def text(field: Field, limit: int = MAX_TEXT) -> str:
    node = field.node
    if not isinstance(node, Scalar) or node.absent or not node.text.strip():
        raise field.error("not a text", f"write {field.key}: some text")
    value = node.text.strip()
    if len(value) > limit:
        raise field.error(f"longer than {limit} characters", "shorten it")
    if _UNPRINTABLE.search(value):
        raise field.error("holds line breaks or control characters", "keep it on one line")
    return value


def slug(field: Field) -> str:
    """A word that programs pass around: lower case letters, digits and dashes."""
    value = text(field)
    if not _ID.fullmatch(value) or len(value) > MAX_ID:
        better = re.sub(r"[^a-z0-9]+", "-", normalised(value))[:MAX_ID].strip("-")
        remedy = f"write {better}" if better else "take lower case letters, digits and dashes"
        raise field.error(f"{shown(value)} is not lower case letters, digits and dashes, 64 at most", remedy)
    return value


def service_id(field: Field) -> str:
    value = slug(field)
    if value in RESERVED_IDS:
        raise field.error(f"{shown(value)} is reserved for what the catalogue does not know", "take another id")
    return value


def name(field: Field) -> str:
    value = text(field, MAX_NAME)
    if normalised(value) in RESERVED_IDS:
        raise field.error(f"{shown(value)} is reserved for what the catalogue does not know", "leave it out")
    return value


def names(field: Field) -> dict[str, str]:
    table = field.table("write names: {en: Its name}")
    for language, line in table.lines.items():
        if not _LANGUAGE.fullmatch(language):
            remedy = "take a code like en, ar or pt-BR"
            raise CatalogueError(field.file, line, f"names: {shown(language)} is no language", remedy)
    if not table.entries:
        raise field.error("holds no name", "write names: {en: Its name}")
    return {language: name(Field(node, field.file, f"names.{language}")) for language, node in table.entries.items()}


def region(field: Field) -> str:
    value = text(field)
    if value in RESERVED_IDS:
        raise field.error(f"{shown(value)} is reserved for what the catalogue does not list", "leave it out")
    if remedy := region_remedy(value):
        raise field.error(f"{shown(value)} is no region", remedy)
    return value


def users(field: Field) -> tuple[dict[str, int], str | None]:
    """People by region, and the `source` that stands among them."""
    table = field.table("write users: {US: 41000000, source: who says so}")
    counts: dict[str, int] = {}
    source: str | None = None
    for key, node in table.entries.items():
        if key == "source":
            source = text(Field(node, field.file, "users.source"))
            continue
        region(Field(Scalar(key, False, table.lines[key]), field.file, "users"))
        counts[key] = _people(Field(node, field.file, f"users.{key}"))
    return counts, source


def _people(field: Field) -> int:
    value = text(field)
    digits = value.replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 11):  # 11 digits hold more than mankind
        raise field.error(f"{shown(value)} is no number of people", "write a whole number like 41000000")
    return int(digits)


def tolerance(field: Field) -> float:
    """False windows a year that the service as a whole may cost: any number above 0."""
    value = text(field)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise field.error(f"{shown(value)} is not a number above 0", "write how many a year you tolerate, e.g. 4")
    return number


def choice(field: Field, known: tuple[T, ...]) -> T:
    value = text(field)
    if value not in known:
        words = [str(word) for word in known]
        remedy = nearest(value, words, f"take {' or '.join(words)}")
        raise field.error(f"{shown(value)} is not known here", remedy)
    return cast(T, value)


def zone(field: Field) -> str:
    value = text(field)
    if _is_zone(value):
        return value
    if not _is_zone("UTC"):
        raise field.error("this machine has no time zones", "install the Python package tzdata")
    raise field.error(f"{shown(value)} is no time zone", _nearest_zone(value))


@lru_cache(maxsize=1024)  # a catalogue of 100,000 services names a few dozen
def _is_zone(value: str) -> bool:
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, LookupError):  # not a path, a folder, not there
        return False
    return True


def _nearest_zone(value: str) -> str:
    by_lower = {known.lower(): known for known in sorted(zoneinfo.available_timezones())}
    close = difflib.get_close_matches(value.lower(), list(by_lower), n=1) if len(value) <= 60 else []
    return f"did you mean {by_lower[close[0]]!r}?" if close else "take one of the IANA names, like America/New_York"


def moment_ms(field: Field) -> int:
    value = text(field)
    try:
        return parse_time_ms(value)
    except BadTime as error:
        raise field.error(
            f"{shown(value)} is no moment", "write date, time and offset: 2026-12-01T02:00:00Z"
        ) from error


def since(field: Field) -> str:
    """A date, or a time with offset, as written."""
    value = text(field)
    if _date_or_none(value) is None:
        moment_ms(field)
    return value


def day(field: Field) -> str:
    value = text(field)
    found = _date_or_none(value)
    if found is None:
        raise field.error(f"{shown(value)} is no date", "write year-month-day: 2026-12-25")
    return found


def _date_or_none(value: str) -> str | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return None


def holidays(field: Field) -> str | tuple[str, ...]:
    """The code of a country (or of a part of it) whose public holidays count, or dates."""
    if not isinstance(field.node, Scalar):
        return field.tuple_of(day)
    value = text(field)
    if remedy := country_remedy(value):
        raise field.error(f"{shown(value)} is no country", f"{remedy}, or list dates")
    return value


def address(field: Field) -> str:
    value = text(field)
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise field.error(f"{shown(value)} is no web address", "write it whole, with https://")
    return value
