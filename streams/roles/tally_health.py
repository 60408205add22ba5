"""What a tally tells of itself once a second: how far each partition is, in metrics and on `health`."""

from __future__ import annotations

from collections.abc import Mapping

from streams.contracts.health import BlindSpot, Health
from streams.contracts.times import rfc3339
from streams.metrics import Metrics
from streams.roles.assigned import Source
from streams.settings import Settings
from streams.tally.source import Fold


def tally_health(
    folds: Mapping[Source, Fold], settings: Settings, metrics: Metrics, instance: str, wall_ms: int
) -> Health:
    """The heartbeat of this moment; sets the gauges of lag and blindness beside it."""
    live = settings.clock == "broker"  # a replay's time has nothing to do with the wall's
    positions: dict[str, dict[str, int]] = {}
    blind: list[BlindSpot] = []
    lags_s: list[float] = []
    for (name, partition), fold in folds.items():
        positions.setdefault(name, {})[str(partition)] = fold.position
        if fold.watermark_ms is None or not live:
            continue
        lag_s = (wall_ms - fold.watermark_ms) / 1000 - settings.allowed_delay_s
        lags_s.append(lag_s)
        unseen = lag_s > settings.blind_after_s
        if unseen:
            blind.append(BlindSpot(name, partition, since=rfc3339(fold.watermark_ms)))
        metrics.watermark_lag.labels("tally", name, str(partition)).set(lag_s)
        metrics.lag.labels(name, str(partition)).set(
            max(lag_s, 0.0)
        )  # of the newest record read: commits lag on purpose
        metrics.blind.labels(name, "", str(partition)).set(float(unseen))
    canary_age_s = min(lags_s, default=None)
    if canary_age_s is not None:
        metrics.canary_age.set(canary_age_s)
    return Health(
        role="tally",
        instance=instance,
        time=rfc3339(wall_ms),
        positions=positions,
        blind=blind,
        lag_s=max(lags_s, default=None),
        canary_age_s=canary_age_s,
    )


def forget(sources: Mapping[Source, Fold], metrics: Metrics) -> None:
    """Takes away the gauges of partitions that are no longer ours: a new owner tells of them."""
    for name, partition in sources:
        for gauge, labels in (
            (metrics.watermark_lag, ("tally", name, str(partition))),
            (metrics.lag, (name, str(partition))),
            (metrics.blind, (name, "", str(partition))),
        ):
            gauge.labels(*labels)  # makes it if need be: to remove one that is not there is an error
            gauge.remove(*labels)
