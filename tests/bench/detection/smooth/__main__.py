"""The profile `smooth` against the plain EWMA rule, and what it promises against what comes.

python -m tests.bench.detection.smooth [--series N] [--seed N] [--quiet-series N]
"""

from __future__ import annotations

import argparse
import sys

from tests.bench.detection.smooth import ewma, judging
from tests.bench.detection.smooth.events import Score, score, total
from tests.bench.detection.smooth.recipes import RECIPES, draw, event_free

TOLERANCES = (4.0, 12.0, 52.0)
HEAD = "recipe               rule            F1  recall  precision  false/wk  delay  start  end   IoU  per outage"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detection.smooth", description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=48, help="series of each recipe")
    parser.add_argument("--seed", type=int, default=20_260_101, help="of the draw; settings were chosen on 1 and 11")
    parser.add_argument("--quiet-series", type=int, default=0, help="series without departures, for the promise")
    given = parser.parse_args()
    compare(given.series, given.seed)
    if given.quiet_series:
        promise(given.quiet_series, given.seed + 1)
    return 0


def compare(series: int, seed: int) -> None:
    """One table: by recipe, the EWMA rule at its best threshold there and at the best one for all, and the profile."""
    rules: dict[str, list[Score]] = {}
    draws = [draw(recipe, series, seed) for recipe in RECIPES]
    for drawn in draws:
        z = ewma.z_scores(drawn.counts, drawn.recipe.bucket_min)
        for threshold in ewma.THRESHOLDS:
            rules.setdefault(f"ewma {threshold:g}", []).append(score(drawn, ewma.windows(z, threshold)))
    for by_tolerance in judging.scores_of(draws, TOLERANCES):
        for tolerance, one in zip(TOLERANCES, by_tolerance, strict=True):
            rules.setdefault(f"smooth {tolerance:g}/year", []).append(one)
    plain = [name for name in rules if name.startswith("ewma")]
    common = max(plain, key=lambda name: sum(one.f1 for one in rules[name]))
    print(f"The EWMA rule's best threshold for all recipes together: {common}\n{HEAD}")
    for i, recipe in enumerate(RECIPES):
        best = max(plain, key=lambda name: rules[name][i].f1)
        for name in dict.fromkeys((best, common, *(name for name in rules if name not in plain))):
            print(_line(recipe.name, name, rules[name][i]))
    for name in (common, *(name for name in rules if name not in plain)):
        print(_line("all", name, total(rules[name])))


def promise(series: int, seed: int) -> None:
    """Opens a year, and their ratio to what is tolerated, of series in which nothing happens."""
    print(f"\n{'recipe':<20} weeks   " + "   ".join(f"{tolerance:>12g}/year" for tolerance in TOLERANCES))
    draws = [draw(event_free(recipe), series, seed, with_departures=False) for recipe in RECIPES]
    for drawn, by_tolerance in zip(draws, judging.scores_of(draws, TOLERANCES), strict=True):
        a_year = [one.false_a_week * 52 for one in by_tolerance]
        cells = [f"{number:8.1f} ({number / t:4.2f})" for number, t in zip(a_year, TOLERANCES, strict=True)]
        print(f"{drawn.recipe.name:<20} {by_tolerance[0].weeks:5.0f}   " + "   ".join(f"{cell:>17}" for cell in cells))


def _line(recipe: str, rule: str, one: Score) -> str:
    shares = f"{one.f1:4.2f}    {one.recall:4.2f}       {one.precision:4.2f}    {one.false_a_week:6.2f}"
    times = f"{one.delay:4.1f}   {one.start_error:4.1f} {one.end_error:4.1f}"
    return f"{recipe:<20} {rule:<14} {shares}   {times}  {one.iou:4.2f}        {one.windows_per_found:4.2f}"


if __name__ == "__main__":
    sys.exit(main())
