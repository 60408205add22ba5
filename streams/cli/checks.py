"""Is everything there and as it has to be? `outages topics` and `outages doctor`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from streams.cli.app import catalogue_of, settings_of, settings_options
from streams.cli.table import show_table

if TYPE_CHECKING:
    from streams.kafka.admin import TopicChange
    from streams.roles.checkup import Finding

DONE = {"create": "created", "alter": "changed", "keep": "as it was"}
WOULD_BE = {"create": "to create", "alter": "to change", "keep": "as it is"}


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a topic.")
@settings_options
def topics(dry_run: bool, as_json: bool, **flags: Any) -> int:
    """Create every topic that is missing and set what differs; check the rest.

    A topic with another number of partitions is refused: that cannot change without moving keys.

    \b
    outages topics --dry-run
    outages topics --brokers kafka-1:9092 --prefix outages.
    """
    from streams.kafka.admin import broker_count, ensure_topics
    from streams.kafka.topics import topic_specs
    from streams.roles.ready import is_mock_cluster

    settings = settings_of(flags)
    if is_mock_cluster(settings.brokers):
        click.echo(
            "outages: this is a mock cluster: topics appear by being asked for, with as many partitions as it likes "
            "and without settings; nothing outlives its process",
            err=True,
        )
        changes = _mock_changes(settings, dry_run)
    else:
        specs = topic_specs(settings, brokers=broker_count(settings.brokers))
        changes = ensure_topics(settings.brokers, specs, dry_run=dry_run)
    if as_json:
        for change in changes:
            click.echo(msgspec.json.encode(change))
    else:
        words = WOULD_BE if dry_run else DONE
        show_table(("", "", ""), [(words[c.action], c.topic, "; ".join(c.details)) for c in changes])
    return 0


def _mock_changes(settings: Any, dry_run: bool) -> list[TopicChange]:
    """Asks for every topic, which makes it, unless in a dry run. Raises TopicError for a wrong count."""
    from streams.kafka.admin import TopicChange
    from streams.kafka.topics import topic_specs
    from streams.roles.ready import ready

    if dry_run:
        return [TopicChange(spec.name, "create") for spec in topic_specs(settings, brokers=1)]
    counts = ready(settings).partitions
    return [TopicChange(settings.topic(name), "create", (f"{count} partitions",)) for name, count in counts.items()]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a finding.")
@settings_options
def doctor(as_json: bool, **flags: Any) -> int:
    """Look at broker, topics, clocks, roles, catalogue, libraries and disk: what is wrong and what to do.

    Changes nothing. Exit code 1 when something fails; what is only worth knowing is a warning.

    \b
    outages doctor
    outages doctor --json | jq 'select(.state != "ok")'
    """
    findings = []
    for finding in _findings(flags):
        findings.append(finding)
        if as_json:
            click.echo(msgspec.json.encode(finding))
    if not as_json:
        rows = [(f.state, f.about, f.text if f.remedy is None else f"{f.text}: {f.remedy}") for f in findings]
        show_table(("", "", ""), rows)
    return 1 if any(finding.state == "fail" for finding in findings) else 0


def _findings(flags: dict[str, Any]) -> Iterator[Finding]:
    from streams.roles.checkup import Finding, catalogue, machine
    from streams.roles.checkup_kafka import kafka
    from streams.settings import SettingsError

    try:
        settings = settings_of(flags)
    except SettingsError as error:
        what, _, remedy = str(error).rpartition("; ")
        yield Finding("settings", "fail", what, remedy)
        return
    clock = "the broker's clock" if settings.clock == "broker" else "clock records"
    yield Finding("settings", "ok", f"brokers {settings.brokers}, prefix {settings.prefix!r}, time by {clock}")
    yield from machine(settings)
    yield catalogue(lambda: catalogue_of(settings))
    yield from kafka(settings, lambda: time.time_ns() // 1_000_000)
