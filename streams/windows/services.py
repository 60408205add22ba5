"""What windows need to know of the catalogue, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class Provider(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str | None: ...


class Maintenance(Protocol):
    @property
    def from_ms(self) -> int: ...
    @property
    def to_ms(self) -> int: ...


class Service(Protocol):
    @property
    def providers(self) -> Sequence[Provider]: ...
    @property
    def dependencies(self) -> Sequence[str]: ...
    @property
    def regions(self) -> Sequence[str]: ...
    @property
    def maintenance(self) -> Sequence[Maintenance]: ...


class Catalogue(Protocol):
    """`services` by id; `customers` of a provider, by id."""

    @property
    def services(self) -> Mapping[str, Service]: ...
    def customers(self, provider_id: str, /) -> Iterable[str]: ...
