"""Files to catalogue: read, check, lay the operator's over the shipped one."""

from __future__ import annotations

from pathlib import Path

from streams.catalogue.checks import check_entries
from streams.catalogue.entry import Entry, read_entry
from streams.catalogue.fields import Field
from streams.catalogue.lookup import Catalogue
from streams.catalogue.marked_yaml import MAX_BYTES, Table, read_yaml
from streams.catalogue.problem import CatalogueError, nearest, shown
from streams.shipped import seed

SHIPPED = "seeds/catalogue.yaml"


def load_catalogue(extra: Path | None = None) -> Catalogue:
    """The shipped catalogue with the operator's own file, if any, merged over it.

    Raises CatalogueError, also where `extra` cannot be read.
    """
    shipped = parse_catalogue(seed("catalogue.yaml").read_bytes(), SHIPPED)
    return shipped if extra is None else parse_catalogue(_read(extra), str(extra), base=shipped)


def parse_catalogue(raw: bytes | str, file: str, base: Catalogue | None = None) -> Catalogue:
    """The services of one file, merged over `base`: its references may name services of `base` too.

    `file` is how messages call it. Raises CatalogueError for the first thing that is wrong.
    """
    entries = read_entries(raw, file)
    base = base if base is not None else Catalogue()
    check_entries(entries, file, base.services)
    return Catalogue(*base.layers, [entry.service for entry in entries])


def merge_catalogues(base: Catalogue, over: Catalogue) -> Catalogue:
    """`over` laid on `base`: its entries replace those of the same id and take over names and aliases."""
    return Catalogue(*base.layers, *over.layers)


def read_entries(raw: bytes | str, file: str) -> list[Entry]:
    """The entries of one file, each right by itself."""
    root = read_yaml(raw, file)
    if not isinstance(root, Table):
        raise CatalogueError(file, root.line, "holds no services", "start it with `services:`")
    for key, line in root.lines.items():
        if key != "services":
            raise CatalogueError(
                file, line, f"a catalogue has no key {shown(key)}", nearest(key, ["services"], "keep only `services:`")
            )
    if "services" not in root.entries:
        raise CatalogueError(file, root.line, "holds no services", "start it with `services:`")
    return [read_entry(item.node, file) for item in Field(root.entries["services"], file, "services").each()]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)  # one more than is taken, so that larger ones are told from these
    except OSError as error:
        what = error.strerror or "cannot be read"
        raise CatalogueError(str(path), 1, what, "check the path of the setting `catalogue`") from error
