"""`outages replay`: a scenario into the topics."""

from __future__ import annotations

import time
from typing import Any

import click

from streams.cli.app import settings_of, settings_options


@click.command()
@click.argument("scenario", metavar="SCENARIO")
@click.option(
    "--speed", type=click.FloatRange(min=0.01), default=60.0, show_default=True, help="Event time to wall time."
)
@click.option("--now", is_flag=True, help="Move the scenario in time so that it begins now.")
@click.option("--history/--no-history", default=True, show_default=True, help="Give baselines the days before it.")
@settings_options
def replay(scenario: str, speed: float, now: bool, history: bool, **flags: Any) -> int:
    """Replay a scenario of seeds/scenarios/ (by name) or a file of your own into the topics of a prefix.

    The prefix is timed by clock records, so every role must run with --clock record too, and no live data may share it.

    \b
    outages run --clock record --prefix replay. &
    outages replay twitter-2022-07-14 --prefix replay. --speed 120
    """
    from streams.cli.backtest import progress
    from streams.replay.describe import describe
    from streams.replay.loading import load_scenario
    from streams.replay.scenario_run import history_records, placed_records
    from streams.replay.shifted import shifted
    from streams.roles.ready import is_mock_cluster, make_ready
    from streams.roles.replayer import Replayer
    from streams.stopping import told_to_stop

    if flags.get("clock") == "broker":
        raise click.UsageError("a replay is timed by clock records: leave --clock out, or say --clock record")
    settings = settings_of({**flags, "clock": "record"})
    played = load_scenario(scenario)
    if now:
        played = shifted(played, time.time_ns() // 1_000_000)
    make_ready(settings)
    with told_to_stop() as stop, progress(f"replaying {played.id}") as advance:
        replayer = Replayer(settings, paced=is_mock_cluster(settings.brokers), stop=lambda: stop.told)
        replayer.refuse_if_past(played.start_ms)
        click.echo(describe(played))
        if history:
            click.echo(f"history of {replayer.warm_up(history_records(played))} series sent", err=True)
        length_ms = played.end_ms - played.start_ms
        replayer.replay(
            placed_records(played, settings), speed, lambda time_ms: advance(time_ms - played.start_ms, length_ms)
        )
    click.echo(f"sent {replayer.records} records" + (", stopped before the end" if stop.told else ""))
    return 130 if stop.told else 0
