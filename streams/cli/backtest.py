"""`outages backtest`: the pure core over files, without Kafka."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from streams.cli.app import catalogue_of, settings_of, settings_options

_encode = msgspec.json.Encoder().encode


@click.command()
@click.argument("series", nargs=-1, type=click.Path(path_type=Path), metavar="[SERIES.csv]...")
@click.option("--events", type=click.Path(path_type=Path), metavar="FILE", help="Raw events, NDJSON, plain or gzip.")
@click.option("--scenario", metavar="SCENARIO", help="A scenario of seeds/scenarios/, by name or file.")
@click.option("--profile", type=click.Choice(["counts", "smooth"]), default="counts", show_default=True)
@click.option("--false-opens-per-year", type=float, default=4.0, show_default=True, help="Tolerance of the series.")
@click.option("--partitions", type=click.IntRange(1, 1000), default=8, show_default=True, help="Where lines name none.")
@settings_options
def backtest(
    series: tuple[Path, ...],
    events: Path | None,
    scenario: str | None,
    profile: str,
    false_opens_per_year: float,
    partitions: int,
    **flags: Any,
) -> int:
    """Run the detector over history and print what it would have said, as NDJSON.

    \b
    outages backtest requests.csv                     buckets and windows of a series `timestamp,value`
    outages backtest --events day.ndjson.gz           window revisions of raw events
    outages backtest --scenario twitter-2022-07-14    window revisions of a scenario
    """
    if sum((bool(series), events is not None, scenario is not None)) != 1:
        raise click.UsageError("give either series files, or --events FILE, or --scenario SCENARIO")
    if not false_opens_per_year > 0:
        raise click.BadParameter("any number above 0", param_hint="--false-opens-per-year")
    if series:
        return _series(series, profile, false_opens_per_year)
    settings = settings_of(flags)
    if events is not None:
        return _events(events, settings, partitions)
    return _scenario(str(scenario), settings)


def _series(files: tuple[Path, ...], profile: str, false_opens_per_year: float) -> int:
    from streams.replay.series_csv import backtest_series

    out = sys.stdout.buffer
    for file in files:
        for entry in backtest_series(file, profile=profile, false_opens_per_year=false_opens_per_year):
            out.write(_encode(entry) + b"\n")
    out.flush()
    return 0


def _events(file: Path, settings: Any, partitions: int) -> int:
    from streams.ingest.refusals import REMEDY, Refused
    from streams.replay.events_file import backtest_events

    refusals = 0

    def refused(line: int, topic: str, why: Refused) -> None:
        nonlocal refusals
        refusals += 1
        if refusals <= MAX_REFUSALS_SHOWN:
            click.echo(f"{file}:{line}: refused, {why.reason}: {why.detail}; {REMEDY[why.reason]}", err=True)

    with progress(f"reading {file.name}") as advance:
        windows = backtest_events(
            file,
            catalogue_of(settings),
            prefix=settings.prefix,
            partitions=partitions,
            allowed_delay_s=settings.allowed_delay_s,
            tallies_partitions=settings.tallies_partitions,
            on_refused=refused,
            on_progress=advance,
        )
        _print(windows)
    if refusals > MAX_REFUSALS_SHOWN:
        click.echo(f"{file}: {refusals - MAX_REFUSALS_SHOWN} more refused", err=True)
    return 0


MAX_REFUSALS_SHOWN = 100  # enough to see what is wrong with a file, few enough to read


def _scenario(name: str, settings: Any) -> int:
    from streams.replay.scenario_run import backtest_scenario, find_scenario

    scenario = find_scenario(name)
    with progress(f"replaying {scenario.id}") as advance:
        _print(backtest_scenario(scenario, catalogue_of(settings), settings, on_progress=advance))
    return 0


def _print(windows: Iterator[Any]) -> None:
    out = sys.stdout.buffer
    for window in windows:
        out.write(_encode(window) + b"\n")
        out.flush()


@contextmanager
def progress(what: str) -> Iterator[Any]:
    """A bar on the terminal's error stream; nothing where that is no terminal. Yields `advance(done, total)`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    share = TextColumn("{task.percentage:>3.0f} %")
    columns = (TextColumn("{task.description}"), BarColumn(), share, TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
