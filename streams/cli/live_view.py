"""The demo on a terminal: both witnesses of the services in the story, then the story itself, line by line."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from streams.contracts.series import BucketReport
from streams.contracts.windows import Window
from streams.replay.scenario import Scenario
from streams.windows.story import story_line

SHOWN_BUCKETS = 60  # an hour of the story fits beside the numbers on 100 columns
BLOCKS = "▁▂▃▄▅▆▇█"
SEVERITY_STYLE = {"minor": "yellow", "major": "dark_orange", "critical": "bold red"}


class Bucket(NamedTuple):
    """One bucket of one witness."""

    time: str
    observed: int
    expected: float
    upper: float
    blind: bool


class LiveView:
    """A `View` for terminals. Use as a context manager."""

    def __init__(self, scenario: Scenario, console: Console | None = None) -> None:
        self._console = console or Console()
        self._title = scenario.title
        self._services = list(dict.fromkeys(window.service for window in scenario.expect.windows)) or [
            service.id for service in scenario.services[:2]
        ]
        self._buckets: dict[tuple[str, str], dict[str, Bucket]] = {}
        self._windows: dict[str, Window] = {}
        self._clock = ""
        self._live = Live(get_renderable=self.render, console=self._console, refresh_per_second=4)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        self._console.print(Text(line, style="dim"))

    def clock(self, time_ms: int) -> None:
        """The replay may be ahead: what is shown is as of the newest bucket."""

    def bucket(self, report: BucketReport) -> None:
        """Keeps the last hour of the services shown."""
        self._clock = max(self._clock, report.bucket)
        for place, service in enumerate(report.services):
            if service not in self._services:
                continue
            kept = self._buckets.setdefault((service, report.signal), {})
            kept[report.bucket] = Bucket(
                report.bucket,
                report.observed[place],
                report.expected[place],
                report.upper[place],
                report.blind,
            )
            for old in sorted(kept)[:-SHOWN_BUCKETS]:
                del kept[old]

    def window(self, window: Window) -> None:
        style = SEVERITY_STYLE[window.severity] if window.state == "open" else "green"
        self._console.print(Text(story_line(window, self._windows.get(window.window)), style=style))
        self._windows[window.window] = window

    def render(self) -> RenderableType:
        """The live part, below what has been told."""
        return Group(
            Panel(
                Group(*[self._witnesses(service) for service in self._services]),
                title=f"{self._title} · {self._clock[11:16] or '--:--'} UTC (synthesised through cited points)",
                title_align="left",
                border_style="dim",
            )
        )

    def _witnesses(self, service: str) -> Table:
        table = Table.grid(padding=(0, 1))
        for width, justify in ((10, "left"), (8, "left"), (SHOWN_BUCKETS, "left"), (9, "right"), (16, "right")):
            table.add_column(width=width, justify=justify)  # type: ignore[arg-type]
        is_open = any(w.service == service and w.state == "open" for w in self._windows.values())
        for signal in ("errors", "reports"):
            buckets = sorted(self._buckets.get((service, signal), {}).values())
            name = Text(service if signal == "errors" else "", style="bold red" if is_open else "bold")
            if not buckets:
                table.add_row(name, signal, Text("waiting", style="dim"), "", "")
                continue
            newest = buckets[-1]
            above = newest.observed > newest.upper
            table.add_row(
                name,
                signal,
                sparkline(buckets),
                Text(f"{newest.observed:,}", style="bold red" if above else ""),
                Text("blind" if newest.blind else f"usual {newest.expected:,.1f}/min", style="dim"),
            )
        return table


def sparkline(buckets: list[Bucket]) -> Text:
    """Counts a minute on a logarithmic scale, so that four a minute and four thousand both show; red above the usual.

    The scale runs from 1 to at least 1,000 whatever is shown: a quiet service must not look like a loud one.
    """
    top = np.log1p(max(1_000, *(bucket.observed for bucket in buckets)))
    text = Text()
    for bucket in buckets:
        level = int(np.log1p(bucket.observed) / top * (len(BLOCKS) - 1) + 0.5)
        style = "dim" if bucket.blind else "red" if bucket.observed > bucket.upper else "green"
        text.append("·" if bucket.blind else BLOCKS[level], style=style)
    return text
