"""What must hold between the entries of one file, and between them and the entries they are merged over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

from streams.catalogue.entry import Entry
from streams.catalogue.problem import CatalogueError, nearest, shown
from streams.catalogue.service import Service

SHOWN_OF_LOOP = 8  # services in a message: enough to find the loop, short enough for a line


def check_entries(entries: Iterable[Entry], file: str, base: Mapping[str, Service]) -> None:
    """Refuses duplicates within the file, unknown references, and loops, also those through `base`.

    `base`: services by id that the file is merged over. Raises CatalogueError.
    """
    entries = list(entries)
    _check_ids(entries, file)
    own_ids = {entry.service.id for entry in entries}
    _check_claims(entries, file, own_ids)
    _check_references(entries, file, own_ids | base.keys())
    _check_loops(entries, file, base)


def _check_ids(entries: Iterable[Entry], file: str) -> None:
    lines: dict[str, int] = {}
    for entry in entries:
        first = lines.setdefault(entry.service.id, entry.line)
        if first != entry.line:
            what = f"the id {shown(entry.service.id)} stands in line {first} already"
            raise CatalogueError(file, entry.line, what, "merge the two entries")


def _check_claims(entries: Iterable[Entry], file: str, own: Collection[str]) -> None:
    holders: dict[str, str] = {}
    for entry in entries:
        for claim in entry.claims:
            holder = holders.setdefault(claim.spelling, entry.service.id)
            if holder != entry.service.id:
                what = f"the name {shown(claim.spelling)} belongs to {holder} already"
                raise CatalogueError(file, claim.line, what, "leave it out of one of the two")
            if claim.spelling in own:
                what = f"the name {shown(claim.spelling)} is the id of another entry"
                raise CatalogueError(file, claim.line, what, "leave it out")


def _check_references(entries: Iterable[Entry], file: str, known: Collection[str]) -> None:
    for entry in entries:
        for reference in entry.references:
            if reference.to == entry.service.id:
                what = f"{reference.key}: {reference.to} names itself"
                raise CatalogueError(file, reference.line, what, "leave it out")
            if reference.to not in known:
                what = f"{reference.key}: no service has the id {shown(reference.to)}"
                remedy = nearest(reference.to, sorted(known), f"add an entry with id: {reference.to}")
                raise CatalogueError(file, reference.line, what, remedy)


def _check_loops(entries: Iterable[Entry], file: str, base: Mapping[str, Service]) -> None:
    """Who needs whom must end somewhere: else a cause would be its own cause. Providers and dependencies alike."""
    needs: dict[str, list[str]] = {service.id: needed(service) for service in base.values()}
    lines: dict[tuple[str, str], int] = {}
    for entry in entries:
        needs[entry.service.id] = needed(entry.service)
        for reference in entry.references:
            lines[entry.service.id, reference.to] = reference.line
    loop = first_loop(needs)
    if loop:
        steps = list(pairwise(loop))
        line = next(lines[step] for step in steps if step in lines)  # `base` alone has none: it was checked before
        shortened = loop if len(loop) <= SHOWN_OF_LOOP else [*loop[: SHOWN_OF_LOOP - 2], "...", loop[-1]]
        path = " needs ".join(shortened)
        raise CatalogueError(file, line, f"a loop: {path}", "leave out one of these providers or dependencies")


def needed(service: Service) -> list[str]:
    """What it cannot work without: providers, then dependencies."""
    return [*(provider.id for provider in service.providers), *service.dependencies]


def first_loop(needs: Mapping[str, list[str]]) -> list[str] | None:
    """The first loop in id order, from a service back to itself; None where there is none. No recursion."""
    done: set[str] = set()
    for start in sorted(needs):
        path: list[str] = []
        on_path: set[str] = set()
        stack = [(start, False)]
        while stack:
            service, leaving = stack.pop()
            if leaving:
                done.add(path.pop())
                on_path.discard(service)
                continue
            if service in on_path:
                return [*path[path.index(service) :], service]
            if service in done:
                continue
            path.append(service)
            on_path.add(service)
            stack.append((service, True))
            stack.extend((other, False) for other in reversed(needs.get(service, [])))
    return None
