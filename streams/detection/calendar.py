"""What the calendar knows of a series' days: where the clock was changed, which are holidays, when work is planned.

A day back means the same *local* time: where the offset of the zone from UTC was another one then, the store is read
shifted by the difference, in whole slots. On a holiday, days that are neither holidays nor days of rest are unlike it;
on the working day after it those that are; on other days, holidays only. All of it follows from bucket and catalogue
entry and is worked out once per calendar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import DTypeLike

from streams.catalogue.public_holidays import days_of_rest, holidays_in
from streams.detection.columns import Array, Bools, Singles
from streams.detection.history import LAGS, SLOT_MIN, SLOTS_PER_DAY

_SLOT_S = 60 * SLOT_MIN


@dataclass(frozen=True, slots=True)
class Calendar:
    """`zone`: whose day it is. `holidays`: a country's code, or dates (2026-12-25); None: no day is one."""

    zone: str = "UTC"
    holidays: str | tuple[str, ...] | None = None

    def shifts(self, slot: int) -> tuple[int, ...] | None:
        """How many slots later than 1 .. LAGS whole days before `slot` it was the same local time; None: all 0."""
        return None if self.zone == "UTC" else _shifts(self.zone, slot)

    def is_holiday(self, slot: int) -> bool:
        """Whether `slot` lies on a holiday that is not a day of rest anyhow."""
        return self.holidays is not None and _is_special(self.holidays, _local_date(self.zone, slot))

    def unlike(self, slot: int) -> tuple[bool, ...] | None:
        """Which of the days 1 .. LAGS before are of the other kind than that of `slot`; None: none of them."""
        return None if self.holidays is None else _unlike(self.holidays, _local_date(self.zone, slot))


PLAIN = Calendar()


@lru_cache(maxsize=4096)
def _offset(zone: str, slot: int) -> int:
    """Of local time from UTC, in slots; a quarter of an hour is rounded, but no clock is changed by one any more."""
    offset = datetime.fromtimestamp(slot * _SLOT_S, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / _SLOT_S)


@lru_cache(maxsize=1024)
def _shifts(zone: str, slot: int) -> tuple[int, ...] | None:
    now = _offset(zone, slot)
    shifts = tuple(now - _offset(zone, slot - SLOTS_PER_DAY * lag) for lag in range(1, LAGS + 1))
    return shifts if any(shifts) else None


@lru_cache(maxsize=1024)
def _local_date(zone: str, slot: int) -> date:
    return datetime.fromtimestamp(slot * _SLOT_S, ZoneInfo(zone)).date()


def _is_special(which: str | tuple[str, ...], day: date) -> bool:
    return day in holidays_in(which, day.year) and not _is_rest(which, day)


@lru_cache(maxsize=1024)
def _unlike(which: str | tuple[str, ...], today: date) -> tuple[bool, ...] | None:
    days = [today - timedelta(days=lag) for lag in range(1, LAGS + 1)]
    holidays = [_is_special(which, day) for day in days]
    off_work = [special or _is_rest(which, day) for special, day in zip(holidays, days, strict=True)]
    unlike = holidays
    if _is_special(which, today):
        unlike = [not off for off in off_work]
    elif holidays[0] and not _is_rest(which, today):  # back at work: what the losses learnt yesterday misleads
        unlike = off_work
    return tuple(unlike) if any(unlike) else None


def _is_rest(which: str | tuple[str, ...], day: date) -> bool:
    return day.weekday() in days_of_rest(which)


@dataclass(frozen=True, slots=True)
class Planned:
    """Buckets of planned work on one series, [first, end)."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class _Notable:
    """What one slot is to those series to whom it is something: values, and the series (ascending) they hold for."""

    shifts: list[tuple[Array, Array]]
    unlike: list[tuple[Array, Array]]
    holiday: list[tuple[Array, Array]]


class Calendars:
    """The calendars of a block's series, in the block's order. Holds no state: everything follows from the bucket."""

    def __init__(self, calendars: Sequence[Calendar], planned: Sequence[Sequence[Planned]]) -> None:
        members: dict[Calendar, list[int]] = {}
        for i, calendar in enumerate(calendars):
            if calendar != PLAIN:
                members.setdefault(calendar, []).append(i)
        self._members = [(calendar, np.array(of, np.intp)) for calendar, of in members.items()]
        self._notable: dict[int, _Notable] = {}  # by slot
        works = [(work.first, work.end, i) for i, own in enumerate(planned) for work in own]
        self._works = np.array(works, np.int64).reshape(-1, 3).T

    def shifted(self, slot: int, at: slice) -> Iterator[tuple[Array, Array]]:
        """(series, slots to add for each lag) of those of `at` whose clock was changed within the days compared."""
        for shifts, series in _within(self._of(slot).shifts, at):
            yield series, shifts

    def unlike(self, slot: int, at: slice) -> Singles | None:
        """(LAGS, series): 1 where a day back is of another kind than the day at hand; None: nowhere."""
        found: Singles | None = None
        for unlike, series in _within(self._of(slot).unlike, at):
            if found is None:
                found = np.zeros((LAGS, at.stop - at.start), np.float32)
            found[:, series - at.start] = unlike[:, None]
        return found

    def holiday(self, slot: int, at: slice) -> Bools | None:
        """Which of the series have a holiday; None: none of them."""
        found: Bools | None = None
        for _, series in _within(self._of(slot).holiday, at):
            if found is None:
                found = np.zeros(at.stop - at.start, np.bool_)
            found[series - at.start] = True
        return found

    def in_maintenance(self, bucket: int) -> Array:
        """Indices of the series on which work is planned in this bucket."""
        first, end, series = self._works
        return series[(first <= bucket) & (bucket < end)]

    def _of(self, slot: int) -> _Notable:
        if slot not in self._notable:  # asked ten times a slot, once by each phase
            for old in [old for old in self._notable if old < slot - 1]:
                del self._notable[old]
            shifts = [(calendar.shifts(slot), series) for calendar, series in self._members]
            unlike = [(calendar.unlike(slot), series) for calendar, series in self._members]
            holiday = [((True,) if calendar.is_holiday(slot) else None, series) for calendar, series in self._members]
            self._notable[slot] = _Notable(
                _alike(shifts, np.int64), _alike(unlike, np.float32), _alike(holiday, np.bool_)
            )
        return self._notable[slot]


def _alike(found: Sequence[tuple[tuple[int, ...] | None, Array]], dtype: DTypeLike) -> list[tuple[Array, Array]]:
    """One entry for each distinct value, without those that have none: the clocks of many zones change alike."""
    groups: dict[tuple[int, ...], list[Array]] = {}
    for value, series in found:
        if value is not None:
            groups.setdefault(value, []).append(series)
    return [(np.array(value, dtype), np.sort(np.concatenate(series))) for value, series in groups.items()]


def _within(groups: Sequence[tuple[Array, Array]], at: slice) -> Iterator[tuple[Array, Array]]:
    for value, series in groups:
        first, end = np.searchsorted(series, (at.start, at.stop))
        if first < end:
            yield value, series[first:end]
