"""What similar days held at this time of day.

For each of the last 14 days, how well its shape fits today's, its level set aside: with exponential sums of slots, of
today X and of that day B at the same hours, over six hours (X6, B6) and half an hour (X3, B3),

    q^2 = min(1, (ln((X3 + 3) / (B3 + 3)) - ln((X6 + 10) / (B6 + 10)))^2),   L = its mean over six hours

and then, with rates y at the time asked for,

    m0 = sum w rho y / sum w,   w = (L + 0.003)^-2,   rho = (X6 + k) / (B6 + k),   k = 20 + 0.02 B6

(days of the same weekday: 0.6 L; all others: L + 0.01)

so that it learns by itself whether today is a weekday, a Sunday, a holiday or the day after a clock change. `k` is the
Gamma prior of a Gamma-Poisson level (Gelman et al., Bayesian Data Analysis, ch. 2); weights by discounted losses follow
Cesa-Bianchi & Lugosi 2006, Prediction, Learning, and Games. All days alike instead: J .836 against .877.
"""

from __future__ import annotations

import numpy as np

from streams.detection.calendar import Calendars
from streams.detection.columns import Array, Bools, Columns, Floats, Singles, total
from streams.detection.delay import LINE_MIN
from streams.detection.history import LAGS, SLOT_MIN, History
from streams.detection.lasting import Shift

SLOTS_WAITING = LINE_MIN // SLOT_MIN + 1  # a slot has wholly left the line so many slots after it began
KEEP_6H = np.float32(np.exp(-SLOT_MIN / 360))  # 3 to 12 hours make no difference
KEEP_HALF_HOUR = np.float32(np.exp(-SLOT_MIN / 30))
SLOTS_OF_6H = 36.0
PRIOR_LOSS, PRIOR_SLOTS = 0.05, 6.0  # a day not yet compared: a shape off by 22 %, said with the weight of an hour
LOSS_FLOOR = 0.003  # shapes within 5 % count as the same: else one lucky day takes all the weight
SAME_WEEKDAY = 0.6  # loss of the days 7 and 14 back times this: a hint, without clear effect
# Loss of all others plus this: what the last six hours cannot show is what a weekday does next, and that may differ by
# 10 %. Where much comes, losses are small and the same weekday leads; where little comes, they are not and it hardly
# does. Quiet weeks of 200 and 2,000 a minute open falsely 1 time a year instead of 11; found is as much as without.
OTHER_WEEKDAY = 0.01
LEVEL_PRIOR_EVENTS, LEVEL_PRIOR_SHARE = 20.0, 0.02
# Added to the loss of a day of another kind (holiday or not): as if its shape had been off by 45 % all the time. With
# .05 holidays that are like Sundays open in .29 of drops instead of .24; without, in .34.
UNLIKE_LOSS = 0.2
LEVEL_LIMIT = 4.0  # either way: beyond it, it is another service
_BORDERS = SLOTS_WAITING + 2  # from the begin of the slot that leaves to the end of the one that comes
_IS_SAME = (np.arange(1, LAGS + 1) % 7 == 0)[:, None]
_HINT = np.where(_IS_SAME, SAME_WEEKDAY, 1.0).astype(np.float32)
_FLOOR = np.where(_IS_SAME, LOSS_FLOOR, LOSS_FLOOR + OTHER_WEEKDAY).astype(np.float32)


class Season(Columns):
    """Expected events a minute by time of day; works slot by slot, straight lines between slot borders."""

    PART = "season"
    STATE = ("rates", "today_6h", "that_6h", "today_3", "that_3", "loss", "slots", "left", "right", "days", "kept")

    def __init__(self, n: int) -> None:
        self.rates = np.full((_BORDERS, LAGS, n), np.nan, np.float32)  # ring by border
        self.today_6h, self.that_6h, self.today_3, self.that_3 = (np.zeros((LAGS, n), np.float32) for _ in range(4))
        self.loss = np.full((LAGS, n), PRIOR_LOSS, np.float32)
        self.slots = np.full((LAGS, n), PRIOR_SLOTS, np.float32)
        self.kept = np.ones((LAGS, n), np.float32)  # today_6h / that_6h before a new level was accepted
        self.left, self.right = np.zeros(n), np.zeros(n)  # m0 at both ends of the slot at hand
        self.days = np.zeros(n, np.int16)  # how many days there are to compare with; 0: left and right mean nothing

    def compare(self, slot: int, at: slice, count: Floats, seen: Floats, blind: Bools) -> None:
        """Learn how slot `slot` (wholly out of the line, without hot buckets: `seen` of them) fits each day.

        Where it was `blind` today's level fades into that of other days: after a gap of days nobody knows it.
        """
        if blind.any():
            faded = (((self.today_6h, self.that_6h), KEEP_6H), ((self.today_3, self.that_3), KEEP_HALF_HOUR))
            for sums, keep in faded:
                for each in sums:
                    each[:, at] *= np.where(blind, keep, np.float32(1))
        that = self._between(slot, at)
        that *= seen.astype(np.float32)
        use = ~np.isnan(that)  # a day that has no value here learns nothing
        use &= seen > 0
        lags = _used(use)
        today, that, use = count.astype(np.float32), that[lags], use[lags]
        today_6h = _add(self.today_6h[lags, at], today, use, KEEP_6H)
        that_6h = _add(self.that_6h[lags, at], that, use, KEEP_6H)
        today_3 = _add(self.today_3[lags, at], today, use, KEEP_HALF_HOUR)
        that_3 = _add(self.that_3[lags, at], that, use, KEEP_HALF_HOUR)
        q = (today_3 + 3) * (that_6h + 10)
        q /= (that_3 + 3) * (today_6h + 10)
        np.log(q, out=q)
        q *= q
        np.minimum(q, 1, out=q)
        slots, loss = self.slots[lags, at], self.loss[lags, at]
        np.minimum(slots + use, np.float32(SLOTS_OF_6H), out=slots)
        q -= loss
        q /= slots
        loss += q if use.all() else np.where(use, q, np.float32(0))

    def advance(self, slot: int, at: slice, history: History, calendars: Calendars) -> None:
        """Go on to slot `slot`: look up the rates at its end and weigh the days anew."""
        self.rates[(slot + 1) % _BORDERS, :, at] = history.rates(slot + 1, at)
        for series, shift in calendars.shifted(slot + 1, at):  # to the same local time
            self.rates[(slot + 1) % _BORDERS][:, series] = history.rates_of(slot + 1 + shift, series)
        first, last = self.rates[slot % _BORDERS, :, at], self.rates[(slot + 1) % _BORDERS, :, at]
        there = ~np.isnan(first + last)
        self.days[at] = there.sum(axis=0)
        lags = _used(there)
        first, last, there, that_6h = first[lags], last[lags], there[lags], self.that_6h[lags, at]
        prior = LEVEL_PRIOR_EVENTS + np.float32(LEVEL_PRIOR_SHARE) * that_6h
        level = self.today_6h[lags, at] + prior
        level /= that_6h + prior
        np.clip(level, 1 / LEVEL_LIMIT, LEVEL_LIMIT, out=level)
        loss = self.loss[lags, at] * _HINT[lags] + _FLOOR[lags]
        unlike = calendars.unlike(slot, at)
        if unlike is not None:
            loss += np.float32(UNLIKE_LOSS) * unlike[lags]
        weight = loss**-2
        all_there = bool(there.all())
        if not all_there:
            weight *= there
        sum_of_weights = np.maximum(total(weight, axis=0), np.float32(1e-30))
        level *= weight
        for border, rates in ((self.left, first), (self.right, last)):
            weighted = level * rates
            border[at] = total(weighted if all_there else np.where(there, weighted, 0), axis=0) / sum_of_weights

    def shift(self, shift: Shift) -> None:
        """Move everything to a new level; how today compares with each day is kept as far as the shape is."""
        at, past, offset = shift.at, shift.past.astype(np.float32), shift.offset.astype(np.float32)
        known = np.minimum(past, 1)  # more events now, yet today's level is no better known
        moved = (known * np.where(shift.past > 0, shift.factor / np.maximum(shift.past, 1e-30), 0)).astype(np.float32)
        self.that_6h[:, at] *= known
        self.that_3[:, at] *= known
        self.today_6h[:, at] *= moved
        self.today_3[:, at] *= moved
        self.rates[:, :, at] = self.rates[:, :, at] * past + offset
        self.left[at] = self.left[at] * shift.factor + shift.offset
        self.right[at] = self.right[at] * shift.factor + shift.offset

    def keep_level(self, at: Array) -> None:
        """Remember how today's level compares with each day, in case that `return_to_level` is asked for."""
        self.kept[:, at] = self.today_6h[:, at] / np.maximum(self.that_6h[:, at], np.float32(1e-9))

    def return_to_level(self, at: Array) -> None:
        """Forget how today compared with each day since `keep_level`."""
        self.today_6h[:, at] = self.that_6h[:, at] * self.kept[:, at]
        self.today_3[:, at] = self.that_3[:, at] * self.kept[:, at]

    def _between(self, slot: int, at: slice) -> Singles:
        """Mean rate of each day over a slot whose borders are still in the ring."""
        first, last = self.rates[slot % _BORDERS, :, at], self.rates[(slot + 1) % _BORDERS, :, at]
        rates: Singles = (first + last) * np.float32(0.5)
        return rates


def _used(use: Bools) -> slice:
    """The lags up to the last that is used by any series: on the first days most are not."""
    return slice(0, int(np.flatnonzero(use.any(axis=1)).max(initial=-1)) + 1)


def _add(into: Singles, value: Singles, use: Bools, keep: np.float32) -> Singles:
    """Exponential sum, in place, where `use`."""
    if use.all():  # as usual, and much quicker
        into *= keep
        into += value
    else:
        np.copyto(into, into * keep + value, where=use)
    return into
