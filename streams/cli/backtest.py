"""`outages backtest`: the pure core over files, without Kafka."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from streams.cli.app import catalogue_of, settings_of, settings_options
from streams.cli.comparing import show_comparison
from streams.contracts.windows import Window
from streams.replay.comparison import compare, standing

_encode = msgspec.json.Encoder().encode


@click.command()
@click.argument("series", nargs=-1, type=click.Path(path_type=Path), metavar="[SERIES.csv]...")
@click.option("--events", type=click.Path(path_type=Path), metavar="FILE", help="Raw events, NDJSON, plain or gzip.")
@click.option("--scenario", metavar="SCENARIO", help="A scenario of seeds/scenarios/, by name or file.")
@click.option(
    "--against", metavar="FILE", help="Other settings (or a catalogue, .yaml): tell what would change under them."
)
@click.option("--json", "as_json", is_flag=True, help="A comparison as one line of JSON a window; the rest is always.")
@click.option("--strict", is_flag=True, help="Exit code 1 when an event was refused.")
@click.option("--profile", type=click.Choice(["counts", "smooth"]), default="counts", show_default=True)
@click.option("--false-opens-per-year", type=float, default=4.0, show_default=True, help="Tolerance of the series.")
@click.option("--partitions", type=click.IntRange(1, 1000), default=8, show_default=True, help="Where lines name none.")
@settings_options
def backtest(
    series: tuple[Path, ...],
    events: Path | None,
    scenario: str | None,
    against: str | None,
    as_json: bool,
    strict: bool,
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
    outages backtest --events day.ndjson.gz --config a.toml --against b.toml
                                                      windows that B gains, loses and moves
    """
    _refuse_what_does_not_go_together(series, events, scenario, against, strict, false_opens_per_year)
    if series:
        return _series(series, profile, false_opens_per_year)
    run = _Run("" if against is None else "A: ", settings_of(flags))
    runs = [run] if against is None else [run, _Run("B: ", _other_settings(flags, against))]
    found = (
        _of_scenario(str(scenario), run) if events is None else _of_events(events, run, partitions) for run in runs
    )
    if against is None:
        _print(next(found))
    else:
        show_comparison(compare(*map(standing, found)), as_json=as_json)
    return 1 if strict and any(run.refused for run in runs) else 0


def _refuse_what_does_not_go_together(
    series: tuple[Path, ...],
    events: Path | None,
    scenario: str | None,
    against: str | None,
    strict: bool,
    false_opens_per_year: float,
) -> None:
    if sum((bool(series), events is not None, scenario is not None)) != 1:
        raise click.UsageError("give either series files, or --events FILE, or --scenario SCENARIO")
    if not false_opens_per_year > 0:
        raise click.BadParameter("any number above 0", param_hint="--false-opens-per-year")
    if series and against is not None:
        raise click.UsageError("a series hangs on no settings: --against goes with --events or --scenario")
    if strict and events is None:
        raise click.UsageError("only events can be refused: --strict goes with --events")


@dataclass(slots=True)
class _Run:
    """One run of the core. `name`: which of two; `refused`: events that were."""

    name: str
    settings: Any
    refused: int = 0


def _other_settings(flags: dict[str, Any], against: str) -> Any:
    """Those of a settings file, or those of A with another catalogue."""
    if not Path(against).is_file():
        raise click.BadParameter(f"there is no file {against}", param_hint="--against")
    if Path(against).suffix in (".yaml", ".yml"):
        return settings_of(flags, catalogue=against)
    return settings_of(flags, config=against)


def _series(files: tuple[Path, ...], profile: str, false_opens_per_year: float) -> int:
    from streams.replay.series_csv import backtest_series

    out = sys.stdout.buffer
    for file in files:
        of = {"file": str(file)} if len(files) > 1 else {}
        for entry in backtest_series(file, profile=profile, false_opens_per_year=false_opens_per_year):
            out.write(_encode({**of, **entry}) + b"\n")
    out.flush()
    return 0


def _of_events(file: Path, run: _Run, partitions: int) -> Iterator[Window]:
    from streams.ingest.refusals import REMEDY, Refused
    from streams.replay.events_file import backtest_events

    def refused(line: int, topic: str, why: Refused) -> None:
        run.refused += 1
        if run.refused <= MAX_REFUSALS_SHOWN and run.name != "B: ":
            click.echo(f"{file}:{line}: refused, {why.reason}: {why.detail}; {REMEDY[why.reason]}", err=True)

    settings = run.settings
    with progress(f"{run.name}reading {file.name}") as advance:
        yield from backtest_events(
            file,
            catalogue_of(settings),
            prefix=settings.prefix,
            partitions=partitions,
            allowed_delay_s=settings.allowed_delay_s,
            tallies_partitions=settings.tallies_partitions,
            on_refused=refused,
            on_progress=advance,
        )
    if run.refused:
        click.echo(f"{file}: {run.name}{run.refused:,} refused in all", err=True)


MAX_REFUSALS_SHOWN = 100  # enough to see what is wrong with a file, few enough to read


def _of_scenario(name: str, run: _Run) -> Iterator[Window]:
    from streams.replay.scenario_run import backtest_scenario, find_scenario

    scenario = find_scenario(name)
    with progress(f"{run.name}replaying {scenario.id}") as advance:
        yield from backtest_scenario(scenario, catalogue_of(run.settings), run.settings, on_progress=advance)


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
