"""What a bucket came to, as the columns that leave the bank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.detection.block import Block
from streams.detection.columns import Array, Bools, Floats, Ints
from streams.detection.judged import Judged
from streams.detection.spread import YOUNG_DAYS
from streams.detection.tail import bounds, score

LEAST_LEAN = 0.05  # of the threshold; less is the noise of a healthy series


def columns_of(block: Block, count: Floats, judged: Judged) -> dict[str, Array]:
    """The columns of `bank.BankStep` for the bucket that `block` has just judged, in the block's order."""
    expect, runs, windows = judged.expect, judged.runs, block.windows
    lower, upper = bounds(expect.fast, judged.variance)
    direction = np.where(block.told(), windows.direction, 0).astype(np.int8)
    columns: dict[str, Array] = {
        "expected": expect.fast,
        "lower": lower,
        "upper": upper,
        "score": score(count, expect.fast, judged.variance),
        "open": direction,
        "opened": judged.opened,
        "closed": judged.closed,
        "baseline": (block.season.days > 0).astype(np.int8) + (block.season.days >= YOUNG_DAYS),
        "baseline_days": block.season.days.copy(),
    }
    columns |= _told(block, direction, judged.closed)
    columns["elevated"] = ((direction > 0) & (count > upper)) | ((direction < 0) & (count < lower))  # NaN: neither
    lean = np.where(runs.surge >= runs.drop, np.minimum(runs.surge, 1.0), np.maximum(-runs.drop, -1.0))
    lean[np.abs(lean) < LEAST_LEAN] = 0.0
    columns["lean"], columns["lean_started"] = lean, _lean_started(block, lean)
    return columns


def _told(block: Block, direction: NDArray[np.int8], closed: Bools) -> dict[str, Array]:
    """What is said of windows that are open or have just closed."""
    windows = block.windows
    started, detected, ended = np.full((3, len(direction)), -1, np.int64)
    evidence, sign = np.zeros(len(direction)), direction
    at = ((direction != 0) | closed).nonzero()[0]
    if at.size:
        started[at], detected[at], evidence[at] = windows.started[at], windows.detected[at], windows.evidence[at]
        ended[closed] = windows.ended[closed]
        sign = sign.copy()
        sign[at] = windows.sign[at]
    return {"direction": sign, "started": started, "detected": detected, "ended": ended, "evidence": evidence}


def _lean_started(block: Block, lean: Floats) -> Ints:
    started = np.full(len(lean), -1, np.int64)
    at = lean.nonzero()[0]
    if at.size:
        winner = block.cusums.winner(at, lean[at] > 0)
        started[at] = block.cusums.start[winner, at]
    return started
