"""detect, correlate and alert as processes: a Faust app around one stateful agent, with its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from streams.agents.alert import AlertCore
from streams.agents.core import Core, Output
from streams.agents.correlate import CorrelateCore
from streams.agents.detect import DetectCore
from streams.agents.stateful import StatefulAgent
from streams.catalogue import Catalogue
from streams.contracts.events import INPUT_TOPICS
from streams.contracts.health import Health
from streams.contracts.series import BucketReport
from streams.contracts.times import parse_time_ms, rfc3339
from streams.contracts.windows import Window
from streams.metrics import Metrics
from streams.roles.faust_app import faust_app, run_app
from streams.roles.instance import instance_name
from streams.roles.ready import Cluster, topic_id
from streams.roles.watchdog import Watchdog
from streams.settings import Settings

SINGLE = ("statements", "feedback")  # one partition by contract; on the mock cluster there are more, which stay empty


def run_detect(settings: Settings, catalogue: Catalogue, cluster: Cluster, metrics: Metrics) -> None:
    """Runs detect until it is told to stop."""
    inputs = {topic: 1 if topic in SINGLE else cluster.partitions[topic] for topic in INPUT_TOPICS}
    show = ServiceGauges(metrics, settings, catalogue)
    partitions = settings.tallies_partitions
    _run(
        settings,
        cluster,
        metrics,
        role="detect",
        topic="tallies",
        core_of=lambda partition: DetectCore(partition, partitions, catalogue, inputs, show.report),
    )


def run_correlate(settings: Settings, catalogue: Catalogue, cluster: Cluster, metrics: Metrics) -> None:
    """Runs correlate until it is told to stop."""
    show = WindowGauges(metrics)
    _run(
        settings,
        cluster,
        metrics,
        role="correlate",
        topic="series",
        core_of=lambda _: CorrelateCore(catalogue, settings.prefix, show.window),
    )


def run_alert(settings: Settings, cluster: Cluster, metrics: Metrics) -> None:
    """Runs alert until it is told to stop."""
    _run(
        settings,
        cluster,
        metrics,
        role="alert",
        topic="windows",
        core_of=lambda _: AlertCore(
            settings.prefix, lambda told: metrics.alerts.labels(told.alert.route, told.state).inc()
        ),
    )


def _run(
    settings: Settings,
    cluster: Cluster,
    metrics: Metrics,
    *,
    role: str,
    topic: str,
    core_of: Callable[[int], Core],
) -> None:
    app = faust_app(role, settings, settings.data_dir / role)
    instance = instance_name()

    def heartbeat(positions: dict[str, dict[str, int]] | None) -> Output:
        key = f"{role}/{instance}".encode()
        if positions is None:  # the last one, in good order
            return Output("health", key, None)
        health = Health(role=role, instance=instance, time=rfc3339(time.time_ns() // 1_000_000), positions=positions)
        return Output("health", key, msgspec.json.encode(health))

    agent = StatefulAgent(
        app,
        prefix=settings.prefix,
        topic=topic,
        partitions=cluster.partitions[topic],
        topic_id="" if cluster.is_mock else topic_id(settings, topic),
        core_of=core_of,
        snapshot_s=settings.snapshot_s,
        on_snapshot=lambda partition, size: metrics.snapshot_bytes.set(size),
        heartbeat=heartbeat,
    )
    Watchdog(settings.brokers, settings.topic(role), settings.topic(topic), agent.positions, agent.progress).start()
    run_app(app)


class ServiceGauges:
    """Gauges of single services: the first `metric_services` of the catalogue, and any that has an open window."""

    def __init__(self, metrics: Metrics, settings: Settings, catalogue: Catalogue) -> None:
        self._metrics = metrics
        self._live = settings.clock == "broker"
        self._always = frozenset(list(catalogue.services)[: settings.metric_services])
        self._shown: set[tuple[str, str]] = set()

    def report(self, report: BucketReport) -> None:
        """Shows the newest bucket of one partition and signal."""
        m = self._metrics
        notable = {state.service for state in report.states if state.state == "open"}
        columns = zip(
            report.services, report.observed, report.expected, report.lower, report.upper, report.score, strict=True
        )
        for service, observed, expected, lower, upper, score in columns:
            if service in self._always or service in notable:
                labels = (service, report.signal)
                for gauge, value in (
                    (m.observed, observed), (m.expected, expected), (m.lower, lower), (m.upper, upper), (m.score, score)
                ):  # fmt: skip
                    gauge.labels(*labels).set(value)
                self._shown.add(labels)
            elif (service, report.signal) in self._shown:
                self._shown.discard((service, report.signal))
                for gauge in (m.observed, m.expected, m.lower, m.upper, m.score):
                    gauge.remove(service, report.signal)
        if self._live:
            ended_ms = parse_time_ms(report.bucket) + report.bucket_s * 1000
            m.detection_delay.observe(max(0.0, time.time() - ended_ms / 1000))


class WindowGauges:
    """What is open, and what has been."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._open: dict[str, tuple[str, str, str]] = {}

    def window(self, window: Window) -> None:
        """Shows one revision."""
        before = self._open.pop(window.window, None)
        if before is not None and before not in self._open.values():
            self._metrics.window_open.remove(*before)
        if window.state == "open":
            labels = (window.service, window.severity, window.cause.verdict)
            self._open[window.window] = labels
            self._metrics.window_open.labels(*labels).set(1)
        elif window.change == "closed" and window.clocks.ended is not None:
            self._metrics.windows.labels(window.service, window.cause.verdict).inc()
            lasted_ms = parse_time_ms(window.clocks.ended) - parse_time_ms(window.clocks.started)
            self._metrics.window_seconds.observe(lasted_ms / 1000)
