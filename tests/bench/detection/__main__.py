"""`make bench-detection`: the detector against reference rules on series whose outages are known.

python -m tests.bench.detection [--series N] [--short] [--write]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench.detection import tables
from tests.bench.detection.oracle import run_oracle
from tests.bench.detection.regional import draw_regional, run_regional
from tests.bench.detection.rules import run_rules
from tests.bench.detection.runs import Windows, run_detector
from tests.bench.detection.score import Card, best_at, score
from tests.bench.detection.series import LEVELS, ROLES, Bench, draw_bench
from tests.bench.report import place
from tests.bench.running import ROOT

DOCUMENT = ROOT / "docs" / "detection.md"
SEED = 20220714
TOLERANCES = (208.0, 104.0, 52.0, 26.0, 13.0, 4.0, 1.0)  # false opens a year
BUDGETS = {"once": 1.0, "a quarter": 0.25}  # false opens a week
RULE_ORDER = ("ours", "seasonal", "ewma", "oracle")

Sweeps = Mapping[str, Mapping[Any, Windows]]  # by detector and its setting


def say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detection", description="Score the detector.")
    parser.add_argument(
        "--series", type=int, default=12, help="of each role, level and direction; six recipes take turns"
    )
    parser.add_argument("--short", action="store_true", help="one series each, three levels: to see whether it runs")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/detection.md")
    given = parser.parse_args()
    measured = measure(1 if given.short else given.series, (2.0, 20.0, 200.0) if given.short else LEVELS)
    print(measured)
    if given.write:
        DOCUMENT.write_text(place(DOCUMENT.read_text(encoding="utf-8"), measured), encoding="utf-8")
        say(f"written into {DOCUMENT.relative_to(ROOT)}")
    return 0


def measure(series: int, levels: tuple[float, ...]) -> str:
    """All tables."""
    begun_s = time.monotonic()
    say("drawing")
    bench, cold = draw_bench(ROLES, levels, series, SEED), draw_bench(["cold"], levels, series, SEED + 1, days=7)
    sweeps, cold_sweeps = sweep(bench), sweep(cold)
    cards = {(name, sign): _cards(bench, sweeps[name], sign) for name in RULE_ORDER for sign in (1, -1)}
    pieces = []
    for budget in BUDGETS.values():
        chosen = {key: best_at(of, budget) for key, of in cards.items()}
        pieces += [f"At most {budget:g} false opens a week of a series:", tables.outage_table(chosen)]
        if budget == 1.0:
            weekly = chosen
        pieces.append(tables.settings_line(chosen))
    pieces += ["Everything that follows is at one false open a week."]
    pieces += [tables.shape_table(weekly, 1), tables.shape_table(weekly, -1), tables.level_table(weekly)]
    pieces += [tables.confounder_table(weekly), _cold(bench, cold, sweeps, cold_sweeps, weekly)]
    pieces.append(tables.regional_table(regional(series)))
    size = tables.Size(len(bench.truths), len(bench.counts) // 1440, time.monotonic() - begun_s)
    return "\n\n".join([tables.machine_line(size), *pieces])


def sweep(bench: Bench) -> Sweeps:
    """Every detector at all its settings."""
    found: dict[str, Mapping[Any, Windows]] = {}
    steps: dict[str, Callable[[Bench], Sweeps]] = {
        "reference rules": run_rules,
        "the true mean known": lambda drawn: {"oracle": run_oracle(drawn)},
        "Outage Streams": lambda drawn: {"ours": run_detector(drawn, TOLERANCES)},
    }
    for name, run in steps.items():
        say(f"{name}, {len(bench.truths)} series")
        found |= run(bench)
    return found


def regional(series: int) -> dict[str, Card]:
    """The whole alone, and with its regions, at one false open a week of the service."""
    services = max(series // 2, 1)
    say(f"regions, {services} services a level")
    bench = draw_regional(services, SEED + 2)
    cards = {}
    for name, regions in (("the whole alone", False), ("the whole and its regions", True)):
        (windows,) = run_regional(bench, (52.0,), regions=regions).values()
        cards[name] = score(bench, windows, 1)
    return cards


def _cards(bench: Bench, found: Mapping[Any, Windows], sign: int) -> dict[Any, Card]:
    return {setting: score(bench, windows, sign) for setting, windows in found.items()}


def _cold(bench: Bench, cold: Bench, sweeps: Sweeps, cold_sweeps: Sweeps, weekly: tables.Chosen) -> str:
    windows = {(name, sign): sweeps[name][setting] for (name, sign), (setting, _) in weekly.items()}
    cards = {
        (name, sign): score(cold, cold_sweeps[name][setting], sign) for (name, sign), (setting, _) in weekly.items()
    }
    return tables.cold_table(bench, windows, cards)


if __name__ == "__main__":
    sys.exit(main())
