"""One entry of a catalogue file: its fields read, and what it claims and refers to, with lines, for the checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args

from msgspec import Struct

from streams.catalogue import fields
from streams.catalogue.fields import Field
from streams.catalogue.marked_yaml import Listing, Node, Scalar, Table
from streams.catalogue.names import normalised
from streams.catalogue.problem import CatalogueError, nearest, shown
from streams.catalogue.service import Maintenance, Profile, ProviderRef, Service
from streams.contracts.events import SIGNALS, Signal


class Claim(Struct, frozen=True, gc=False):
    """A name or alias, `spelling` normalised, in `line`."""

    spelling: str
    line: int


class Reference(Struct, frozen=True, gc=False):
    """`key` (providers, dependencies, look_alikes) names the service `to` in `line`."""

    key: str
    to: str
    line: int


class Entry(Struct, frozen=True):
    service: Service
    line: int
    claims: tuple[Claim, ...]
    references: tuple[Reference, ...]


def read_entry(node: Node, file: str) -> Entry:
    """An entry from its marked YAML. Raises CatalogueError for the first thing that is wrong with it."""
    table = Field(node, file, "services").table("start each entry with `- id: ...`")
    _refuse_unknown(table, _READERS, file, "an entry")
    values: dict[str, Any] = {}
    for key, value in table.entries.items():
        if not (isinstance(value, Scalar) and value.absent):  # `owner:` with nothing behind it is an absent owner
            values[key] = _READERS[key](Field(value, file, key))
    for key, example in (("id", "id: its-id"), ("names", "names: {en: Its name}")):
        if key not in values:
            who = f"the entry {values['id']}" if "id" in values else "the entry"
            raise CatalogueError(file, table.line, f"{who} has no {key}", f"add {example}")
    if "users" in values:
        values["users"], values["users_source"] = values["users"]
    service = Service(**values)
    return Entry(service, table.line, tuple(_claims(service, table)), tuple(_references(table)))


def _refuse_unknown(table: Table, known: Mapping[str, object], file: str, where: str) -> None:
    for key, line in table.lines.items():
        if key not in known:
            remedy = nearest(key, known, f"take one of {', '.join(known)}")
            raise CatalogueError(file, line, f"{where} has no key {shown(key)}", remedy)


def _provider(field: Field) -> ProviderRef:
    table = field.table("write providers: [{id: aws, role: primary}]")
    _refuse_unknown(table, _PROVIDER_READERS, field.file, "a provider")
    values = {
        _renamed(key): _PROVIDER_READERS[key](Field(value, field.file, f"{field.key}.{key}"))
        for key, value in table.entries.items()
        if not (isinstance(value, Scalar) and value.absent)
    }
    if "id" not in values:
        raise field.error("a provider without an id", "write providers: [{id: aws, role: primary}]")
    return ProviderRef(**values)


def _maintenance(field: Field) -> Maintenance:
    table = field.table("write maintenance: [{from: 2026-12-01T02:00:00Z, to: 2026-12-01T04:00:00Z, reason: planned}]")
    _refuse_unknown(table, _MAINTENANCE_READERS, field.file, "a maintenance")
    values = {
        key: _MAINTENANCE_READERS[key](Field(value, field.file, f"{field.key}.{key}"))
        for key, value in table.entries.items()
        if not (isinstance(value, Scalar) and value.absent)
    }
    for key in ("from", "to"):
        if key not in values:
            raise field.error(f"a maintenance without {key!r}", f"add {key}: 2026-12-01T02:00:00Z")
    if values["from"] >= values["to"]:
        raise field.error("it ends before it begins", "write `from` earlier than `to`")
    return Maintenance(from_ms=values["from"], to_ms=values["to"], reason=values.get("reason"))


def _renamed(key: str) -> str:
    return "from_" if key == "from" else key  # a word of Python


def _signals(field: Field) -> tuple[Signal, ...]:
    signals = field.tuple_of(partial(fields.choice, known=SIGNALS))
    if not signals:
        raise field.error("holds no signal", "write signals: [errors, reports], or leave it out")
    return signals


def _profile(field: Field) -> Profile | dict[Signal, Profile]:
    """One word, or one for each signal: {errors: counts, reports: smooth}."""
    if not isinstance(field.node, Table):
        return fields.choice(field, get_args(Profile))
    _refuse_unknown(field.node, dict.fromkeys(SIGNALS), field.file, field.key)
    return {
        signal: fields.choice(Field(node, field.file, f"{field.key}.{signal}"), get_args(Profile))
        for signal in SIGNALS
        if (node := field.node.entries.get(signal)) is not None
    }


def _providers(field: Field) -> tuple[ProviderRef, ...]:
    providers = field.tuple_of(_provider)
    ids = [provider.id for provider in providers]
    for item, provider in zip(field.each(), providers, strict=True):
        if ids.count(provider.id) > 1:
            raise item.error(f"the provider {shown(provider.id)} stands here twice", "keep one")
    return providers


_PROVIDER_READERS: Mapping[str, Callable[[Field], Any]] = {
    "id": fields.service_id,
    "role": fields.slug,
    "from": fields.since,
    "source": fields.text,
}
_MAINTENANCE_READERS: Mapping[str, Callable[[Field], Any]] = {
    "from": fields.moment_ms,
    "to": fields.moment_ms,
    "reason": fields.text,
}
_READERS: Mapping[str, Callable[[Field], Any]] = {
    "id": fields.service_id,
    "names": fields.names,
    "aliases": lambda field: field.tuple_of(fields.name),
    "kind": fields.slug,
    "operator": fields.slug,
    "owner": fields.text,
    "providers": _providers,
    "dependencies": lambda field: field.tuple_of(fields.service_id),
    "look_alikes": lambda field: field.tuple_of(fields.service_id),
    "regions": lambda field: field.tuple_of(fields.region),
    "users": fields.users,
    "signals": _signals,
    "profile": _profile,
    "zone": fields.zone,
    "status_page": fields.address,
    "groups": lambda field: field.tuple_of(fields.slug),
    "false_opens_per_year": fields.tolerance,
    "holidays": fields.holidays,
    "maintenance": lambda field: field.tuple_of(_maintenance),
}


def _claims(service: Service, table: Table) -> list[Claim]:
    """The spellings by which this entry wants to be known, one language's name often being another's too."""
    found: dict[str, Claim] = {}
    for key in ("names", "aliases"):
        for text, line in _leaves(table.entries.get(key)):
            spelling = normalised(text)
            if spelling != service.id:
                found.setdefault(spelling, Claim(spelling, line))
    return list(found.values())


def _references(table: Table) -> list[Reference]:
    """In the order of the entry's keys. The fields have been read, so every item is what it should be."""
    found = []
    for key in ("providers", "dependencies", "look_alikes"):
        listing = table.entries.get(key)
        for item in listing.items if isinstance(listing, Listing) else ():
            node = item.entries["id"] if isinstance(item, Table) else item
            if isinstance(node, Scalar):
                found.append(Reference(key, node.text.strip(), node.line))
    return found


def _leaves(node: Node | None) -> list[tuple[str, int]]:
    if node is None or isinstance(node, Scalar):
        return []
    children = node.entries.values() if isinstance(node, Table) else node.items
    return [(child.text, child.line) for child in children if isinstance(child, Scalar)]
