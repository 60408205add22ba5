"""The profile `smooth` over one block of series; see `step` for the order in which its parts act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.smooth.forecast import SETTLE_BUCKETS, Forecasts
from streams.detection.smooth.habit import Habit
from streams.detection.smooth.pace import Pace
from streams.detection.smooth.season import DayShape
from streams.detection.smooth.spread import Spread
from streams.detection.smooth.tail import Tail
from streams.detection.smooth.window import Opening, Windows

REACH = 2.5  # deviations that a bucket may pull a level by
RUN_SHARE = 0.5  # of the threshold: buckets beyond it belong to the departure that follows
SILENT_MIN, SILENT_LEAST = 60.0, 12.0  # of a new series
GAP_MIN, GAP_LEAST = 10.0, 3.0  # after a longer one levels begin anew: the day has moved on
MOST_EVIDENCE = 6.0  # in thresholds, as of a CUSUM
ERROR_MOST = 100.0  # relative; more says no more


@dataclass(frozen=True, slots=True)
class SmoothLimits:
    """Of each series: tolerated false opens a year, and which directions may open."""

    tolerated_per_year: Floats
    surges: Bools
    drops: Bools


@dataclass(frozen=True, slots=True)
class Looked:
    """One bucket against the forecast. Deviations are signed, in units of the threshold's; 0 where blind."""

    seen: Bools
    judged: Bools
    expected: Floats
    error: Floats  # relative
    sigma: Floats  # relative, habit included
    factor: Floats  # of habit
    deviation: Floats
    pair: Floats  # the smaller of the last two deviations, where both lie on the same side
    threshold: Floats


class SmoothBlock:
    """State of up to some thousand series, and the step that moves it by a bucket."""

    def __init__(self, limits: SmoothLimits, bucket: int, pace: Pace) -> None:
        n = len(limits.surges)
        self.bucket, self.limits, self.pace = bucket, limits, pace
        self.forecasts, self.season, self.spread = Forecasts(n, pace), DayShape(n, pace), Spread(n, pace)
        self.habit, self.tail, self.windows = Habit(n, pace), Tail(limits.tolerated_per_year, pace), Windows(n, pace)
        self.memory = _Memory(n)
        # What opens a window in nats: buckets a year for each tolerated open, as a CUSUM's threshold is about.
        self._nats = np.maximum(np.log(pace.per_year / limits.tolerated_per_year), 1.0)
        self._silent = pace.buckets(SILENT_MIN, SILENT_LEAST)
        self._gap = pace.buckets(GAP_MIN, GAP_LEAST)

    def parts(self) -> Iterator[Columns]:
        """Everything that is state, except the bucket."""
        yield from (self.forecasts, self.season, self.spread, self.habit, self.tail, self.windows, self.memory)

    def step(self, count: Floats) -> tuple[Looked, Bools, Bools]:
        """Judge the next bucket (NaN: blind), then learn from it. What was seen, and where a window opened or closed.

        Windows of both directions are kept, whatever is allowed: a level must not follow a departure only because
        nobody asked for it.
        """
        bucket, seen = self.bucket, ~np.isnan(count)
        count = np.where(seen, count, 0.0)
        shape = self.season.at(bucket)
        ahead = self.forecasts.ahead(shape)
        looked = self._look(count, seen, ahead)
        was_open = self.windows.direction != 0
        closed = self._close(count, shape, looked, was_open)
        opened = self._open(looked, was_open)
        self._learn(count, ahead, shape, looked, was_open, opened, closed)
        self.bucket = bucket + 1
        return looked, opened, closed

    def _look(self, count: Floats, seen: Bools, ahead: Floats) -> Looked:
        forecasts, memory = self.forecasts, self.memory
        anew = seen & (memory.blind >= self._gap) & (self.windows.direction == 0)
        forecasts.begin_anew(anew)
        memory.deviation[anew] = 0.0
        expected = np.where(
            forecasts.age > 0, forecasts.best(ahead, self.windows.direction != 0), np.where(seen, count, ahead[0])
        )
        base = forecasts.base(expected)
        error = np.where(seen, np.minimum(count - expected, ERROR_MOST * base) / base, 0.0)
        factor = self.habit.factor(self.bucket)
        sigma = self.spread.sigma() * factor
        deviation, before = error / sigma, memory.deviation
        pair = np.where(deviation * before > 0, np.minimum(np.abs(deviation), np.abs(before)), 0.0)
        judged = seen & (forecasts.seen >= self._silent) & (forecasts.age >= SETTLE_BUCKETS)
        threshold = self.tail.threshold()
        self.windows.run(self.bucket, deviation, RUN_SHARE * threshold, seen)
        return Looked(seen, judged, expected, error, sigma, factor, deviation, pair, threshold)

    def _close(self, count: Floats, shape: Floats, looked: Looked, was_open: Bools) -> Bools:
        windows, closed = self.windows, np.zeros(len(count), np.bool_)
        at = (was_open & looked.seen).nonzero()[0]
        if not at.size:
            return closed
        over, accepted = windows.follow(self.bucket, at, looked.error[at])
        windows.evidence[at] = np.maximum(windows.evidence[at], self._evidence(looked, at))
        turned = (looked.pair[at] >= looked.threshold[at]) & (looked.deviation[at] * windows.direction[at] < 0)
        back = at[over & ~turned]
        if back.size:  # where it is calm is where the level is: the day has moved on meanwhile
            level = looked.expected[back] * (1.0 + windows.calm_level(back))
            self.forecasts.settle(back, level, shape)
        new = at[accepted & ~turned]
        if new.size:
            windows.accept(self.bucket, new)
            self.forecasts.begin_anew(new)
        done = at[over | accepted | turned]
        windows.close(done)
        closed[done] = True
        return closed

    def _evidence(self, looked: Looked, at: Array) -> Floats:
        strength = looked.pair[at] / looked.threshold[at]
        evidence: Floats = np.minimum(strength * strength, MOST_EVIDENCE) * self._nats[at]
        return evidence

    def _open(self, looked: Looked, was_open: Bools) -> Bools:
        opened: Bools = looked.judged & ~was_open & (looked.pair >= looked.threshold)
        at = opened.nonzero()[0]
        if at.size:
            back = self.windows.returns(self.bucket, at, looked.error[at])
            self.forecasts.begin_anew(at[back])
            self.windows.accepted_at[at[back]] = -1
            opened[at[back]] = False
            at = at[~back]
            opening = Opening(
                at=at,
                sign=np.sign(looked.deviation[at]).astype(np.int8),
                size=np.abs(looked.error[at]),
                least=RUN_SHARE * looked.threshold[at] * looked.sigma[at],
                evidence=self._evidence(looked, at),
            )
            self.windows.open(self.bucket, opening)
        return opened

    def _learn(self, count: Floats, ahead: Floats, shape: Floats, looked: Looked, was_open: Bools, opened: Bools,
               closed: Bools) -> None:  # fmt: skip
        frozen = was_open | opened
        use = looked.seen & ~closed
        sigma = looked.sigma / looked.factor
        self.habit.learn(self.bucket, looked.pair * looked.factor, self.forecasts.seen)
        self.tail.learn(np.abs(looked.deviation), looked.pair, looked.judged & ~was_open, opened)
        reach = REACH * sigma * self.forecasts.base(looked.expected)
        limit = np.where(self.forecasts.age < SETTLE_BUCKETS, np.inf, reach)
        cleaned = looked.expected + np.minimum(np.maximum(count - looked.expected, -limit), limit)
        self.season.learn(self.bucket, cleaned, looked.seen)
        self.forecasts.learn(count, ahead, shape, reach, use, frozen)
        self.spread.learn(looked.error, sigma, use & (self.forecasts.age > 1), frozen)
        self.memory.learn(looked, closed & ~(looked.pair >= looked.threshold))


class _Memory(Columns):
    """The deviation of the last bucket seen, and for how many buckets nothing was seen."""

    PART = "smooth_memory"
    STATE = ("deviation", "blind")

    def __init__(self, n: int) -> None:
        self.deviation, self.blind = np.zeros(n), np.zeros(n)

    def learn(self, looked: Looked, closed: Bools) -> None:
        self.deviation = np.where(closed, 0.0, np.where(looked.seen, looked.deviation, self.deviation))
        self.blind = np.where(looked.seen, 0.0, self.blind + 1.0)
