"""Every metric by its name in the contract, with what it means and what to do when it looks wrong."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server


class Metrics:
    """The metrics of one process, on a registry of its own. Unused ones cost nothing and show nothing."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        # Refused rising: read `dead-letters`, each names its reason. Late rising: producers' clocks or queues lag.
        self.events = Counter("outages_events", "Records by what became of them.", ["signal", "outcome"], registry=r)
        per_service = ["service", "signal"]
        self.observed = Gauge("outages_observed_events", "Events in the newest bucket.", per_service, registry=r)
        self.expected = Gauge("outages_expected_events", "What that bucket should hold.", per_service, registry=r)
        self.upper = Gauge("outages_upper_events", "Upper bound of a usual bucket.", per_service, registry=r)
        self.lower = Gauge("outages_lower_events", "Lower bound of a usual bucket.", per_service, registry=r)
        self.score = Gauge("outages_score", "-log10 of the probability of the newest bucket.", per_service, registry=r)
        self.window_open = Gauge(
            "outages_window_open", "1 while a window is open.", ["service", "severity", "verdict"], registry=r
        )
        self.windows = Counter("outages_windows", "Windows closed.", ["service", "verdict"], registry=r)
        self.window_seconds = Histogram(
            "outages_window_seconds",
            "How long outages lasted, from started to ended.",
            buckets=(300, 900, 1800, 3600, 7200, 14400, 28800, 86400),
            registry=r,
        )
        self.alerts = Counter("outages_alerts", "Alerts by state.", ["route", "state"], registry=r)
        self.alerts_suppressed = Counter("outages_alerts_suppressed", "Alerts held back.", ["reason"], registry=r)
        # Growing: the role is slower than its input, or stopped. At minutes and still: its partition gets no canary.
        self.watermark_lag = Gauge(
            "outages_watermark_lag_seconds",
            "How far W is behind the wall.",
            ["role", "topic", "partition"],
            registry=r,
        )
        self.blind = Gauge("outages_blind", "1 while we cannot see.", ["signal", "source", "partition"], registry=r)
        self.canary_age = Gauge("outages_canary_age_seconds", "Age of the newest canary read back.", registry=r)
        self.lag = Gauge(
            "outages_lag_seconds",
            "How old the newest record read is: scale by this.",
            ["topic", "partition"],
            registry=r,
        )
        self.snapshot_bytes = Gauge("outages_snapshot_bytes", "Size of the last snapshot written.", registry=r)
        self.detection_delay = Histogram(
            "outages_detection_delay_seconds",
            "From the end of a bucket to its report, allowed delay included.",
            buckets=(1, 5, 10, 20, 21, 22, 25, 30, 60, 300),
            registry=r,
        )

    def serve(self, host: str, port: int) -> int:
        """Serves /metrics from a thread; returns the port (0 asks for any free one). Raises OSError if it is taken."""
        server, _ = start_http_server(port, host, registry=self.registry)
        return int(server.server_port)
