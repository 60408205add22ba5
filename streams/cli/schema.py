"""`outages schema`: the contract, for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from streams.cli.app import settings_of, settings_options
from streams.contracts.schema import RECORDS, schema_of


class SchemaFileError(RuntimeError):
    """A file cannot be written: one line with the cause and what to do about it."""


@click.command()
@click.argument("name", required=False, type=click.Choice(sorted(RECORDS)), metavar="[NAME]")
@click.option("--asyncapi", "as_asyncapi", is_flag=True, help="Topics, keys and records as an AsyncAPI 3.0 document.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write files into a folder."
)
@settings_options
def schema(name: str | None, as_asyncapi: bool, out: Path | None, **flags: Any) -> int:
    """Print the public records as JSON Schema (draft 2020-12), all by name or one: error, report, statement, feedback,
    clock, series, window (the data of a window-event), window-event, alert (that of an alert-event), alert-event,
    health.

    \b
    outages schema window > window.schema.json
    outages schema --out contract/
    outages schema --asyncapi > asyncapi.json
    """
    if as_asyncapi and name is not None:
        raise click.UsageError("--asyncapi tells of all records: leave out the name")
    documents = _asyncapi(flags) if as_asyncapi else _schemas(name)
    if out is not None:
        for file, document in documents.items():
            click.echo(_written(out / file, document))
    elif as_asyncapi or name is not None:
        for document in documents.values():
            click.echo(_text(document), nl=False)
    else:
        click.echo(_text({record: schema_of(record) for record in RECORDS}), nl=False)
    return 0


def _schemas(name: str | None) -> dict[str, Any]:
    return {f"{record}.schema.json": schema_of(record) for record in RECORDS if name in (None, record)}


def _asyncapi(flags: dict[str, Any]) -> dict[str, Any]:
    from streams.kafka.asyncapi import asyncapi

    return {"asyncapi.json": asyncapi(settings_of(flags))}


def _written(path: Path, document: Any) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(document), "utf-8")
    except OSError as error:
        raise SchemaFileError(f"{path}: {error.strerror}; give a folder that can be written to") from error
    return path


def _text(document: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
