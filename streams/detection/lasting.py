"""Lasting changes: what has gone on for long enough is how things are now, and what was before may yet come back.

A window that has been seen for `patience` buckets and is still elevated is accepted. With exponential sums of counts C
and of expectations E over its last two hours, the new level is

    f = C / E  times the old one;   patience = half of the buckets the baseline has learnt from, within 1 to 8 hours

Up to a factor of four either way it is today's level that has moved; beyond, and in a young series, everything that has
been learnt is moved by f, so that the shape of the day and of the week is kept. A series that began within an outage is
thus right again in an hour or two, and a grown one needs eight hours to be persuaded.

For three times the patience from then on the level before is normal as well. Tests of the direction back are made
against it, and a CUSUM of its own,

    R = max(R + min(l, CAP h), 0),   l the log-likelihood ratio of m0/f to what the fast clock still takes for usual,

tells when it has come back (at h): then all is moved back, and the time between is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.cusum import CAP, log_likelihood_ratio

PATIENCE_MOST, PATIENCE_LEAST = 480, 60  # outages of seven hours are outages, yet nobody calls a new day one
PATIENCE_SHARE = 0.5  # of what the baseline rests on: what lasts longer than that says more than it does
RETURN_PATIENCES = 3  # a day after eight hours: an outage of thirty hours ends without a window the other way
LEAST_EFFECT = 0.67  # a level before that is nearer to what is usual now needs no way back
HOT_FACTOR = 2.0  # what was learnt while hot was held within it
# A change within it is left to today's level, which may be as far from that of other days: the history stays as it is.
# Moved, it would lose the step of a Monday that was taken for a new level, and open every Monday (.23 for .17 a week).
NEAR_FACTOR = 4.0
KEEP = float(np.exp(-1 / 120))  # two hours: at 0.2 a minute f is known to a fifth
# Silence is taken for so many events in two hours, so that it can be undone; with 1 a silent day would be silence anew.
LEAST_COUNT = 0.05
LEAST_EXPECTED = 0.01  # events in two hours: what expects less has no shape that could be kept


@dataclass(frozen=True, slots=True)
class Shift:
    """A new opinion about the series `at` (indices): what was taken for m is factor * m + offset events a bucket.

    `past`: the same factor for the history, 1 where it stays as it is; `hot_past`: for what of it was learnt while hot,
    held within a factor of two of m, and is to be the new m. Both factors are 0 where nothing of the shape is kept.
    """

    at: Array
    factor: Floats
    offset: Floats
    past: Floats
    hot_past: Floats

    def of_history(self) -> Shift:
        """Of the series whose history moves."""
        far = self.past != 1.0
        return Shift(self.at[far], self.factor[far], self.offset[far], self.past[far], self.hot_past[far])


class LastingChange(Columns):
    """How long an open window has been seen and at which level; and what was accepted of late."""

    PART = "lasting"
    STATE = (
        "counts",
        "expected",
        "weight",
        "lasted",
        "patience",
        "factor",
        "past",
        "since",
        "until",
        "run",
        "run_start",
    )

    def __init__(self, n: int) -> None:
        self.counts, self.expected, self.weight = np.zeros(n), np.zeros(n), np.zeros(n)
        self.lasted, self.patience = np.zeros(n, np.int32), np.full(n, PATIENCE_MOST, np.int32)
        self.factor, self.past = np.ones(n), np.ones(n)  # accepted level / level before; of the history
        self.since, self.until = np.full(n, -1, np.int64), np.full(n, -1, np.int64)  # buckets in which both are normal
        self.run, self.run_start = np.zeros(n), np.full(n, -1, np.int64)  # R, and its first bucket

    def begin(self, at: Array, lasted: Array, learnt: Floats) -> None:
        """Windows of `at` have opened, dated back by `lasted` buckets, on a baseline of `learnt` buckets."""
        self.counts[at] = self.expected[at] = self.weight[at] = 0.0
        self.lasted[at] = lasted
        self.patience[at] = np.clip(PATIENCE_SHARE * learnt, PATIENCE_LEAST, PATIENCE_MOST)

    def follow(self, at: Array, count: Floats, slow_mean: Floats) -> None:
        """Take in a bucket of the open and seen series `at`."""
        self.counts[at] = self.counts[at] * KEEP + count
        self.expected[at] = self.expected[at] * KEEP + slow_mean
        self.weight[at] = self.weight[at] * KEEP + 1.0
        self.lasted[at] += 1

    def rescale(self, at: Array | slice, factor: Floats) -> None:
        """The season has changed its mind by `factor`."""
        self.expected[at] *= factor

    def accept(self, bucket: int, at: Array) -> Shift:
        """The series `at` go on at their new level from `bucket` on."""
        counts, expected = np.maximum(self.counts[at], LEAST_COUNT), self.expected[at]
        factor, flat = counts / np.maximum(expected, LEAST_EXPECTED), expected < LEAST_EXPECTED
        near = (np.maximum(factor, 1.0 / factor) <= NEAR_FACTOR) & (self.patience[at] == PATIENCE_MOST) & ~flat
        past = np.where(near, 1.0, factor)
        hot_past = np.where(near, 1.0, factor / np.clip(factor, 1.0 / HOT_FACTOR, HOT_FACTOR))
        again = bucket < self.until[at]
        self.factor[at] = np.where(again, self.factor[at], 1.0) * factor
        self.past[at] = np.where(again, self.past[at], 1.0) * past
        self.since[at] = np.where(again, self.since[at], bucket)
        self.until[at] = bucket + RETURN_PATIENCES * self.patience[at]
        self.run[at] = 0.0
        level = np.where(flat, counts / np.maximum(self.weight[at], 1.0), 0.0)
        return Shift(at, factor * ~flat, level, past * ~flat, hot_past * ~flat)

    def undo(self, at: Array) -> Shift:
        """The series `at` are back at the level before."""
        factor, past = 1.0 / self.factor[at], 1.0 / self.past[at]
        self.until[at] = -1
        self.run[at] = 0.0
        return Shift(at, factor, np.zeros(len(at)), past, past)

    def hasty(self, at: Array) -> Bools:
        """Which of `at` had so little behind them that what they knew is worth nothing now."""
        hasty: Bools = self.patience[at] <= PATIENCE_LEAST
        return hasty

    def recent(self, bucket: int) -> Array:
        """Indices of the series that have two normal levels."""
        return (self.until > bucket).nonzero()[0]

    def widen(self, at: Array, up: tuple[Floats, ...], down: tuple[Floats, ...]) -> None:
        """Test the direction back against the level before: `up` means of surges, `down` of drops, in place."""
        back = 1.0 / self.factor[at]
        for means in up:
            means[at] *= np.maximum(back, 1.0)
        for means in down:
            means[at] *= np.minimum(back, 1.0)

    def look_back(
        self, bucket: int, at: Array, count: Floats, null: tuple[Floats, Floats], before: Floats, size: Floats,
        threshold: Floats,
    ) -> None:  # fmt: skip
        """Take in a judged bucket of the series `at`, of which `recent` told.

        `null`: the most and the least that is usual at the new level; `before`: what the level before expects.
        """
        usual = np.maximum(np.where(self.factor[at] < 1.0, *null), LEAST_COUNT * (1.0 - KEEP))
        effect = np.where(self.factor[at] < 1.0, np.maximum(before / usual, 1.0), np.minimum(before / usual, 1.0))
        effect[(effect > LEAST_EFFECT) & (effect < 1.0 / LEAST_EFFECT)] = 1.0  # too near to be told apart
        gain = np.where(effect == 1.0, -threshold, log_likelihood_ratio(count, usual, size, np.maximum(effect, 1e-9)))
        run = np.maximum(self.run[at] + np.minimum(gain, CAP * threshold), 0.0)
        self.run[at] = run
        self.run_start[at] = np.where(run <= 0.0, bucket + 1, self.run_start[at])
