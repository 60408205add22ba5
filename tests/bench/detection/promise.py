"""Does the one number hold? False opens on weeks in which nothing happened, against those that were tolerated.

python -m tests.bench.detection.promise [--series 350] [--weeks 3] [--per-year 52 12 4] [--seed 1]

Counts both directions of a series that stands alone, at five levels. Every series has two weeks of history before its
first judged minute. 350 series of three weeks are 1,050 service-weeks a level: some eight minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from streams.detection.bank import SeriesBank, SeriesRow
from tests.bench.detection.backgrounds import DAY_MIN, Backgrounds, Singles, draw_backgrounds

LEVELS = (0.2, 2.0, 20.0, 200.0, 2000.0)
WARM_DAYS, SLOT_MIN = 14, 10
WEEKS_PER_YEAR = 52
FIRST_BUCKET = 27_609_120  # 2022-06-30T00:00:00Z; any would do, as each series has its own minute of the week


@dataclass(frozen=True, slots=True)
class Kept:
    """What one level and tolerance came to: `opens` false opens in `weeks` service-weeks."""

    level: float
    per_year: float
    weeks: float
    surges: int
    drops: int

    @property
    def opens(self) -> int:
        return self.surges + self.drops

    @property
    def realised(self) -> float:
        """False opens a year."""
        return self.opens * WEEKS_PER_YEAR / self.weeks

    def interval(self) -> tuple[float, float]:
        """95 % of `realised`, as if opens were independent of each other (Garwood 1936, Biometrika 28)."""
        scale = WEEKS_PER_YEAR / self.weeks
        low = chi2.ppf(0.025, 2 * self.opens) / 2 if self.opens else 0.0
        return float(low) * scale, float(chi2.ppf(0.975, 2 * self.opens + 2)) / 2 * scale


def measure(
    per_year: Sequence[float], series: int, days: int, seed: int, levels: Sequence[float] = LEVELS
) -> list[Kept]:
    """False opens of `series` series a level over `days` judged days, by level and tolerance."""
    drawn = [draw_backgrounds(level, series, WARM_DAYS + days, seed) for level in levels]
    counts = np.concatenate([one.counts(seed + 1) for one in drawn], axis=1)
    bank = _warmed(drawn, counts, per_year)
    shape = (len(per_year), len(levels), series)
    opens = np.zeros((2, *shape), np.int64)
    for minute in counts[WARM_DAYS * DAY_MIN :]:
        step = bank.step(np.tile(minute, len(per_year)))
        if step.opened.any():
            opens[0] += (step.opened & (step.direction > 0)).reshape(shape)
            opens[1] += (step.opened & (step.direction < 0)).reshape(shape)
    surges, drops = opens.sum(axis=-1).tolist()
    return [
        Kept(level, tolerated, series * days / 7, surges[i][j], drops[i][j])
        for j, level in enumerate(levels)
        for i, tolerated in enumerate(per_year)
    ]


def _warmed(drawn: Sequence[Backgrounds], counts: Singles, per_year: Sequence[float]) -> SeriesBank:
    """A bank in which every series stands once for each tolerance, two weeks of history behind it."""
    number = counts.shape[1]
    rows = [SeriesRow(f"{i:05d}", None, tolerated, 1) for tolerated in per_year for i in range(number)]
    bank = SeriesBank(rows, FIRST_BUCKET)
    sums: NDArray[np.float64] = (
        counts[: WARM_DAYS * DAY_MIN].reshape(-1, SLOT_MIN, number).sum(axis=1, dtype=np.float64)
    )
    excess = np.concatenate([1 / one.dispersions for one in drawn])
    copies = len(per_year)
    bank.warm_up(FIRST_BUCKET // SLOT_MIN - len(sums), np.tile(sums.T, (copies, 1)), np.tile(excess, copies))
    return bank


def table(kept: Sequence[Kept]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield "| events a minute | tolerated a year | realised | 95 % | of the promise | surges | drops |"
    yield "|---|---|---|---|---|---|---|"
    for one in kept:
        low, high = one.interval()
        yield (
            f"| {one.level:g} | {one.per_year:g} | {one.realised:.1f} | {low:.1f} to {high:.1f} "
            f"| {one.realised / one.per_year:.2f} | {one.surges} | {one.drops} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detection.promise", description=__doc__)
    parser.add_argument("--series", type=int, default=350, help="series a level")
    parser.add_argument("--weeks", type=int, default=3, help="judged weeks of each")
    parser.add_argument("--per-year", type=float, nargs="+", default=[52.0, 12.0, 4.0], help="tolerated false opens")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{given.series * given.weeks} service-weeks a level, without events\n")
    for line in table(measure(given.per_year, given.series, 7 * given.weeks, given.seed)):
        print(line)


if __name__ == "__main__":
    main()
