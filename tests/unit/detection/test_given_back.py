"""What an operator's verdict on a window changes of what was learnt from it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest

from streams.contracts.times import bucket_start
from streams.detection.bank import BankStep, SeriesBank
from streams.detection.given_back import GivenBack
from streams.detection.history import RING
from streams.detection.hot_slots import HotSlots
from tests.unit.detection.banks import DAY, MONDAY, Counts, draw, history, means, rows

LEVEL = 100.0
JOB = slice(60, 100)  # of a day
VERDICT = 180
ENOUGH = 2 * DAY + 160  # the job of the third day is over


class Desk:
    """A bank of one series and what is said of its windows, as a partition wires them."""

    def __init__(self) -> None:
        self.bank = SeriesBank(rows(LEVEL, LEVEL), MONDAY)
        self.bank.warm_up(MONDAY // 10 - 2016, *history([LEVEL, LEVEL]))
        self.given_back = GivenBack()
        self.opened: list[int] = []  # buckets in which the first series opened
        self.started: list[int] = []

    def step(self, counts: Counts) -> BankStep:
        step = self.bank.step(counts)
        opened, closed = step.opened.nonzero()[0], step.closed.nonzero()[0]
        self.given_back.follow(step.bucket, opened, step.started[opened], closed, step.ended[closed])
        if step.opened[0]:
            self.opened.append(step.bucket)
            self.started.append(int(step.started[0]))
        hot = self.bank.hot_slots()
        correction = None if hot is None else self.given_back.keep(hot)
        if correction is not None:
            self.bank.correct(correction)
            self.bank.excuse(self.given_back.excused())
        return step

    def say(self, action: str, started: int, series: range = range(1)) -> bool:
        is_false = action == "false_alarm"
        correction = self.given_back.judge(window("s0", started), is_false, series, self.bank.bucket - 1)
        if correction is not None:
            self.bank.correct(correction)
            self.bank.excuse(self.given_back.excused())
        return correction is not None

    def stored(self) -> Counts:
        """Events of the slots of the day at hand, of the first series."""
        sums = self.bank.snapshot()["history.sums"][:, 0].astype(float) * 1024
        return sums[(MONDAY // 10 + np.arange(DAY // 10)) % RING]


def window(service: str, started: int) -> str:
    return f"{service}-{bucket_start(started)[:19].replace('-', '').replace(':', '')}Z"


def days(factor: float, number: int = 1, seed: int = 5) -> Iterator[Counts]:
    """Counts of days of two series; in the first a job multiplies them for forty minutes."""
    mean = means([LEVEL, LEVEL], MONDAY, number * DAY).reshape(number, DAY, 2)
    mean[:, JOB, 0] *= factor
    yield from draw(mean.reshape(-1, 2), seed=seed)


def after_a_job(factor: float = 5.0, upto: int = VERDICT) -> Desk:
    return copy.deepcopy(_after_a_job(factor, upto))


@lru_cache
def _after_a_job(factor: float, upto: int) -> Desk:
    desk = Desk()
    for minute, counts in enumerate(days(factor)):
        if minute == upto:
            break
        desk.step(counts)
    assert len(desk.started) == 1
    return desk


def truth(factor: float = 5.0) -> Counts:
    return np.array(list(days(factor)))[:, 0]


def slots_of(counts: Counts, phase: int, first: int, last: int) -> Counts:
    return np.array([counts[10 * slot + phase : 10 * slot + phase + 10].sum() for slot in range(first, last)])


def phase() -> int:
    return rows(LEVEL)[0].fingerprint() % 10


def test_a_false_alarm_gives_the_true_sums_back() -> None:
    desk = after_a_job()
    before = desk.stored()[6:9]
    assert desk.say("false_alarm", desk.started[0])
    true = slots_of(truth(), phase(), 6, 9)
    assert (before < 0.6 * true).all()
    assert desk.stored()[6:9] == pytest.approx(true, rel=0.002)


def test_what_the_window_did_not_touch_stays_as_it_was() -> None:
    desk = after_a_job()
    before = desk.stored()
    desk.say("false_alarm", desk.started[0])
    after = desk.stored()
    assert before[:5].tolist() == after[:5].tolist()
    assert before[12:].tolist() == after[12:].tolist()


def test_confirmed_takes_it_back_exactly() -> None:
    desk = after_a_job()
    before = desk.bank.snapshot()["history.sums"]
    assert desk.say("false_alarm", desk.started[0])
    assert desk.say("confirmed", desk.started[0])
    assert np.array_equal(desk.bank.snapshot()["history.sums"], before)


@pytest.mark.parametrize("action", ["false_alarm", "confirmed"])
def test_saying_it_twice_changes_nothing_more(action: str) -> None:
    desk = after_a_job()
    desk.say("false_alarm", desk.started[0])
    desk.say(action, desk.started[0])
    assert not desk.say(action, desk.started[0])


def test_confirmed_alone_changes_nothing() -> None:
    desk = after_a_job()
    assert not desk.say("confirmed", desk.started[0])


@pytest.mark.parametrize(
    "named", ["s0-20220630T230000Z", "s0-20220630T001000Z", "s0", "s0-yesterday", "s0-20229930T080000Z"]
)
def test_a_verdict_on_a_window_that_was_not_there_changes_nothing(named: str) -> None:
    desk = after_a_job()
    assert desk.given_back.judge(named, True, range(1), desk.bank.bucket) is None


def test_a_verdict_reaches_no_other_service() -> None:
    desk = after_a_job()
    assert not desk.say("false_alarm", desk.started[0], series=range(1, 2))


def test_a_verdict_on_an_open_window_holds_for_what_comes_of_it_yet() -> None:
    at_once, later = after_a_job(upto=80), after_a_job(upto=80)
    at_once.say("false_alarm", at_once.started[0])
    for minute, counts in enumerate(days(5.0)):
        if 80 <= minute < VERDICT:
            at_once.step(counts)
            later.step(counts)
    later.say("false_alarm", later.started[0])
    assert at_once.stored().tolist() == later.stored().tolist()


def test_two_windows_within_half_an_hour_are_one_and_a_third_later_is_not() -> None:
    given_back, one, none = GivenBack(), np.array([0]), np.zeros(0, np.int64)
    for opened, ended in ((0, 30), (55, 80), (130, 150)):
        given_back.follow(MONDAY + opened, one, np.array([MONDAY + opened]), none, none)
        given_back.follow(MONDAY + ended + 9, none, none, one, np.array([MONDAY + ended]))
    slots = MONDAY // 10 + np.arange(16)
    given_back.keep(HotSlots(slots, np.zeros(16, np.int64), *np.ones((4, 16), np.float32)))
    correction = given_back.judge(window("s0", MONDAY), True, range(1), MONDAY + 200)
    assert correction is not None
    reached = [10 * slot for slot in (correction.slots - slots[0]).tolist()]
    assert min(reached) == 0
    assert 80 <= max(reached) < 110


def opened_on_the_next_days(verdict: bool, factor: float = 5.0, after: float | None = None) -> list[int]:
    """Days (1, 2) on which the job, or what comes in its place, opened a window."""
    desk = Desk()
    first = list(days(factor))
    rest = list(days(factor if after is None else after, number=2, seed=6))
    for minute, counts in enumerate([*first, *rest][:ENOUGH]):
        desk.step(counts)
        if minute == VERDICT and verdict:
            desk.say("false_alarm", desk.started[0])
    return sorted({(bucket - MONDAY) // DAY for bucket in desk.opened[1:]})


@pytest.mark.parametrize("factor", [0.3, 3.0, 6.0])
def test_the_same_time_of_day_does_not_open_again(factor: float) -> None:
    assert opened_on_the_next_days(verdict=False, factor=factor) == [1, 2]
    assert opened_on_the_next_days(verdict=True, factor=factor) == []


def test_a_job_that_stays_away_opens_nothing_either() -> None:
    assert opened_on_the_next_days(verdict=True, after=1.0) == []


def test_much_more_than_what_was_excused_opens_all_the_same() -> None:
    assert opened_on_the_next_days(verdict=True, factor=3.0, after=12.0) == [1, 2]


def test_an_outage_beyond_what_was_excused_is_learnt_within_a_factor_of_two_of_that() -> None:
    desk = after_a_job(3.0)
    desk.say("false_alarm", desk.started[0])
    for minute, counts in enumerate([*days(3.0), *days(12.0, seed=6)]):
        if VERDICT <= minute < DAY + VERDICT:
            desk.step(counts)
    sums = desk.bank.snapshot()["history.sums"][:, 0].astype(float) * 1024
    learnt = sums[(MONDAY + DAY) // 10 % RING + 7]  # the slot in the middle of the job
    assert learnt < 0.7 * 12 / 3 * slots_of(truth(3.0), phase(), 7, 8)[0]


def test_a_drop_opens_where_a_surge_was_excused() -> None:
    assert opened_on_the_next_days(verdict=True, factor=3.0, after=0.0) == [1, 2]


def test_it_goes_on_from_a_snapshot_bit_for_bit() -> None:
    desk, again = after_a_job(), Desk()
    desk.say("false_alarm", desk.started[0])
    again.bank.restore(desk.bank.snapshot())
    again.given_back.restore(desk.given_back.snapshot(), {0: 0, 1: 1})
    again.bank.excuse(again.given_back.excused())
    for minute, counts in enumerate(days(5.0, number=2)):
        if VERDICT <= minute < DAY + 160:
            left, right = desk.step(counts), again.step(counts)
            assert left.lean.tolist() == right.lean.tolist()
            assert left.expected.tolist() == right.expected.tolist()
    assert desk.given_back.snapshot() == again.given_back.snapshot()


def test_series_that_go_take_what_was_kept_of_them_along() -> None:
    desk = after_a_job()
    other = GivenBack()
    other.restore(desk.given_back.snapshot(), {1: 0})
    assert len(other.excused().slots) == 0
    assert other.judge(window("s0", desk.started[0]), True, range(1), desk.bank.bucket) is None
