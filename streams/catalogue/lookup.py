"""The catalogue as the rest of the program asks it: who is meant, where, and who runs on whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from streams.catalogue.names import MAX_NAME, normalised
from streams.catalogue.service import Service
from streams.contracts.events import OTHER, UNKNOWN

_NO_REGIONS: frozenset[str] = frozenset()


class Catalogue:
    """Services by id, sorted, and their names.

    Built from layers, the later over the earlier (the shipped one, then the operator's): an entry replaces an earlier
    layer's of the same id, and takes over what earlier layers' services are called: names, aliases, and also an id, so
    that a service which a new release ships never draws away the events of one that an operator has.
    Trusts its input; files are checked by `parse_catalogue`.
    """

    def __init__(self, *layers: Iterable[Service]) -> None:
        self.layers = tuple(tuple(layer) for layer in layers)  # kept, since who takes over whose name depends on them
        newest = {service.id: index for index, layer in enumerate(self.layers) for service in layer}
        services: dict[str, Service] = {}
        spellings: dict[str, str] = {}
        for index, layer in enumerate(self.layers):
            for service in layer:
                if newest[service.id] != index:
                    continue  # replaced further on, its names with it
                services[service.id] = service
                for spelling in (service.id, *service.names.values(), *service.aliases):
                    spellings[normalised(spelling)] = service.id
        self.services: Mapping[str, Service] = MappingProxyType(dict(sorted(services.items())))
        self._spellings = spellings
        self._regions = {service.id: frozenset(service.regions) for service in services.values() if service.regions}
        self._customers = _customers(self.services.values())

    def resolve(self, name: str) -> str | None:
        """The id behind an id, name or alias in any language and case; None where nobody is called so."""
        found = self._spellings.get(name)  # ids and most names come as they stand there
        if found is None and len(name) <= MAX_NAME:
            found = self._spellings.get(normalised(name))
        return found

    def region(self, service_id: str, region: str | None) -> str:
        """The region under which an event counts: itself where listed, `unknown` without one, else `other`."""
        if not region or region == UNKNOWN:
            return UNKNOWN
        return region if region in self._regions.get(service_id, _NO_REGIONS) else OTHER

    def customers(self, provider_id: str) -> tuple[str, ...]:
        """Ids, sorted, of the services that have it among their providers."""
        return self._customers.get(provider_id, ())


def _customers(services: Iterable[Service]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for service in services:
        for provider in service.providers:
            found.setdefault(provider.id, []).append(service.id)
    return {provider: tuple(sorted(set(ids))) for provider, ids in found.items()}
