"""What was measured, as Markdown for docs/detection.md."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from tests.bench.detection.backgrounds import DAY_MIN
from tests.bench.detection.outages import OF_SIGN
from tests.bench.detection.regional import CASES
from tests.bench.detection.runs import Windows
from tests.bench.detection.score import Card
from tests.bench.detection.series import Bench
from tests.bench.report import cpu_model

NAMES = {
    "ours": "**Outage Streams**",
    "seasonal": "seasonal median and MAD",
    "ewma": "EWMA z-score",
    "oracle": "the true mean known",
}
ASKED = {1: "errors", -1: "traffic"}
Chosen = Mapping[tuple[str, int], tuple[object, Card]]  # by detector and direction: setting and card
AGES = ((0, 1), (1, 3), (3, 9))  # days since the first bucket


@dataclass(frozen=True, slots=True)
class Size:
    """How much was judged."""

    series: int
    days: int
    took_s: float


def machine_line(size: Size) -> str:
    """On what it was measured. The figures themselves are the same everywhere: nothing in them is random."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    return (
        f"Machine: {cpu_model()}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}; "
        f"{size.series:,} series of {size.days} days in {size.took_s / 60:.0f} minutes."
    )


def outage_table(chosen: Chosen) -> str:
    """One row a detector and direction."""
    head = ("detector", "stream", "recall", "delay", "start", "end", "IoU", "windows", "reopened", "false a week",
            "unexplained")  # fmt: skip
    rows = []
    for (name, sign), (_, card) in chosen.items():
        medians = [f"{card.median_of(which):.0f}" for which in ("delay", "start_error", "end_error")]
        numbers = (card.overlap(), card.fragments(), card.reopens(), card.false_a_week(), card.unexplained_a_week())
        rows.append([NAMES[name], ASKED[sign], _share(card.recall()), *medians, *map(_share, numbers)])
    return _table(head, rows, left=2)


def shape_table(chosen: Chosen, sign: int) -> str:
    """Recall by shape, of one direction."""
    shapes = OF_SIGN[sign]
    rows = [
        [NAMES[name], *(_share(card.recall_of(shape)) for shape in shapes)]
        for (name, of), (_, card) in chosen.items()
        if of == sign
    ]
    return _table((f"recall, {ASKED[sign]}", *shapes), rows)


def level_table(chosen: Chosen) -> str:
    """Recall, and false opens a week in brackets, by events a minute."""
    rows = []
    for (name, sign), (_, card) in chosen.items():
        cells = [
            f"{_share(card.recall_of(at))} ({_share(card.false_a_week(at))})" for at in sorted(card.weeks_of_level)
        ]
        rows.append([NAMES[name], ASKED[sign], *cells])
    levels = sorted(next(iter(chosen.values()))[1].weeks_of_level)
    return _table(("recall (false a week)", "stream", *(f"{level:g} a minute" for level in levels)), rows, left=2)


def confounder_table(chosen: Chosen) -> str:
    """In how many of each kind a false window opened; of lasting ones, how many a week."""
    brief = ("spike", "late", "gap", "holiday", "clock", "deploy")
    rows = []
    for (name, sign), (_, card) in chosen.items():
        cells = [f"{opened} of {of}" if of else "-" for opened, of in map(card.opened, brief)]
        lasting = [_share(card.a_week_of(kind)) for kind in ("weekend", "growth")]
        rows.append([NAMES[name], ASKED[sign], *cells, *lasting])
    head = ("opened in", "stream", "spikes", "late batches", "gaps", "holidays", "clock changes", "deployments",
            "weekends, a week", "growth, a week")  # fmt: skip
    return _table(head, rows, left=2)


def cold_table(bench: Bench, windows: Mapping[tuple[str, int], Windows], cold: Mapping[tuple[str, int], Card]) -> str:
    """False opens a week by age of the series, of the first nine days; recall of series judged from the start."""
    rows = []
    for (name, sign), found in windows.items():
        mine = [w.detected for truth, ws in zip(bench.truths, found, strict=True) if truth.sign == sign for w in ws]
        series = sum(truth.sign == sign for truth in bench.truths)
        cells = []
        for first, last in AGES:
            opens = sum(first * DAY_MIN <= detected < last * DAY_MIN for detected in mine)
            cells.append(_share(opens / (series * (last - first) / 7)))
        card = cold[name, sign]
        rows.append([NAMES[name], ASKED[sign], *cells, _share(card.recall()), _share(card.false_a_week())])
    head = ("false a week at an age of", "stream", *(f"{a} to {b} days" for a, b in AGES), "recall, first week",
            "false a week, first week")  # fmt: skip
    return _table(head, rows, left=2)


def regional_table(cards: Mapping[str, Card]) -> str:
    """Recall by shape and the region's share of the volume."""
    rows = [
        [name, *(_share(card.recall_of(which)) for which in CASES), _share(card.false_a_week())]
        for name, card in cards.items()
    ]
    return _table(("judged", *CASES, "false a service-week"), rows)


def settings_line(chosen: Chosen) -> str:
    """At which setting of each detector the figures are."""
    of: dict[str, list[str]] = {}
    for (name, sign), (setting, _) in chosen.items():
        told = f"{setting:g}" if isinstance(setting, float) else " for ".join(f"{part:g}" for part in _parts(setting))
        of.setdefault(NAMES[name], []).append(f"{told} ({ASKED[sign]})")
    return "Settings: " + "; ".join(f"{name} {', '.join(told)}" for name, told in of.items()) + "."


def _parts(setting: object) -> Iterable[float]:
    return setting if isinstance(setting, tuple) else ()


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], left: int = 1) -> str:
    cells = list(head)
    rule = ["---"] * left + ["---:"] * (len(cells) - left)
    return "\n".join("| " + " | ".join(row) + " |" for row in (cells, rule, *rows))
