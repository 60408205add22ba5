"""The settings themselves, with their units, bounds and defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from msgspec import Meta, Struct

from streams.ingest.sources import Source

Clock = Literal["broker", "record"]

# One port a role, in the range where Prometheus' own list of default ports has free ones: base + place in this list.
ROLES_WITH_METRICS = ("tally", "detect", "correlate", "alert", "serve")

Partitions = Annotated[int, Meta(ge=1, le=1_000)]
# Ten years: whatever is meant as "never" fits, and nothing overflows when it becomes milliseconds.
Seconds = Annotated[float, Meta(gt=0, le=315_360_000)]


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Where state lies that may be lost: `$XDG_STATE_HOME/outage-streams`, by default below ~/.local/state."""
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():  # unset, or relative, which the XDG specification says to ignore
        state = Path(environ.get("HOME") or ".") / ".local" / "state"
    return state / "outage-streams"


class Settings(Struct, frozen=True, kw_only=True):
    """All settings. Units stand in the names: `_s` seconds, `_ms` milliseconds, `_bytes` bytes."""

    brokers: str = "127.0.0.1:9092"
    prefix: Annotated[str, Meta(min_length=1, max_length=100)] = "outages."
    clock: Clock = "broker"
    catalogue: Path | None = None
    allowed_delay_s: Seconds = 20.0
    errors_partitions: Partitions = 8
    reports_partitions: Partitions = 8
    tallies_partitions: Partitions = 4
    flush_ms: Annotated[int, Meta(ge=20, le=10_000)] = 500
    snapshot_s: Seconds = 60.0
    give_up_s: Seconds = 300.0
    pause_ahead_s: Seconds = 300.0
    canary_s: Seconds = 1.0
    blind_after_s: Seconds = 90.0
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Meta(ge=0, le=65_530)] = 9464
    metric_services: Annotated[int, Meta(ge=0, le=100_000)] = 500
    data_dir: Path = default_data_dir(os.environ)
    source: tuple[Source, ...] = ()

    def topic(self, name: str) -> str:
        """The full name of a topic of ours: `errors` is `outages.errors`."""
        return self.prefix + name

    @property
    def broker_list(self) -> tuple[str, ...]:
        return tuple(self.brokers.split(","))

    @property
    def allowed_delay_ms(self) -> int:
        return round(self.allowed_delay_s * 1000)

    def port_of(self, role: str) -> int:
        """The port of a role's `/metrics`; 0 is any free one. ValueError for a role that serves none."""
        place = ROLES_WITH_METRICS.index(role)
        return self.metrics_port and self.metrics_port + place

    def source_of(self, topic: str) -> Source | None:
        """The `[[source]]` that describes a topic, by its full name."""
        return next((source for source in self.source if source.topic == topic), None)


TYPES: Mapping[str, Any] = get_type_hints(Settings, include_extras=True)
