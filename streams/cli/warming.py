"""`outages warm-up`: baselines from history."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from streams.cli.app import F, catalogue_of, settings_of, settings_options
from streams.cli.backtest import progress
from streams.cli.table import show_table
from streams.contracts.times import BadTime, parse_time_ms
from streams.windows.words import listed, span

if TYPE_CHECKING:
    from streams.roles.warming import Fate
    from streams.warmup.past import Filled, Past

SLOT_MS = 600_000  # what is learnt is sums of ten minutes


@click.group()
def warm_up() -> None:
    """Fill baselines from history, so that a new installation judges from its first minute.

    Two weeks are what detect compares with. It takes them when it begins, and while it runs for series that do not
    know seven days by themselves.

    \b
    outages warm-up csv errors.csv --service twitter --signal errors
    outages warm-up prometheus http://prometheus:9090 'sum(increase(http_errors_total[1m]))' \\
      --service twitter --signal errors
    """


def warming_options(command: F) -> F:
    """The flags of every source of history."""
    for option in (
        settings_options,
        click.option("--json", "as_json", is_flag=True, help="One line of JSON a series."),
        click.option("--dry-run", is_flag=True, help="Say what would be filled, and send nothing; needs no Kafka."),
    ):
        command = option(command)
    return command


signal_choice = click.Choice(["errors", "reports"])


@warm_up.command("csv", short_help="From CSV files, of one series or of many.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--service", metavar="S", help="Whose rows these are; else a column `service` says it.")
@click.option("--signal", type=signal_choice, help="What they count; else a column `signal` says it.")
@click.option("--region", metavar="R", help="Where; else a column `region` says it, else the service as a whole.")
@warming_options
def warm_up_csv(
    files: tuple[Path, ...],
    service: str | None,
    signal: Any,
    region: str | None,
    dry_run: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """From CSV files: `timestamp,value`, or `timestamp,service,signal,region,value` of many series.

    A row a minute, or any span that ten minutes hold a whole number of times. Rows that are absent are times in which
    nothing was seen, never zeros.

    \b
    outages warm-up csv errors.csv --service twitter --signal errors --dry-run
    outages warm-up csv all.csv
    """
    from streams.warmup.csv_files import Given, read_csv
    from streams.warmup.past import service_of

    settings = settings_of(flags)
    catalogue = catalogue_of(settings)
    if service is not None:
        service_of(service, catalogue, "--service")
    with progress(f"reading {files[0].name}" if len(files) == 1 else f"reading {len(files)} files") as advance:
        past = read_csv(files, catalogue, Given(service, signal, region), advance)
    return _fill(past, settings, dry_run, as_json)


@warm_up.command("prometheus", short_help="From a Prometheus, or what speaks its API.")
@click.argument("url")
@click.argument("query")
@click.option("--signal", type=signal_choice, required=True, help="What the query counts.")
@click.option("--service", metavar="S", help="Whose counts these are.")
@click.option("--service-label", metavar="LABEL", help="The label that names the service, by any of its names.")
@click.option("--region-label", metavar="LABEL", help="The label that names the region.")
@click.option("--days", type=click.FloatRange(min=0, max=16, min_open=True), default=14.0, show_default=True)
@click.option("--step", type=click.IntRange(1, 600), default=60, show_default=True, help="Seconds a point counts.")
@click.option("--until", metavar="TIME", help="The end, instead of now: 2026-01-05T12:00:00Z.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Bearer token; else in the environment: PROMETHEUS_TOKEN.",
)
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="Sent along, such as a tenant's.")
@click.option(
    "--points",
    type=click.IntRange(1, 11_000),  # more of a series at once: "exceeded maximum resolution of 11,000 points"
    default=1440,
    show_default=True,
    help="At most so many of a series in one request.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds a request may take.",
)
@warming_options
def warm_up_prometheus(url: str, query: str, signal: Any, dry_run: bool, as_json: bool, **options: Any) -> int:
    """From a Prometheus, or what speaks its API: a query whose points count the events of one step each.

    Use increase() over the length of a step. Where a point is absent or NaN, nothing was seen.

    \b
    outages warm-up prometheus http://prometheus:9090 'sum(increase(http_errors_total[1m]))' \\
      --service twitter --signal errors --dry-run
    outages warm-up prometheus https://prometheus.example.org \\
      'sum by (app, country) (increase(http_errors_total[5m]))' --step 300 \\
      --service-label app --region-label country --signal errors
    """
    from streams.warmup.past import service_of
    from streams.warmup.prometheus import Asked, read_prometheus
    from streams.warmup.prometheus_http import Server

    service, service_label, region_label = (options.pop(name) for name in ("service", "service_label", "region_label"))
    step, points, days, timeout = (options.pop(name) for name in ("step", "points", "days", "timeout"))
    until, token_file, headers = (options.pop(name) for name in ("until", "token_file", "headers"))
    settings = settings_of(options)
    catalogue = catalogue_of(settings)
    if (service is None) == (service_label is None):
        raise click.UsageError("give either --service, or --service-label")
    if SLOT_MS // 1000 % step:
        raise click.BadParameter("ten minutes hold no whole number of these steps", param_hint="--step")
    if service is not None:
        service_of(service, catalogue, "--service")
    end_ms = _now_ms() if until is None else _moment(until)
    asked = Asked(query, signal, service, service_label, region_label, end_ms // SLOT_MS * SLOT_MS, days, step, points)
    server = Server(url, _token(token_file), dict(map(_header, headers)), timeout)
    with progress(f"asking {server.shown}") as advance:
        taken = read_prometheus(server, asked, catalogue, advance)
    for doubt in taken.doubts:
        _note(doubt)
    if taken.unknown:
        _note(
            f"nobody is called {listed(list(map(repr, taken.unknown)))} in the catalogue: passed over; add what is "
            "yours to your own catalogue, or to a service's aliases"
        )
    return _fill(taken.past, settings, dry_run, as_json)


HEADINGS = ("service", "signal", "region", "from", "until", "days", "a minute", "gaps")


def _fill(past: Past, settings: Any, dry_run: bool, as_json: bool) -> int:
    """Sends what there is, or only tells it."""
    from streams.roles.ready import ready
    from streams.roles.warming import lived, refuse_in_vain, refuse_known, send_history

    filled = list(past.filled())
    now_ms = _now_ms() if settings.clock == "broker" else None
    if dry_run:
        refuse_in_vain(filled, now_ms)
        _tell_future(filled, now_ms)
        _tell(filled, as_json)
        return 0
    ready(settings)
    known = lived(settings)
    now_ms = known.now_ms if now_ms is None else now_ms
    refuse_in_vain(filled, now_ms)
    _tell_future(filled, now_ms)
    fates = {series: known.fate(series) for series in filled}
    refuse_known(fates, settings.prefix)
    with progress("sending") as advance:
        count = send_history(settings, past.records(), lambda done: advance(done, len(filled)))
    if as_json:
        _tell(filled, as_json)
    longest = max(filled, key=lambda series: series.days)
    click.echo(f"sent history of {count:,} series, up to {longest.days:.1f} days, until {longest.until}", err=as_json)
    for fate, told in FATES.items():
        of = [f"{series.signal} of {series.service}" for series in filled if fates[series] == fate]
        if of:
            click.echo(f"{len(of):,} {told}: {listed(list(dict.fromkeys(of)))}", err=as_json)
    return 0


FATES: dict[Fate, str] = {
    "begins": "will be taken when detect begins",
    "catches up": "will be taken with the next minute that detect seals, or once an outage in it is over",
    "knows enough": "will not be taken, since detect knows seven days, or as much as this",
    "not there": "will not be taken, since detect runs on another catalogue: start it again with yours, then fill anew",
}


def _tell(filled: list[Filled], as_json: bool) -> None:
    if as_json:
        for series in filled:
            click.echo(msgspec.json.encode(series))
    else:
        show_table(HEADINGS, [_cells(series) for series in filled])


def _cells(series: Filled) -> list[str]:
    gaps = f"{series.gaps}, {span(series.missing_min * 60)} in all" if series.gaps else "none"
    shown = (series.service, series.signal, series.region or "", series.since[:16] + "Z", series.until[:16] + "Z")
    return [*shown, f"{series.days:.1f}", f"{series.per_minute:.4g}", gaps]


def _tell_future(filled: list[Filled], now_ms: int | None) -> None:
    until = max(series.until for series in filled)
    if now_ms is not None and parse_time_ms(until) > now_ms + SLOT_MS:
        _note(f"it runs until {until}, which is yet to come: times without an offset are taken as UTC")


def _note(text: str) -> None:
    click.echo(f"outages: {text}", err=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _moment(text: str) -> int:
    try:
        return parse_time_ms(text)
    except BadTime as error:
        raise click.BadParameter(f"{error}; write 2026-01-05T12:00:00Z", param_hint="--until") from error


def _token(file: Path | None) -> str | None:
    from streams.warmup.prometheus_http import TOKEN_VARIABLE, PrometheusError

    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise PrometheusError(f"{file}: cannot be read ({cause}); name the file that holds the token") from error
    if not token or not token.isprintable():
        raise PrometheusError(f"{file}: holds no token; write it there, and nothing else")
    return token


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and name.strip().isascii() and value.strip().isprintable()):
        raise click.BadParameter(f"{text!r} is no header; write NAME:VALUE", param_hint="--header")
    return name.strip(), value.strip()
