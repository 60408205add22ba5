"""`[[source]]`: the topics people already have, read and checked."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from streams.ingest.sources import Condition, Source, source_problem
from streams.settings.places import Given
from streams.settings.problem import SettingsError, refuse_unknown

TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")  # what Kafka takes as a topic's name


def read_sources(given: Given) -> tuple[Source, ...]:
    tables = given.value
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(given.place, "not a list of tables", "write [[source]], in double brackets")
    sources: list[Source] = []
    for at, table in enumerate(tables):
        place = f"{given.place}[{at}]"
        source = _source(table, place)
        if any(other.topic == source.topic for other in sources):
            raise SettingsError(f"{place}.topic", f"{source.topic!r} has a source already", "keep one for a topic")
        sources.append(source)
    return tuple(sources)


def _source(table: dict[str, Any], place: str) -> Source:
    for key in table:
        refuse_unknown(key, Source.__struct_fields__, f"{place}.{key}", "a source has no such key", "take it out")
    for at, when in enumerate(table.get("when", ())):
        for key in when if isinstance(when, dict) else ():
            where = f"{place}.when[{at}].{key}"
            refuse_unknown(key, Condition.__struct_fields__, where, "a condition has no such key", "take it out")
    try:
        source = msgspec.convert(table, Source)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        remedy = "see [[source]] in docs/outages.example.toml"
        raise SettingsError(place + where.rstrip("`"), what.replace("`", "'"), remedy) from error
    if not TOPIC.fullmatch(source.topic):
        raise SettingsError(f"{place}.topic", f"{source.topic!r} is no topic's name", "give the full name of the topic")
    if problem := source_problem(source):
        where, what = problem
        cause, _, remedy = what.partition("; ")
        raise SettingsError(f"{place}.{where}", cause, remedy)
    return source
