"""Is everything as it has to be? Each finding is one line: what was looked at, how it is, and what to do.

Looks and never changes: nothing is sent, created or committed.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

from msgspec import Struct

from streams.catalogue import Catalogue, CatalogueError
from streams.kafka.embedded import BrokerError
from streams.kafka.embedded.jars import jars_folder, java, missing_jars
from streams.settings import Settings

State = Literal["ok", "warn", "fail"]

DISTRIBUTION = "outage-streams"
MIN_PYTHON = (3, 11)
MB = 1_000_000
# A broker of our own keeps a demo in some hundred MB; below the first limit it may not get through one, below the
# second a Kafka stops taking records.
FREE_WARN_BYTES = 2_000 * MB
FREE_FAIL_BYTES = 200 * MB


class Finding(Struct, frozen=True):
    """`about`: what was looked at. `remedy`: what to do, where something is to be done."""

    about: str
    state: State
    text: str
    remedy: str | None = None


def machine(settings: Settings) -> Iterator[Finding]:
    """What this machine has: Python, the libraries, Java, Maven, room on the disk."""
    yield _python()
    yield _libraries()
    yield _java()
    yield _disk(settings.data_dir)


def catalogue(load: Callable[[], Catalogue]) -> Finding:
    """Whether the catalogue can be read, and how much is in it."""
    try:
        found = load()
    except CatalogueError as error:
        where, _, remedy = str(error).rpartition("; ")
        return Finding("catalogue", "fail", where or str(error), remedy)
    services = found.services.values()
    names = sum(len(set(s.names.values())) + len(s.aliases) for s in services)
    planned = sum(len(s.maintenance) for s in services)
    text = f"{_many(len(services), 'service')} with {_many(names, 'name')}, {_many(planned, 'planned maintenance')}"
    return Finding("catalogue", "ok", text)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _python() -> Finding:
    text = f"Python {platform.python_version()} on {platform.system()}"
    if sys.version_info < MIN_PYTHON:
        return Finding("python", "fail", text, "install Python 3.11 or newer")
    return Finding("python", "ok", text)


def _libraries() -> Finding:
    """Those that the distribution pins, against those that are installed."""
    try:
        wanted = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return Finding("libraries", "warn", f"{DISTRIBUTION} is not installed, so none are pinned", "run `make setup`")
    differing, seen = [], []
    for requirement in wanted:
        pinned = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)", requirement)  # extras carry a marker, and do not match
        if pinned is None:
            continue
        name, version = pinned.groups()
        has = _version(name)
        seen.append(f"{name} {has}")
        if has != version:
            differing.append(f"{name} is {has or 'missing'}, not {version}")
    if differing:
        return Finding("libraries", "warn", "; ".join(differing), "install requirements.lock")
    return Finding("libraries", "ok", ", ".join(sorted(seen)))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _java() -> Finding:
    """Needed for a Kafka of our own only."""
    try:
        command = java()
    except BrokerError as error:
        what, _, remedy = str(error).rpartition(": ")
        return Finding("java", "warn", f"{what}, so demos run on the mock cluster", remedy)
    missing = missing_jars(jars_folder())
    maven = shutil.which("mvn")
    if missing and maven is None:
        text = f"{command}, but no mvn to fetch Kafka's jars with, so demos run on the mock cluster"
        return Finding("java", "warn", text, "install Maven")
    jars = f"{len(missing)} jars of Kafka to be fetched at the first demo" if missing else "Kafka's jars are there"
    return Finding("java", "ok", f"{command}, {f'mvn {maven}' if maven else 'no mvn'}, {jars}")


def _disk(folder: Path) -> Finding:
    there = next((place for place in (folder, *folder.parents) if place.exists()), Path("."))
    free = shutil.disk_usage(there).free
    text = f"{free / 1000 / MB:.1f} GB free for {folder}"
    if free < FREE_FAIL_BYTES:
        return Finding("disk", "fail", text, "make room, or set `data_dir`")
    if free < FREE_WARN_BYTES:
        return Finding("disk", "warn", text, "make room before a long run, or set `data_dir`")
    return Finding("disk", "ok", text)
