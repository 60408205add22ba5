"""What the topics hold: `outages tail` and `outages windows`."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from streams.cli.app import catalogue_of, settings_of, settings_options
from streams.cli.table import show_table
from streams.contracts.events import SIGNALS
from streams.contracts.times import parse_time_ms
from streams.contracts.windows import Window
from streams.windows.sentences import witness, worst
from streams.windows.story import story
from streams.windows.words import printable, span

TOPICS = (
    "errors",
    "reports",
    "statements",
    "feedback",
    "series",
    "windows",
    "windows.latest",
    "alerts",
    "ledger",
    "health",
    "dead-letters",
    "late",
    "tallies",
)


class NoSuchWindowError(LookupError):
    """No window has this id: one line with what to do about it."""


@click.command()
@click.argument("topic", type=click.Choice(TOPICS), metavar="TOPIC")
@click.option("--json", "as_json", is_flag=True, help="Records as they lie in the log, one line of JSON each.")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest record, not with the next one.")
@click.option("--max", "most", type=click.IntRange(min=1), metavar="N", help="End after N records.")
@click.option(
    "--until-idle",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End when so long nothing came.",
)
@settings_options
def tail(
    topic: str, as_json: bool, from_beginning: bool, most: int | None, until_idle: float | None, **flags: Any
) -> int:
    """Follow a topic: windows as a story, one line a revision; the rest as JSON. Ctrl-C ends it.

    TOPIC is a name without prefix: errors, reports, statements, feedback, series, windows, windows.latest, alerts,
    ledger, health, dead-letters, late, tallies.

    \b
    outages tail windows
    outages tail dead-letters --from-beginning --until-idle 2
    """
    from streams.cli.lines import lines_of
    from streams.kafka.records import follow

    settings = settings_of(flags)
    told = lines_of(topic, as_json=as_json)
    records = follow(settings.brokers, settings.topic(topic), from_beginning=from_beginning, idle_s=until_idle)
    shown = 0
    try:
        for record in records:
            lines = list(told(record))
            for line in lines:
                click.echo(line)
            shown += bool(lines)
            if shown == most:
                break
    except KeyboardInterrupt:  # how one ends it
        pass
    return 0


@click.command()
@click.argument("window", required=False, metavar="[ID]")
@click.option("--open", "only_open", is_flag=True, help="Only outages that are going on.")
@click.option("--service", metavar="S", help="Only those of a service, by any of its names.")
@click.option("--json", "as_json", is_flag=True, help="The newest revision of each, one line of JSON.")
@settings_options
def windows(window: str | None, only_open: bool, service: str | None, as_json: bool, **flags: Any) -> int:
    """List the outage windows that are and were, or tell the story of one.

    \b
    outages windows --open
    outages windows twitter-20220714T115800Z
    """
    from streams.kafka.windows import newest_windows

    settings = settings_of(flags)
    found = newest_windows(settings.brokers, settings.topic("windows.latest"))
    if window is not None:
        found = [known for known in found if known.window == window]
        if not found:
            raise NoSuchWindowError(f"no window is called {window!r}: list them with `outages windows`")
    if service is not None:
        wanted = catalogue_of(settings).resolve(service) or service
        found = [known for known in found if known.service == wanted]
    if only_open:
        found = [known for known in found if known.state == "open"]
    if as_json:
        for known in found:
            click.echo(msgspec.json.encode(known))
    elif window is not None:
        for known in found:
            click.echo("\n".join([known.window, *story(known)]))
    elif found:
        show_table(HEADINGS, [_cells(known) for known in found])
    else:
        click.echo(f"outages: no {'such windows' if service or only_open else 'windows yet'}", err=True)
    return 0


HEADINGS = ("state", "severity", "service", "started", "ended", "lasted", "at worst", "cause", "window")


def _cells(window: Window) -> list[str]:
    clocks = window.clocks
    until = clocks.ended or window.time
    lasted = span(max(0, parse_time_ms(until) - parse_time_ms(clocks.started)) // 1000)
    peaks = [told for signal in SIGNALS if (told := worst(signal, witness(window, signal)))]
    cause = window.cause.verdict if window.cause.of is None else f"{window.cause.verdict} {window.cause.of}"
    return [
        window.state,
        window.severity,
        printable(window.service),
        clocks.started[:16] + "Z",
        "" if clocks.ended is None else clocks.ended[:16] + "Z",
        lasted if clocks.ended is not None else f"{lasted} so far",
        peaks[-1] if peaks else "",
        printable(cause),
        printable(window.window),
    ]
