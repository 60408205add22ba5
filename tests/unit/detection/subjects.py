"""Every baseline and score of the detector behind one interface, so that one battery holds for all of them.

A subject takes one value a series and bucket (NaN: blind) and says what it came to. Parts that do not learn what is
usual are told it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from streams.detection.bank import BankStep, SeriesBank, SeriesRow
from streams.detection.calendar import PLAIN, Calendars
from streams.detection.columns import Columns
from streams.detection.cusum import CusumBank
from streams.detection.delay import DelayLine
from streams.detection.history import History
from streams.detection.level import FastLevel, PlainMean
from streams.detection.season import SLOTS_WAITING, Season
from streams.detection.spread import Spread
from streams.detection.tail import bounds, score
from streams.detection.window import Opening, Windows

Values = NDArray[np.float64]
Said = dict[str, NDArray[Any]]
State = dict[str, NDArray[Any]]

FIRST = 27_609_120  # epoch minutes of 30 June 2022, 00:00 UTC: no part cares
USUAL = 20.0  # events a bucket, where a subject has to be told what is usual
SIZE = 50.0
ALL = slice(None)
PROFILES = get_args(get_type_hints(SeriesRow).get("profile", Literal["counts"]))


class Subject(Protocol):
    """One detector, baseline or score over some series."""

    def step(self, count: Values) -> Said:
        """Take in the next bucket."""

    def state(self) -> State:
        """Copies of everything that is state."""

    def restore(self, state: State) -> None:
        """Go on where `state` was taken."""


class Bank:
    """The whole detector of one profile; the names of its series stay with their columns."""

    def __init__(self, names: Sequence[str], profile: str) -> None:
        options: dict[str, Any] = {"profile": profile} if profile != "counts" else {}
        self.bank = SeriesBank([SeriesRow(name, None, 52.0, 1, **options) for name in names], FIRST)

    def step(self, count: Values) -> Said:
        step = self.bank.step(count)
        said = {field.name: getattr(step, field.name) for field in fields(BankStep) if field.name != "bucket"}
        above = np.where(count > step.expected, step.score, -step.score)
        return said | {"signed score": above, "signed run": step.lean}

    def state(self) -> State:
        return self.bank.snapshot()

    def restore(self, state: State) -> None:
        self.bank.restore(state)


@dataclass(slots=True)
class Parts:
    """Parts of the detector, driven by `drive`; the time is state of its own."""

    parts: tuple[Columns, ...]
    drive: Callable[[int, Values], Said]
    n: int
    bucket: int = FIRST

    def step(self, count: Values) -> Said:
        said = self.drive(self.bucket, count)
        self.bucket += 1
        return {name: np.array(values) for name, values in said.items()}

    def state(self) -> State:
        state: State = {"bucket": np.array(self.bucket)}
        for part in self.parts:
            part.save(state, np.arange(self.n), self.n)
        return state

    def restore(self, state: State) -> None:
        self.bucket = int(state["bucket"])
        for part in self.parts:
            part.load(state, np.arange(self.n), self.n)


def _seen(count: Values) -> tuple[NDArray[np.bool_], Values]:
    seen = ~np.isnan(count)
    return seen, np.where(seen, count, 0.0)


def season(names: Sequence[str], usual: float = USUAL) -> Subject:
    """One value a ten-minute slot: ten buckets of a tenth of it, as they leave the delay line."""
    n = len(names)
    history, days = History(n), Season(n)
    calendars = Calendars([PLAIN] * n, [()] * n)

    def drive(slot: int, count: Values) -> Said:
        seen, count = _seen(count)
        gone, numbers = slot - SLOTS_WAITING, np.where(seen, 10.0, 0.0)
        history.write(gone, ALL, 10 * count, numbers)
        days.compare(gone, ALL, 10 * count, numbers, ~seen)
        days.advance(slot, ALL, history, calendars)
        return {"expected": np.where(days.days > 0, days.left, 0.0), "right": days.right, "days": days.days}

    return Parts((history, days), drive, n)


def fast_level(names: Sequence[str], usual: float = USUAL) -> Subject:
    level = FastLevel(len(names))

    def drive(_: int, count: Values) -> Said:
        seen, count = _seen(count)
        level.learn(count, np.full(len(count), usual), seen, ~seen)
        return {"ratio": level.ratio()}

    return Parts((level,), drive, len(names))


def plain_mean(names: Sequence[str], usual: float = USUAL) -> Subject:
    mean = PlainMean(len(names))

    def drive(_: int, count: Values) -> Said:
        seen, count = _seen(count)
        mean.learn(count, seen)
        return {"expected": mean.mean, "established": mean.established()}

    return Parts((mean,), drive, len(names))


def spread(names: Sequence[str], usual: float = USUAL) -> Subject:
    spread = Spread(len(names))
    mean = np.full(len(names), usual)

    def drive(bucket: int, count: Values) -> Said:
        seen, count = _seen(count)
        spread.learn(count, mean, mean, spread.bounded_excess(), seen)
        if bucket % 30 == 0:
            spread.half_hour(ALL)
            spread.refresh(ALL, np.full(len(count), 14, np.int16), 0.5, None)
        return {"excess": spread.bounded_excess(), "slow": spread.up_slow, "fast": spread.up_fast,
                "variance": spread.variance}  # fmt: skip

    return Parts((spread,), drive, len(names))


def cusums(names: Sequence[str], usual: float = USUAL) -> Subject:
    n = len(names)
    bank, threshold = CusumBank(n, FIRST), np.full(n, 8.0, np.float32)
    mean, size, ones = np.full(n, usual), np.full(n, SIZE), np.ones(n)

    def drive(bucket: int, count: Values) -> Said:
        seen, count = _seen(count)
        means = (mean * 1.2, mean * 1.1, mean / 1.2, mean / 1.1)
        bank.step(bucket, count, means, size, seen, ones, (threshold, threshold))
        return {"surge": bank.surge(), "drop": bank.drop(), "start": bank.start.min(axis=0)}

    return Parts((bank,), drive, n)


def delay_line(names: Sequence[str], usual: float = USUAL) -> Subject:
    n = len(names)
    line = DelayLine(n)

    def drive(bucket: int, count: Values) -> Said:
        return {"learnt": line.exchange(bucket, count, np.full(n, usual), count > 3 * usual).learnt()}

    return Parts((line,), drive, n)


def windows(names: Sequence[str], usual: float = USUAL) -> Subject:
    """Opened by a bucket of three times the usual, then left to close by themselves."""
    n = len(names)
    window = Windows(n)

    def drive(bucket: int, count: Values) -> Said:
        seen, count = _seen(count)
        closed = np.zeros(n, np.bool_)
        at = window.open_series()
        at = at[seen[at]]
        if at.size:
            mean, ones = np.full(at.size, usual), np.ones(at.size)
            over = at[window.follow(bucket, at, count[at], mean, ones, SIZE * ones)]
            window.close(over, window.last_elevated[over])
            closed[over] = True
        at = (seen & (count > 3 * usual) & (window.direction == 0) & ~closed).nonzero()[0]
        if at.size:
            ones, no = np.ones(at.size), np.zeros(at.size, np.bool_)
            start = np.full(at.size, bucket)
            window.open(bucket, Opening(at, ones.astype(np.int8), start, 3 * ones, no, ones, ones))
        return {"open": window.direction, "closed": closed, "started": window.started, "ended": window.ended,
                "ratio": window.ratio}  # fmt: skip

    return Parts((window,), drive, n)


def tail(names: Sequence[str], usual: float = USUAL) -> Subject:
    n = len(names)
    mean, inverse = np.full(n, usual), np.full(n, 1 / SIZE)

    def drive(_: int, count: Values) -> Said:
        lower, upper = bounds(mean, inverse)
        points = score(count, mean, inverse)
        return {"score": points, "signed score": np.where(count > mean, points, -points), "lower": lower,
                "upper": upper}  # fmt: skip

    return Parts((), drive, n)


class Make(Protocol):
    """How a subject is made; `usual`: events a bucket, for those that have to be told."""

    def __call__(self, names: Sequence[str], usual: float = USUAL) -> Subject: ...


def bank_of(profile: str) -> Make:
    def make(names: Sequence[str], usual: float = USUAL) -> Subject:
        return Bank(names, profile)

    return make


BANKS: dict[str, Make] = {f"bank, {profile}": bank_of(profile) for profile in PROFILES}
BASELINES: dict[str, Make] = {"season": season, "plain mean": plain_mean}
SCORES: dict[str, Make] = {"CUSUMs": cusums, "tail": tail}
OTHERS: dict[str, Make] = {
    "fast level": fast_level,
    "spread": spread,
    "delay line": delay_line,
    "windows": windows,
}
SUBJECTS = BANKS | BASELINES | SCORES | OTHERS
