"""Draws the pictures of docs/detection.md from runs of the detector, the same bytes every time.

    make pictures-detection
    make pictures-detection ARGS="--into elsewhere"

Needs matplotlib, a dependency of development only. Colours are Okabe and Ito's, told apart by the colour-blind too; the
ground is white, so that a page in dark mode shows them as they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from scripts.detection_runs import Shown, run, twitter, usual
from tests.bench.detection.backgrounds import DAY_MIN

TARGET = Path(__file__).resolve().parents[1] / "docs" / "img"
BLUE, SKY, ORANGE, INK, GREY = "#0072B2", "#56B4E9", "#D55E00", "#222222", "#8a8a8a"
STYLE: Any = {  # matplotlib's own keys
    "svg.hashsalt": "outage-streams",  # ids of clip paths, else random
    "svg.fonttype": "path",  # letters as shapes: the same on every machine
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
WIDTH_IN = 9.0
HOUR = 60


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.detection_pictures", description="Draw docs/img.")
    parser.add_argument("--into", type=Path, default=TARGET, help="folder of the pictures (docs/img)")
    into = parser.parse_args(arguments).into
    into.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        save(draw, into / f"detection-{name}.svg")
        print(into / f"detection-{name}.svg")
    return 0


def save(draw: Callable[[], Figure], target: Path) -> None:
    """Without date and program: the file changes when the picture does."""
    with mpl.rc_context(STYLE):
        draw().savefig(target, metadata={"Date": None, "Creator": None})


def week() -> Figure:
    """An evening-peaked series through a week in which nothing happens."""
    shown = run(*usual("social", 200.0, 7))
    figure, (axes,) = _figure(1, 3.4)
    _band(axes, shown, every=10)
    axes.set_title("A week in which nothing happens: 200 requests a minute on average, every tenth minute drawn")
    axes.set_ylabel("requests a minute")
    axes.set_xlabel("day of the series")
    axes.xaxis.set_major_locator(MultipleLocator(DAY_MIN))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda minute, _: f"day {int(minute // DAY_MIN) + 1}"))
    axes.set_xlim(0, 7 * DAY_MIN)
    _legend(figure, axes)
    return figure


def fourteenth_of_july() -> Figure:
    """The shipped scenario: reports on Twitter."""
    shown = twitter(5 * HOUR)
    figure, (whole, near, evidence) = _figure(3, 6.6, heights=(3, 3, 1.6))
    _band(whole, shown)
    whole.set_title("Reports on Twitter, 14 July 2022 (synthesised through points that the press cited)")
    whole.set_ylabel("reports a minute")
    _band(near, shown)
    near.set_ylim(0, 40)
    near.set_title("The same, from 0 to 40 reports a minute: what is usual, and how far the tail reaches")
    near.set_ylabel("reports a minute")
    _legend(figure, near)
    _evidence(evidence, shown)
    _mark(shown, whole, near, evidence, label_on=whole, label_after=40)
    _clock(evidence, 11 * HOUR, 30)
    return figure


def drop() -> Figure:
    """Traffic halves for an hour and a half, and later stops for forty minutes."""
    bank, counts = usual("api", 200.0, 1)
    counts = counts[: 8 * HOUR].copy()
    rng = np.random.default_rng(1)
    counts[90:180] = rng.binomial(counts[90:180].astype(np.int64), 0.5)
    counts[300:340] = 0
    counts[400:430] = np.nan
    shown = run(bank, counts)
    figure, (whole, evidence) = _figure(2, 4.6, heights=(3, 1.6))
    _band(whole, shown)
    whole.set_title("Traffic of 200 a minute halves for 90 minutes, then stops for 40; a gap opens nothing")
    whole.set_ylabel("requests a minute")
    whole.axvspan(400, 430, facecolor="none", edgecolor=GREY, hatch="////", linewidth=0)
    whole.annotate(
        "blind", (415, 12), ha="center", color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}
    )
    _legend(figure, whole)
    _evidence(evidence, shown)
    _mark(shown, whole, evidence, label_on=whole)
    _clock(evidence, 0, 60)
    return figure


def confounders() -> Figure:
    """A late batch and a deployment that look like outages and are none."""
    bank, counts = usual("api", 20.0, 1, drops=False)
    late = counts[8 * HOUR : 11 * HOUR].copy()
    for count in counts[: 8 * HOUR]:
        bank.step(np.array([count]))
    held = late[60:80].sum()
    late[60:80], late[80] = 0, late[80] + held
    bank_of_deploy, steps = usual("api", 20.0, 1)
    steps = steps[: 6 * HOUR].copy()
    rng = np.random.default_rng(2)
    steps[120:] += rng.poisson(0.4 * 20, len(steps) - 120)
    figure, axes = _figure(2, 4.6, columns=2, heights=(3, 1.6))
    for k, (shown, title, first) in enumerate(
        (
            (run(bank, late), "Reports held back for 20 minutes come at once", 8),
            (run(bank_of_deploy, steps), "A deployment: 1.4 times as many errors, for good", 0),
        )
    ):
        whole, evidence = axes[k], axes[2 + k]
        _band(whole, shown)
        whole.set_title(title)
        _evidence(evidence, shown)
        _mark(shown, whole, evidence, label_on=whole)
        _clock(evidence, first * HOUR, 60)
    axes[0].set_ylabel("reports a minute")
    axes[1].set_ylabel("errors a minute")
    axes[3].set_ylabel("")
    _legend(figure, axes[0])
    return figure


def _figure(
    rows: int, height_in: float, columns: int = 1, heights: Sequence[float] | None = None
) -> tuple[Figure, Any]:
    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    grid = figure.subplots(rows, columns, sharex="col", squeeze=False, height_ratios=heights)
    return figure, grid.ravel()


def _band(axes: Axes, shown: Shown, every: int = 1) -> None:
    """Counts over what was expected of them; `every` so many minutes, all on the scale of a minute."""
    minute = np.arange(len(shown.counts))[::every]
    lower, upper = shown.lower[::every], shown.upper[::every]
    axes.fill_between(minute, lower, upper, color=SKY, alpha=0.4, linewidth=0, label="99.8 % of healthy minutes")
    axes.plot(minute, shown.counts[::every], color=INK, linewidth=0.7, label="counted")
    axes.plot(minute, shown.expected[::every], color=BLUE, linewidth=1.8, label="expected")
    axes.set_ylim(bottom=0)
    axes.margins(x=0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)


def _legend(figure: Figure, axes: Axes) -> None:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _evidence(axes: Axes, shown: Shown) -> None:
    minute = np.arange(len(shown.lean))
    axes.fill_between(minute, 0, 100 * np.abs(shown.lean), color=ORANGE, alpha=0.55, linewidth=0, step="mid")
    axes.axhline(100, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 115)
    axes.set_ylabel("evidence,\n% of what opens")
    axes.margins(x=0)


def _mark(shown: Shown, *panels: Axes, label_on: Axes, label_after: int = 0) -> None:
    """The windows: shaded from the first to the last minute of the outage, a line where it was told.

    What is written stands `label_after` minutes after that line.
    """
    for window in shown.windows:
        end = len(shown.counts) - 1 if window.ended is None else window.ended
        for axes in panels:
            axes.axvspan(window.started, end + 1, color=ORANGE, alpha=0.13, linewidth=0)
            axes.axvline(window.detected, color=ORANGE, linewidth=1.2)
        told = f"opened after {window.detected - window.started} min"
        label_on.annotate(
            f"{told}\nwindow of {end - window.started + 1} min",
            (window.detected + label_after, 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(5, 0),
            textcoords="offset points",
            va="top",
            color=INK,
        )


def _clock(axes: Axes, first: int, every: int) -> None:
    axes.xaxis.set_major_locator(MultipleLocator(every))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda minute, _: f"{int(first + minute) // HOUR % 24:02}:{int(first + minute) % HOUR:02}")
    )
    axes.set_xlabel("time (UTC)")


PICTURES: dict[str, Callable[[], Figure]] = {
    "week": week,
    "twitter": fourteenth_of_july,
    "drop": drop,
    "confounders": confounders,
}

if __name__ == "__main__":
    sys.exit(main())
