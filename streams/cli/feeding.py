"""What goes into the input topics: `outages send`."""

from __future__ import annotations

import gzip
import os
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import click

from streams.cli.app import catalogue_of, settings_of, settings_options
from streams.cli.backtest import MAX_REFUSALS_SHOWN, progress
from streams.contracts.events import INPUT_TOPICS

CHUNK_BYTES = 256 * 1024  # read at once; some thousand records, which are screened in one go


class InputError(RuntimeError):
    """The file cannot be read: one line with the cause and what to do about it."""


@click.command()
@click.argument("topic", type=click.Choice(INPUT_TOPICS))
@click.argument("file", default="-", metavar="[FILE]")
@settings_options
def send(topic: str, file: str, **flags: Any) -> int:
    """Send NDJSON into an input topic: a file, plain or gzip, or what comes on the standard input.

    A line that would be refused is not sent but listed, with its number, the reason and the remedy; the exit code is
    then 1. A report with its reporter, or an event with an `id`, may be sent again: it counts once.

    \b
    outages send errors errors.ndjson
    echo '{"service": "twitter", "time": "2026-01-05T12:00:00Z"}' | outages send reports
    """
    from streams.ingest.lines import numbered_lines
    from streams.roles.sending import Sending

    settings = settings_of(flags)
    shown = "standard input" if file == "-" else file
    sending = Sending(settings, catalogue_of(settings), topic, _Listing(shown))
    with _input(file) as (stream, size_bytes, done_bytes), progress(f"sending {shown}") as advance:
        for lines in numbered_lines(_chunks(stream, shown)):
            sending.take(lines, time.time_ns() // 1_000_000)
            advance(done_bytes(), size_bytes)
        sending.finish()
    if sending.late:
        live = 'send sooner, or old events under a prefix of their own with `clock = "record"`'
        remedy = live if settings.clock == "broker" else "put clock records after the events of their time"
        after = f"more than {settings.allowed_delay_s:g} s after their time"
        click.echo(f"{shown}: {sending.late:,} came {after} and will not count; {remedy}", err=True)
    click.echo(f"sent {sending.sent:,}, refused {sending.refused:,}")
    return 1 if sending.refused else 0


class _Listing:
    """Tells on the error stream what is amiss, and in which line."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._refused = 0

    def refused(self, line: int, reason: str, detail: str, remedy: str) -> None:
        self._refused += 1
        if self._refused <= MAX_REFUSALS_SHOWN:
            click.echo(f"{self._shown}:{line}: refused, {reason}: {detail}; {remedy}", err=True)
        elif self._refused == MAX_REFUSALS_SHOWN + 1:
            click.echo(f"{self._shown}:{line}: refused as well; from here on they are only counted", err=True)

    def unknown(self, line: int, name: str) -> None:
        click.echo(
            f"{self._shown}:{line}: nobody is called {name!r} in the catalogue: it counts under `other`; "
            "add it to your own catalogue, or to a service's aliases",
            err=True,
        )


@contextmanager
def _input(file: str) -> Iterator[tuple[BinaryIO, int | None, Callable[[], int]]]:
    """The stream of bytes, its size where that is known, and how far it has been read."""
    if file == "-":
        yield click.get_binary_stream("stdin"), None, lambda: 0
        return
    try:
        raw = open(file, "rb")  # noqa: SIM115
        zipped = raw.peek(2)[:2] == b"\x1f\x8b"
    except OSError as error:
        raise _unreadable(file, error) from error
    with raw:
        about = os.fstat(raw.fileno())
        regular = stat.S_ISREG(about.st_mode)
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw
        yield stream, about.st_size if regular else None, raw.tell if regular else lambda: 0


def _chunks(stream: Any, shown: str) -> Iterator[bytes]:
    """Bytes as they come: a pipe hands over what it has, so that a line is sent as soon as it is written."""
    try:
        while chunk := stream.read1(CHUNK_BYTES):
            yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(shown, error) from error


def _unreadable(shown: str, error: Exception) -> InputError:
    cause = getattr(error, "strerror", None) or str(error)
    return InputError(f"{shown}: {cause}; give a readable NDJSON file, plain or gzip")
