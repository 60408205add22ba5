"""Two reference rules that a team would write in an afternoon, and the open-and-close rule that they share.

`seasonal`  z = (x - median) / sigma of the same half hour on the last seven days, sigma = 1.4826 MAD (Leys et al.
            2013, J. Exp. Soc. Psychol. 49), never under a Poisson's
`ewma`      z = (x - level) / sigma, level an exponential mean of an hour, sigma^2 one of two weeks (Roberts 1959,
            Technometrics 1; variance as Finch 2009, Incremental calculation of weighted mean and variance)

A window opens when z has reached `open_at` for `for_buckets` in a row, is dated back to the first of these, stays while
z reaches 0.4 of that at least once in ten buckets, and ends with the last that did.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.bench.detection.backgrounds import DAY_MIN, Floats, Singles
from tests.bench.detection.runs import Collector, Found, Windows
from tests.bench.detection.series import Bench

SLOT_MIN = 10
AROUND = 1  # slots on either side: half an hour in all
DAYS = 7
LEVEL_GAIN = 2 / 61  # of a span of an hour
VARIANCE_GAIN = 2 / (14 * DAY_MIN + 1)
LEAST_SEEN = 60
LEAST_SIGMA = 0.5
STAY = 0.4
QUIET_MIN = 10


class Setting(NamedTuple):
    """When a rule opens."""

    open_at: float
    for_buckets: int


OPEN_AT = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 11.0, 15.0)
SETTINGS = tuple(Setting(z, k) for z, k in product(OPEN_AT, (1, 2, 3, 5)))


def seasonal(counts: Singles) -> Singles:
    """z of every bucket, 0 where there is nothing to compare with, NaN where blind. (minutes, series)."""
    slots = counts.reshape(len(counts) // SLOT_MIN, SLOT_MIN, -1)
    per_day = DAY_MIN // SLOT_MIN
    scores = np.zeros_like(slots)
    for slot in range(per_day + AROUND, len(slots)):
        lags = range(per_day, min(DAYS * per_day, slot - AROUND) + 1, per_day)
        past = np.concatenate([slots[slot - lag - AROUND : slot - lag + AROUND + 1] for lag in lags])
        past = np.sort(past.reshape(-1, counts.shape[1]), axis=0)  # NaN last
        middle = _median_of_sorted(past)
        deviation = 1.4826 * _median_of_sorted(np.sort(np.abs(past - middle), axis=0))
        sigma = np.maximum(np.maximum(deviation, np.sqrt(middle)), LEAST_SIGMA)
        scores[slot] = np.where(np.isnan(middle), 0.0, (slots[slot] - middle) / sigma)
    scores[np.isnan(slots)] = np.nan
    return scores.reshape(counts.shape)


def _median_of_sorted(values: Singles) -> Singles:
    """Of each column, NaN (which stand last) left out."""
    known = len(values) - np.isnan(values).sum(axis=0)
    column = np.arange(values.shape[1])
    low, high = values[np.maximum(known - 1, 0) // 2, column], values[np.minimum(known // 2, len(values) - 1), column]
    median: Singles = np.where(known % 2 == 1, low, (low + high) / 2)
    return median


def ewma(counts: Singles) -> Singles:
    """z of every bucket against the level before it; 0 in the first hour, NaN where blind."""
    scores = np.zeros(counts.shape, np.float32)
    n = counts.shape[1]
    level, variance, seen = np.zeros(n), np.zeros(n), np.zeros(n)
    for count, score in zip(counts.astype(np.float64), scores, strict=True):
        there = ~np.isnan(count)
        residual = np.where(there, np.where(seen > 0, count - level, 0.0), 0.0)
        score[:] = np.where(seen >= LEAST_SEEN, residual / (np.sqrt(variance) + 1e-9), 0.0)
        score[~there] = np.nan
        gain = np.where(there, np.maximum(VARIANCE_GAIN, 1 / (seen + 1)), 0.0)
        variance = (1 - gain) * (variance + gain * residual**2)
        level = np.where((seen == 0) & there, np.nan_to_num(count), level)
        level += np.where(there, np.maximum(LEVEL_GAIN, 1 / (seen + 1)), 0.0) * residual
        seen += there
    return scores


def windows_of(scores: Singles, signs: Floats, settings: Sequence[Setting] = SETTINGS) -> dict[Setting, Windows]:
    """Windows of each series in the direction `signs` asks for, at every setting."""
    n = scores.shape[1]
    open_at = np.array([setting.open_at for setting in settings], np.float32)[:, None]
    wanted = np.array([setting.for_buckets for setting in settings])[:, None]
    run, last = np.zeros((len(settings), n), np.int32), np.zeros((len(settings), n), np.int32)
    started, detected = np.zeros_like(last), np.zeros_like(last)
    is_open: NDArray[np.bool_] = np.zeros((len(settings), n), np.bool_)
    collector = Collector(len(settings), n)

    def end(at: NDArray[np.bool_]) -> None:
        for setting, series in zip(*at.nonzero(), strict=True):
            found = Found(int(signs[series]), int(started[setting, series]), int(detected[setting, series]),
                          int(last[setting, series]))  # fmt: skip
            collector.add(int(setting) * n + int(series), found)

    for minute, score in enumerate(scores * signs):
        there = ~np.isnan(score)
        high, stays = score >= open_at, score >= STAY * open_at
        run = np.where(there, np.where(high, run + 1, 0), run)
        last = np.where(is_open & stays, minute, last)
        over = is_open & there & (minute - last > QUIET_MIN)
        if over.any():
            end(over)
            is_open &= ~over
        opens = ~is_open & (run >= wanted)
        if opens.any():
            started[opens], detected[opens], last[opens] = (minute - wanted + 1 + 0 * run)[opens], minute, minute
            is_open |= opens
    end(is_open)
    return dict(zip(settings, collector.windows, strict=True))


def run_rules(bench: Bench) -> dict[str, dict[Setting, Windows]]:
    """Both rules at every setting."""
    return {
        "seasonal": windows_of(seasonal(bench.counts), bench.signs),
        "ewma": windows_of(ewma(bench.counts), bench.signs),
    }
