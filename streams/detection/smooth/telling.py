"""What a bucket came to under the profile `smooth`, as the columns that leave the bank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

from streams.detection.columns import Array, Bools, Floats, Ints
from streams.detection.smooth.block import Looked, SmoothBlock

HIGHEST_SCORE = 300.0
INSIDE_Z = 3.09  # 99.8 % of a Gaussian lie within
LEAST_LEAN = 0.05
LONE_LEAN = 0.3  # the most that a single bucket leans, however far it lies: less than what two witnesses may open on
COLD_DAYS, READY_DAYS, DAYS_TOLD = 1, 7, 14


def columns_of(block: SmoothBlock, count: Floats) -> dict[str, Array]:
    """Step the block by `count` (NaN: blind): the columns of `bank.BankStep`, in the block's order."""
    looked, opened, closed = block.step(count)
    windows, limits = block.windows, block.limits
    allowed = np.where(windows.sign > 0, limits.surges, limits.drops)
    direction = (windows.direction * allowed).astype(np.int8)
    opened, closed = opened & allowed, closed & allowed
    scale = -ndtri(block.tail.share()) / looked.threshold  # deviations as those of a Gaussian with the same tail
    reach = INSIDE_Z / scale * looked.sigma * block.forecasts.base(looked.expected)
    lower, upper = np.maximum(looked.expected - reach, 0.0), looked.expected + reach
    days = days_seen(block)
    columns: dict[str, Array] = {
        "expected": looked.expected,
        "lower": lower,
        "upper": upper,
        "score": _score(looked, scale),
        "open": direction,
        "opened": opened,
        "closed": closed,
        "elevated": ((direction > 0) & (count > upper)) | ((direction < 0) & (count < lower)),  # NaN: neither
        "baseline": (days >= COLD_DAYS).astype(np.int8) + (days >= READY_DAYS),
        "baseline_days": days,
    }
    columns |= _told(block, direction, closed)
    lean = _lean(block, looked)
    started = windows.run_start(lean)
    started = np.where(started < 0, block.bucket - 1, started)  # the block is a bucket ahead by now
    columns["lean"], columns["lean_started"] = lean, np.where(lean == 0, -1, started)
    return columns


def days_seen(block: SmoothBlock) -> NDArray[np.int16]:
    """Days that each series has been seen, 14 at most."""
    days: NDArray[np.int16] = np.minimum(block.forecasts.seen // block.pace.per_day, DAYS_TOLD).astype(np.int16)
    return days


def _score(looked: Looked, scale: Floats) -> Floats:
    points = -log_ndtr(-np.abs(looked.deviation) * scale) / np.log(10.0)
    score: Floats = np.where(looked.seen, np.minimum(points, HIGHEST_SCORE), np.nan)
    return score


def _lean(block: SmoothBlock, looked: Looked) -> Floats:
    """The pair's share of the threshold, squared as evidence is; a lone bucket leans a little."""
    pair = np.minimum(looked.pair / looked.threshold, 1.0) ** 2
    lone = LONE_LEAN * np.minimum(np.abs(looked.deviation) / looked.threshold, 1.0) ** 2
    allowed = np.where(looked.deviation > 0, block.limits.surges, block.limits.drops)
    lean: Floats = np.maximum(pair, lone) * np.sign(looked.deviation) * (looked.judged & allowed)
    lean[np.abs(lean) < LEAST_LEAN] = 0.0
    return lean


def _told(block: SmoothBlock, direction: NDArray[np.int8], closed: Bools) -> dict[str, Array]:
    """What is said of windows that are open or have just closed."""
    windows = block.windows
    told = (direction != 0) | closed
    none: Ints = np.full(len(direction), -1, np.int64)
    return {
        "direction": np.where(told, windows.sign, 0).astype(np.int8),
        "started": np.where(told, windows.started, none),
        "detected": np.where(told, windows.detected, none),
        "ended": np.where(closed, windows.ended, none),
        "evidence": np.where(told, windows.evidence, 0.0),
    }
