"""Draws docs/img/demo.svg from a real run of the demo: what a terminal shows shortly after the peak.

    make picture                    on a real Kafka where Java is, else on the mock cluster
    make picture ARGS="--broker mock"

The run is `outages demo` with a view that keeps what it is told. When the story has come far enough, the demo is
stopped, a `LiveView` is given everything up to that moment and its frame is drawn. So the picture does not depend on
how fast the machine was.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from streams.cli.live_view import LiveView
from streams.contracts.series import BucketReport
from streams.contracts.times import parse_time_ms
from streams.contracts.windows import Window
from streams.replay.loading import load_scenario
from streams.replay.scenario import Scenario
from streams.roles.demo import Demo, run_demo
from streams.settings import load_settings
from streams.stopping import told_to_stop

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "img" / "demo.svg"
SCENARIO = "twitter-2022-07-14"
SHOWN_AT = "2022-07-14T12:45:00.000Z"  # half an hour past the peak: onset, peak and decline lie in the hour shown
SPEED = 120.0  # event time against the wall's: an hour and three quarters in less than a minute
SETTLE_MS = 20 * 60_000  # of event time, ten seconds of the wall: nothing before the moment shown is still on its way
COLUMNS = 118  # what README shows without scrolling
MOST_BYTES = 200_000  # a README that loads on a phone

# rich's own template fetches a font from a web host: this one asks for nothing that the reader's machine has not.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" \
aria-label="A terminal in which outages demo tells the story of 14 July 2022">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Kept:
    """A `View` that shows nothing and keeps everything."""

    def __init__(self) -> None:
        self.clock_ms = 0
        self.said: list[str] = []
        self.reports: list[BucketReport] = []
        self.windows: list[Window] = []

    def say(self, line: str) -> None:
        self.said.append(line)
        print(line, file=sys.stderr, flush=True)

    def clock(self, time_ms: int) -> None:
        self.clock_ms = time_ms

    def bucket(self, report: BucketReport) -> None:
        self.reports.append(report)

    def window(self, window: Window) -> None:
        self.windows.append(window)


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw docs/img/demo.svg from a real run of the demo.")
    parser.add_argument("--broker", default="auto", help="auto, real, mock or HOST:PORT")
    parser.add_argument("--out", type=Path, default=TARGET, help="the file to write")
    arguments = parser.parse_args()
    scenario = load_scenario(SCENARIO)
    kept, enough_ms = Kept(), parse_time_ms(SHOWN_AT) + SETTLE_MS
    demo = Demo(scenario, load_settings({}, _without_settings(os.environ), ROOT), arguments.broker, SPEED, True, None)
    with told_to_stop() as stop:
        run_demo(demo, kept, lambda: stop.told or kept.clock_ms > enough_ms)
        if stop.told:
            return 130
    svg = draw(kept, scenario)
    if len(svg.encode()) > MOST_BYTES:
        print(f"picture: {len(svg.encode()):,} bytes, more than {MOST_BYTES:,}: show less", file=sys.stderr)
        return 1
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(svg, encoding="utf-8")
    print(f"{arguments.out} written, {len(svg.encode()):,} bytes", file=sys.stderr)
    return 0


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The picture is the same whatever is set where it is drawn."""
    return {name: value for name, value in environ.items() if not name.startswith("OUTAGES_")}


def draw(kept: Kept, scenario: Scenario) -> str:
    """The terminal as it stood at SHOWN_AT, as SVG."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    view = LiveView(scenario, console)
    console.print(Text("$ make demo", style="bold"))
    for line in kept.said:
        view.say(line)
    for window in kept.windows:
        if window.time <= SHOWN_AT:
            view.window(window)
    for report in sorted(kept.reports, key=lambda report: report.bucket):
        if report.bucket < SHOWN_AT:
            view.bucket(report)
    console.print(view.render())
    return console.export_svg(title="outages demo", code_format=FORMAT, unique_id="demo")


if __name__ == "__main__":
    sys.exit(main())
