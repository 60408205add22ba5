"""The algorithm over one block of series; see `step` for the order in which its parts act.

Series stand in the order of their slot phase, so that the tenth of them whose ten-minute slot begins in a bucket is one
slice. A series' phase hangs on its name alone, so what it says does not depend on who else is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from streams.detection.calendar import Calendars
from streams.detection.columns import Array, Bools, Columns, Floats
from streams.detection.cusum import DROP_ROWS, EFFECTS, IS_SLOW, SURGE_ROWS, CusumBank
from streams.detection.delay import NO_EXPECTATION, DelayLine
from streams.detection.history import SLOT_MIN, History
from streams.detection.hot_slots import Excused, HotSlots
from streams.detection.judged import Expectation, Judged, Limits, Runs
from streams.detection.lasting import LastingChange
from streams.detection.level import FastLevel, PlainMean
from streams.detection.season import SLOTS_WAITING, Season
from streams.detection.sensitivity import Thresholds
from streams.detection.settling import accept, restore
from streams.detection.slot import SlotSums
from streams.detection.spread import Spread
from streams.detection.window import Opening, Windows

SLOTS_PER_HALF_HOUR = 3
_LEAST_RATE = 1e-6  # below it a change of expectation has no meaningful factor
_ALL_ROWS = slice(0, len(EFFECTS))


class Block:
    """State of up to some thousand series, and the step that moves it by a bucket. `turn` spreads work over slots."""

    def __init__(self, limits: Limits, bucket: int, calendars: Calendars, turn: int = 0) -> None:
        n = len(limits.phase)
        self.bucket = bucket
        self.limits, self.calendars = limits, calendars
        self.hot_slots: HotSlots | None = None  # that were stored in the last step
        self.excused = Excused(limits.phase)
        edges = np.searchsorted(limits.phase, np.arange(SLOT_MIN + 1)).tolist()
        self.groups = [slice(a, b) for a, b in pairwise(edges)]
        self.history, self.season, self.slots = History(n, turn), Season(n), SlotSums(n)
        self.mean, self.level, self.spread, self.line = PlainMean(n), FastLevel(n), Spread(n), DelayLine(n)
        self.cusums, self.windows, self.lasting = CusumBank(n, bucket), Windows(n), LastingChange(n)
        self.thresholds = Thresholds(limits.tolerance_per_year, limits.surges, limits.drops)
        self._any_one_sided = bool((limits.surges != limits.drops).any())
        self._never: Bools = np.zeros(n, np.bool_)
        self._all: Bools = np.ones(n, np.bool_)
        for same in (self._never, self._all):
            same.setflags(write=False)  # they leave the bank as columns

    def parts(self) -> Iterator[Columns]:
        """Everything that is state, except the bucket."""
        yield from (self.history, self.season, self.slots, self.mean, self.level, self.spread, self.line)
        yield from (self.cusums, self.thresholds, self.windows, self.lasting)

    def step(self, count: Floats) -> Judged:
        """Judge the next bucket (NaN: blind), then learn from it."""
        bucket, seen = self.bucket, ~np.isnan(count)
        self.hot_slots = None
        count = np.where(seen, count, 0.0)
        group = self.groups[bucket % SLOT_MIN]
        if group.start < group.stop:
            self.begin_slot(bucket // SLOT_MIN, group)
        restore(self)
        accepted = accept(self, seen)
        expect = self._expect(count, seen)
        runs = self._run(count, expect)
        closed = self._close(count, expect, runs, accepted)
        opened = self._open(expect.judged, closed, runs)
        variance = expect.excess + self.spread.variance
        self._learn(count, expect, runs)
        self.bucket = bucket + 1
        return Judged(expect, runs, opened & self.told(), closed & self.told(), variance)

    def told(self) -> Bools:
        """Whose last window is of a direction that is asked for."""
        if not self._any_one_sided:
            return self._all
        sign = self.windows.sign
        told: Bools = ((sign > 0) & self.limits.surges) | ((sign < 0) & self.limits.drops)
        return told

    def begin_slot(self, slot: int, at: slice) -> None:
        """The work of every tenth bucket for the series `at`: store and compare the slot that has left the line."""
        gone = slot - SLOTS_WAITING
        self.hot_slots = self.slots.hot(gone, at)
        sums, numbers, cool_sums, cool_numbers = self.slots.take(at)
        self.history.write(gone, at, sums, numbers)
        self.season.compare(gone, at, cool_sums, cool_numbers, numbers == 0)
        if slot % SLOTS_PER_HALF_HOUR == 0:
            self.spread.half_hour(at)
        before = np.where(self.season.days[at] > 0, self.season.right[at], self.mean.mean[at])
        self.season.advance(slot, at, self.history, self.calendars)
        after = np.where(self.season.days[at] > 0, self.season.left[at], self.mean.mean[at])
        usable = (before > _LEAST_RATE) & (after > _LEAST_RATE)
        factor = np.where(usable, after, 1.0) / np.where(usable, before, 1.0)
        if self.excused:  # the level stands still there: what the season says of a job is no news of the time before it
            self.excused.begin_slot(slot, at)
            factor = np.where(self.excused.most[at] > 0, 1.0, factor)
        self.level.rescale(at, factor)
        self.line.rescale(at, factor)
        self.lasting.rescale(at, factor)
        holiday = self.calendars.holiday(slot, at)
        self.spread.refresh(at, self.season.days[at], self.level.inertia(at), holiday, self.level.unknown(at))
        usual = (self.season.left[at] + self.season.right[at]) / 2
        self.thresholds.refresh(at, np.where(self.season.days[at] > 0, usual, self.mean.mean[at]))

    def _expect(self, count: Floats, seen: Bools) -> Expectation:
        season, mean = self.season, self.mean
        share = ((self.bucket - self.limits.phase) % SLOT_MIN + 0.5) * (1.0 / SLOT_MIN)
        has_days = season.days > 0
        slow = season.left + (season.right - season.left) * share
        judged, known = seen, has_days
        if not has_days.all():
            slow = np.where(has_days, slow, mean.mean)
            known = has_days | mean.established()
            judged = seen & known
            if not known.all():  # for display only: the mean of what there is, this bucket included
                slow = np.where(known, slow, self._mean_of_waiting(count, seen))
        ratio = self.level.ratio()
        held = self.windows.open_series()
        if held.size:
            ratio[held] = self.windows.frozen[held]
        excess = self.spread.bounded_excess()
        return Expectation(slow, slow * ratio, ratio, excess, 1.0 / excess, seen, known, judged)

    def _mean_of_waiting(self, count: Floats, seen: Bools) -> Floats:
        waiting = ~np.isnan(self.line.count)
        total = np.where(waiting, self.line.count, 0).sum(axis=0) + count
        mean: Floats = total / np.maximum(waiting.sum(axis=0) + seen, 1)
        return mean

    def _run(self, count: Floats, expect: Expectation) -> Runs:
        up_slow, up_fast = self.spread.up_slow, self.spread.up_fast
        slow, fast = expect.slow, expect.fast
        means = (slow * up_slow, fast * up_fast, slow / up_slow, fast / up_fast)
        if self.excused:
            most, least = self.excused.most, self.excused.least
            surge_means = (np.maximum(slow, most) * up_slow, np.maximum(fast, most) * up_fast)
            means = (*surge_means, np.minimum(slow, least) / up_slow, np.minimum(fast, least) / up_fast)
        self._look_back(count, expect, means)
        limits, thresholds = self.limits, (self.thresholds.surge, self.thresholds.drop)
        self.cusums.step(self.bucket, count, means, expect.size, expect.judged, expect.ratio, thresholds)
        surge, drop = self.cusums.surge(), self.cusums.drop()
        shares = (surge / thresholds[0].astype(np.float64), drop / thresholds[1].astype(np.float64))
        return Runs(surge, drop, shares[0] * limits.surges, shares[1] * limits.drops)

    def _look_back(self, count: Floats, expect: Expectation, means: tuple[Floats, ...]) -> None:
        """Where a new level was accepted of late the one before is normal too: `means` are widened in place."""
        lasting = self.lasting
        at = lasting.recent(self.bucket)
        if not at.size:
            return
        now = at[expect.judged[at]]
        null = (means[1][now], means[3][now])
        before, size = expect.slow[now] / lasting.factor[now], expect.size[now]
        lasting.look_back(self.bucket, now, count[now], null, before, size, self.thresholds.larger(now))
        lasting.widen(at, means[:2], means[2:])

    def _close(self, count: Floats, expect: Expectation, runs: Runs, accepted: Array) -> Bools:
        closed = self._never
        if accepted.size:
            closed = np.zeros(len(count), np.bool_)
            closed[accepted] = True
        windows = self.windows
        at = windows.open_series()
        at = at[expect.judged[at]]
        if not at.size:
            return closed
        is_surge = windows.direction[at] > 0
        own = np.where(is_surge, runs.surge_nats[at], runs.drop_nats[at])
        windows.evidence[at] = np.maximum(windows.evidence[at], own)
        margin = np.where(windows.slow[at], self.spread.up_slow[at], self.spread.up_fast[at])
        self.lasting.follow(at, count[at], expect.slow[at])
        over = windows.follow(self.bucket, at, count[at], expect.fast[at], margin, expect.size[at])
        turned = np.where(is_surge, runs.drop[at], runs.surge[at]) >= 1.0
        calm = at[over & ~turned]
        told = self.told()[calm]
        self._end(calm[told], windows.last_elevated[calm[told]], _ALL_ROWS, expect.slow)
        self._end_muted(calm[~told])
        for of_surge, rows in ((True, SURGE_ROWS), (False, DROP_ROWS)):
            turn = at[turned & (is_surge == of_surge)]
            if turn.size:  # the other direction opens in the next bucket: this one ended before that began
                winner = self.cusums.winner(turn, np.full(turn.size, not of_surge))
                before = self.cusums.start[winner, turn].astype(np.int64) - 1
                self._end(turn, np.minimum(windows.last_elevated[turn], before), rows, expect.slow)
        closed = closed.copy()
        closed[at[over | turned]] = True
        return closed

    def _end(self, at: Array, ended: Array, rows: slice, mean: Floats) -> None:
        if not at.size:
            return
        self.windows.close(at, ended)
        self.cusums.reset(at, rows, self.bucket)
        self.level.reset(at, mean[at])

    def _end_muted(self, at: Array) -> None:
        """Of these nobody is told, so neither the other direction nor the level of the last minutes begins anew."""
        self.windows.close(at, self.windows.last_elevated[at])
        for sign, rows in ((1, SURGE_ROWS), (-1, DROP_ROWS)):
            self.cusums.reset(at[self.windows.sign[at] == sign], rows, self.bucket)

    def _open(self, judged: Bools, closed: Bools, runs: Runs) -> Bools:
        surge, drop = runs.surge, runs.drop
        if self._any_one_sided:  # the other direction has windows too, of which nobody is told: see `window`
            surge = np.where(self.limits.surges, surge, runs.surge_nats / self.thresholds.surge)
            drop = np.where(self.limits.drops, drop, runs.drop_nats / self.thresholds.drop)
        largest = np.maximum(surge, drop)
        if np.maximum.reduce(largest, initial=0.0) < 1.0:
            return self._never
        opened: Bools = (largest >= 1.0) & judged & ~closed & (self.windows.direction == 0)
        at = opened.nonzero()[0]
        is_surge = surge[at] >= drop[at]
        winner = self.cusums.winner(at, is_surge)
        opening = Opening(
            at=at,
            sign=np.where(is_surge, 1, -1),
            start=self.cusums.begin(at, winner),
            effect=EFFECTS[winner].astype(np.float64),
            slow=IS_SLOW[winner],
            ratio=self.cusums.ratio[winner, at].astype(np.float64),
            evidence=self.cusums.value[winner, at].astype(np.float64),
        )
        self.windows.open(self.bucket, opening)
        self.lasting.begin(at, self.bucket - self.windows.started[at], self.mean.buckets[at])
        self.line.mark_hot(self.bucket, at, self.windows.started[at])
        return opened

    def _learn(self, count: Floats, expect: Expectation, runs: Runs) -> None:
        hot = self._never
        at = self.windows.open_series()
        if at.size:
            hot = np.zeros(len(count), np.bool_)
            hot[at] = True
        seen = expect.seen
        idle = self.calendars.in_maintenance(self.bucket)
        if idle.size:  # for all that learns, planned work is a blind stretch
            seen, count = seen.copy(), count.copy()
            seen[idle], count[idle] = False, 0.0
        expected = np.where(expect.known, expect.slow, NO_EXPECTATION)
        if self.excused:
            most = self.excused.most
            expected = np.where((most > 0) & expect.known, -np.maximum(expected, most), expected)
        leaving = self.line.exchange(self.bucket, np.where(seen, count, np.nan), expected, hot)
        value = leaving.learnt()
        use = ~np.isnan(value)
        self.slots.add(value, use, leaving)
        self.mean.learn(value, use & ~leaving.hot)
        lasting = ~leaving.hot & ~leaving.excused  # a job is no level of the next hour
        cool = use & lasting & (leaving.expected < NO_EXPECTATION)
        self.level.learn(value, leaving.expected, cool, ~use)
        self.spread.learn(count, expect.slow, expect.fast, expect.excess, seen)
