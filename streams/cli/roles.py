"""`outages run`, `worker` and the single roles."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

import click

from streams.cli.app import catalogue_of, settings_of, settings_options

WORKER_ROLES = ("detect", "correlate", "alert")
ALL_ROLES = ("tally", *WORKER_ROLES)


def role_options(command: Any) -> Any:
    """The flags of every command that runs a role."""
    for option in (
        click.option("--snapshot-s", type=float, help="Seconds between snapshots.  [OUTAGES_SNAPSHOT_S]"),
        click.option("--flush-ms", type=int, help="Milliseconds between flushes of tally.  [OUTAGES_FLUSH_MS]"),
        click.option("--metrics-port", type=int, help="Base port of /metrics; 0 any free one.  [OUTAGES_METRICS_PORT]"),
        settings_options,
    ):
        command = option(command)
    return command


@click.command()
@role_options
def tally(**flags: Any) -> None:
    """Fold the input topics into panes: a plain consumer-group member. Start more to share the partitions.

    \b
    outages tally --brokers kafka-1:9092,kafka-2:9092
    """
    settings, catalogue, _, metrics = _begin("tally", flags)
    from streams.roles.tally import Tally

    role = Tally(settings, catalogue, metrics)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: role.stop())
    if not settings.source:
        role.run()
        return
    from streams.roles.relay import Relay

    relay = Relay(settings)
    failed: list[bool] = []

    def give_up() -> None:
        failed.append(True)
        role.stop()

    thread = relay.start(give_up)
    role.run()
    relay.stop()
    thread.join()
    if failed:
        raise click.ClickException("the relay of [[source]] topics has ended, see above; start tally again")


@click.command()
@role_options
def detect(**flags: Any) -> None:
    """Seal buckets and score every series: a Faust app on `tallies`. Start more to share the partitions.

    \b
    outages detect --brokers kafka-1:9092
    """
    settings, catalogue, cluster, metrics = _begin("detect", flags)
    from streams.roles.agents import run_detect

    run_detect(settings, catalogue, cluster, metrics)


@click.command()
@role_options
def correlate(**flags: Any) -> None:
    """Join both witnesses into outage windows: a Faust app on `series`. A second one stands by.

    \b
    outages correlate --brokers kafka-1:9092
    """
    settings, catalogue, cluster, metrics = _begin("correlate", flags)
    from streams.roles.agents import run_correlate

    run_correlate(settings, catalogue, cluster, metrics)


@click.command()
@role_options
def alert(**flags: Any) -> None:
    """Tell of windows on the topic `alerts`: a Faust app on `windows`. A second one stands by.

    \b
    outages alert --brokers kafka-1:9092
    """
    settings, _, cluster, metrics = _begin("alert", flags)
    from streams.roles.agents import run_alert

    run_alert(settings, cluster, metrics)


@click.command()
@role_options
def worker(**flags: Any) -> None:
    """Run the three Faust apps (detect, correlate, alert) under a supervisor that starts again whatever exits.

    \b
    outages worker --brokers kafka-1:9092
    """
    _supervise(WORKER_ROLES, flags)


@click.command()
@role_options
def run(**flags: Any) -> None:
    """Run every role on this machine under a supervisor. Creates the topics that are missing.

    \b
    outages run --brokers 127.0.0.1:9092
    """
    from streams.roles.ready import make_ready

    make_ready(settings_of(flags))
    _supervise(ALL_ROLES, flags)


def _begin(role: str, flags: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Settings, catalogue, a cluster that is ready, and metrics being served."""
    from streams.metrics import Metrics
    from streams.roles.ready import ready

    settings = settings_of(flags)
    configure_logging()
    catalogue = catalogue_of(settings)
    cluster = ready(settings)
    metrics = Metrics()
    port = settings.port_of(role)
    try:
        served = metrics.serve(settings.metrics_host, port)
    except OSError as error:
        raise click.ClickException(
            f"/metrics of {role} cannot be served at {settings.metrics_host}:{port} ({error.strerror}); "
            "set metrics_port to another base, or to 0 for any free port"
        ) from error
    click.echo(f"{role}: metrics at http://{settings.metrics_host}:{served}/metrics", err=True)
    return settings, catalogue, cluster, metrics


def _supervise(roles: tuple[str, ...], flags: dict[str, Any]) -> None:
    from streams.supervisor import Ended, Supervisor

    settings = settings_of(flags)
    commands = role_commands(roles, settings, flags)

    def tell(ended: Ended) -> None:
        click.echo(f"{ended.name} ended with code {ended.code}; again in {ended.again_in_s:g} s", err=True)

    Supervisor(commands, settings.data_dir / "log", echo=sys.stderr).run(tell=tell)


def role_commands(roles: tuple[str, ...], settings: Any, flags: dict[str, Any]) -> list[Any]:
    """One process per role with the same settings as this one."""
    from streams.supervisor import Command

    set_here = [(f"--{name.replace('_', '-')}", str(value)) for name, value in flags.items() if value is not None]
    given = [part for flag in set_here for part in flag]
    return [Command(role, (sys.executable, "-m", "streams", role, *given), dict(os.environ)) for role in roles]


def configure_logging() -> None:
    """Log lines on stderr, one event a line."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    plain = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=plain)


__all__ = ["alert", "correlate", "detect", "role_commands", "run", "tally", "worker"]
