"""`outages demo`: the whole system on this machine, watched."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from streams.cli.app import settings_options


@click.command()
@click.option("--once", is_flag=True, help="End with the scenario.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Keep all window revisions."
)
@click.option("--scenario", default="twitter-2022-07-14", show_default=True, metavar="S", help="By name or file.")
@click.option(
    "--speed", type=click.FloatRange(min=0.01), help="Event time against the wall's; else two minutes in all."
)
@click.option("--broker", default="auto", metavar="real|mock|HOST:PORT", help="Kafka; by default real where Java is.")
@settings_options
def demo(once: bool, out: Path | None, scenario: str, speed: float | None, broker: str, **flags: Any) -> int:
    """Watch an outage being found, explained and closed, through real Kafka topics and real agents.

    \b
    outages demo                                  14 July 2022, until Ctrl-C
    outages demo --once --out windows.ndjson      ends with the scenario and keeps every revision
    """
    from streams.cli.app import catalogue_of, settings_of
    from streams.cli.views import view_of
    from streams.replay.describe import describe
    from streams.replay.loading import load_scenario
    from streams.roles.demo import Demo, run_demo
    from streams.stopping import told_to_stop

    given = {**flags}
    if broker not in ("auto", "real", "mock") and given.get("prefix") is None:
        # Somebody's own cluster: topics of this demo only, which no live data and no earlier demo shares.
        given["prefix"] = f"outages-demo-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}."
    settings = settings_of(given)
    catalogue_of(settings)  # refuse a bad one before anything is started
    played = load_scenario(scenario)
    minutes = (played.end_ms - played.start_ms) / 60_000
    chosen = Demo(played, settings, broker, speed or max(1.0, minutes * 60 / STORY_S), once, out)
    with told_to_stop() as stop, view_of(sys.stdout, played) as view:
        view.say(describe(played))
        ended = run_demo(chosen, view, lambda: stop.told)
    return 0 if ended or not once else 130


STORY_S = 120.0  # long enough to follow, short enough to watch to its end
