"""Beginnings and lasting changes: no window stays open for ever, and what was before may come back."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from streams.detection.bank import SeriesBank
from streams.detection.delay import Leaving
from streams.detection.history import SLOTS_PER_DAY, History
from streams.detection.lasting import Shift
from streams.detection.slot import SlotSums
from tests.unit.detection.banks import DAY, MONDAY, Counts, draw, means, rows, run, warmed

LEVEL = 200.0
Window = tuple[int, int, int | None]  # direction; minutes after MONDAY of start and end
Part = tuple[int, int, float]  # from, to, factor

# Of a series with two weeks behind it: what befalls it from minute 600 on.
GROWN: dict[str, list[Part]] = {
    "switched off": [(600, 4 * DAY, 0.0)],
    "to a third": [(600, 4 * DAY, 0.3)],
    "to two and a half": [(600, 4 * DAY, 2.5)],
    "to ten": [(600, 4 * DAY, 10.0)],
    "silence of ten hours": [(600, 1200, 0.0)],
    "silence of thirty hours": [(600, 2400, 0.0)],
    "flood of ten hours": [(600, 1200, 10.0)],
    "triple for ten hours": [(600, 1200, 3.0)],
    "silence of ten hours, then a flood": [(600, 1200, 0.0), (1200, 1260, 8.0)],
}
# Of a series that begins within an outage, or half an hour before one.
YOUNG: dict[str, list[Part]] = {
    "four times from the first minute": [(0, 60, 4.0)],
    "ten times for four hours": [(0, 240, 10.0)],
    "silent from the first minute": [(0, 60, 0.0)],
    "four times from minute 15": [(15, 90, 4.0)],
    "four times from minute 25": [(25, 120, 4.0)],
    "silent from minute 15": [(15, 120, 0.0)],
}


def counts_of(cases: dict[str, list[Part]], buckets: int) -> Counts:
    mean = means([LEVEL] * len(cases), MONDAY, buckets)
    for column, parts in enumerate(cases.values()):
        for first, end, factor in parts:
            mean[first:end, column] *= factor
    return draw(mean)


def windows_of(bank: SeriesBank, counts: Counts) -> list[list[Window]]:
    """Of each series; an end of None is one still open."""
    found: list[list[Window]] = [[] for _ in bank.rows]
    for step in run(bank, counts):
        for i in np.flatnonzero(step.closed):
            found[i].append((int(step.direction[i]), int(step.started[i]) - MONDAY, int(step.ended[i]) - MONDAY))
    for i in np.flatnonzero(step.open):
        found[i].append((int(step.direction[i]), int(step.started[i]) - MONDAY, None))
    return found


@cache
def grown() -> dict[str, list[Window]]:
    found = windows_of(warmed([LEVEL] * len(GROWN)), counts_of(GROWN, 4 * DAY))
    return dict(zip(GROWN, found, strict=True))


@cache
def young() -> dict[str, list[Window]]:
    found = windows_of(SeriesBank(rows(*[LEVEL] * len(YOUNG)), MONDAY), counts_of(YOUNG, 2 * DAY))
    return dict(zip(YOUNG, found, strict=True))


@pytest.mark.parametrize(
    ("case", "direction"), [("switched off", -1), ("to a third", -1), ("to two and a half", 1), ("to ten", 1)]
)
def test_a_lasting_change_is_accepted_after_eight_hours_and_opens_on_no_later_day(case: str, direction: int) -> None:
    [(way, started, ended)] = grown()[case]
    assert way == direction
    assert abs(started - 600) <= 1
    assert ended is not None
    assert 480 <= ended - started <= 482


@pytest.mark.parametrize(
    ("case", "direction"),
    [
        ("silence of ten hours", -1),
        ("silence of thirty hours", -1),
        ("flood of ten hours", 1),
        ("triple for ten hours", 1),
    ],
)
def test_the_return_from_an_outage_that_was_accepted_opens_nothing(case: str, direction: int) -> None:
    assert [window[0] for window in grown()[case]] == [direction]


def test_a_flood_after_an_accepted_silence_is_found_at_once() -> None:
    silence, flood = grown()["silence of ten hours, then a flood"]
    assert (silence[0], flood[0]) == (-1, 1)
    assert flood[2] is not None
    assert abs(flood[1] - 1200) <= 1
    assert abs(flood[2] - 1259) <= 1


@pytest.mark.parametrize("case", YOUNG)
def test_a_series_that_began_within_an_outage_settles_within_two_hours_of_its_end(case: str) -> None:
    back = YOUNG[case][-1][1]
    for _, started, ended in young()[case]:
        assert ended is not None
        assert started <= back + 15
        assert ended <= back + 120


def test_the_moment_of_acceptance_is_the_end_and_the_new_level_is_expected_from_then_on() -> None:
    counts = draw(means([LEVEL], MONDAY, 520))
    counts[20:] *= 10
    steps = run(warmed([LEVEL]), counts)
    [closing] = [step for step in steps if step.closed[0]]
    assert closing.ended[0] == closing.bucket - 1
    assert closing.expected[0] == pytest.approx(counts[440:500].mean(), rel=0.15)
    assert closing.lean[0] == 0


def test_only_seen_buckets_count_towards_acceptance() -> None:
    counts = draw(means([LEVEL], MONDAY, DAY))
    counts[100:800] *= 5
    counts[160:780] = np.nan
    [window] = windows_of(warmed([LEVEL]), counts)[0]
    assert window == (1, 100, 799)


def test_a_young_series_is_not_judged_for_half_an_hour_yet_says_what_it_expects() -> None:
    steps = run(SeriesBank(rows(LEVEL, 0.0), MONDAY), [[0 if i % 2 else 900, np.nan] for i in range(30)])
    for step in steps:
        assert step.baseline.tolist() == [0, 0]
        assert step.open.tolist() == [0, 0]
        assert step.lean.tolist() == [0, 0]
        assert step.expected[1] == 0.0
    assert steps[-1].expected[0] == pytest.approx(450, rel=0.1)


@pytest.mark.parametrize("cut", [400, 495, 540])
def test_a_restored_bank_accepts_and_goes_back_bit_for_bit(cut: int) -> None:
    counts = draw(means([LEVEL], MONDAY, 640))
    counts[10:530] = 0
    bank = warmed([LEVEL])
    run(bank, counts[:cut])
    again = SeriesBank(rows(LEVEL), 0)
    again.restore(bank.snapshot())
    one, two = run(bank, counts[cut:])[-1], run(again, counts[cut:])[-1]
    assert one.expected[0] == two.expected[0]
    assert one.expected[0] == pytest.approx(means([LEVEL], MONDAY, 640)[-1, 0], rel=0.1)  # it did go back


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_a_level_from_before_a_gap_is_not_held_against_what_comes_after(hours: int) -> None:
    n = 20
    after = 360
    rng = np.random.default_rng(5)
    mean = means([2000.0] * n, MONDAY, 300 + 60 * hours + after)
    mean[:300] *= np.where(rng.random(n) < 0.5, 1.5, 0.7)  # today's level, which is another one after the gap
    counts = draw(mean)
    counts[300 : 300 + 60 * hours] = np.nan
    bank = warmed([2000.0] * n)
    run(bank, counts[:300])
    opened = sum(int(step.opened.sum()) for step in run(bank, counts[300:]))
    assert opened <= n // 10


def shift_of(factor: float, offset: float = 0.0, hot: float = 1.0) -> Shift:
    one = np.ones(1)
    return Shift(np.array([0]), factor * one, offset * one, factor * one, hot * one)


def test_a_moved_history_keeps_its_shape_and_takes_hot_slots_to_the_same_level() -> None:
    history = History(1)
    for slot, total in enumerate((100.0, 200.0, 300.0, 600.0)):  # the last was held at twice 300
        history.write(slot, slice(None), np.array([total]), np.array([10]))
    history.shift(shift_of(10.0, hot=5.0), np.array([3]), np.array([3]))
    assert (history.sums[:4, 0] * 1024.0).tolist() == pytest.approx([1000, 2000, 3000, 3000], rel=1e-3)


def test_a_history_without_shape_becomes_flat_and_blind_slots_stay_empty() -> None:
    history = History(1)
    history.write(7, slice(None), np.array([0.0]), np.array([10]))
    history.shift(shift_of(0.0, offset=3.0, hot=0.0), np.array([9]), np.array([8]))
    assert history.sums[7, 0] * 1024.0 == pytest.approx(30, rel=1e-3)
    assert history.sums[:7].sum() + history.sums[8:].sum() == 0


def test_forgotten_slots_give_no_rate() -> None:
    history = History(1)
    border = 200_000
    for slot in range(border - SLOTS_PER_DAY - 30, border - SLOTS_PER_DAY + 30):
        history.write(slot, slice(None), np.array([500.0]), np.array([10]))
    assert history.rates(border, slice(None))[0, 0] == pytest.approx(50, rel=1e-3)
    history.forget(0, border - SLOTS_PER_DAY - 30, border - SLOTS_PER_DAY + 29)
    assert np.isnan(history.rates(border, slice(None))[0, 0])


def test_a_slot_that_is_being_filled_moves_hot_and_cool_buckets_apart() -> None:
    slots = SlotSums(1)
    for value, hot in ((10.0, False), (20.0, True)):
        leaving = Leaving(np.array([value]), np.array([value]), np.array([hot]), np.array([False]))
        slots.add(np.array([value]), np.array([True]), leaving)
    slots.shift(shift_of(10.0, hot=5.0))
    sums, numbers, cool_sums, cool_numbers = (part[0] for part in slots.take(slice(None)))
    assert (sums, numbers, cool_sums, cool_numbers) == (200.0, 2.0, 100.0, 1.0)


@pytest.mark.parametrize(("hours", "factor"), [(3, 0.0), (10, 0.0), (3, 0.2)])
def test_the_return_from_a_silence_that_is_not_asked_for_opens_no_surge(hours: int, factor: float) -> None:
    counts = draw(means([LEVEL], MONDAY, 1200))
    counts[100 : 100 + 60 * hours] *= factor
    bank = warmed([LEVEL], drops=False)
    steps = run(bank, counts)
    assert not any(step.opened[0] or step.closed[0] or step.open[0] or step.direction[0] for step in steps)
    assert steps[-1].expected[0] == pytest.approx(means([LEVEL], MONDAY, 1200)[-1, 0], rel=0.2)
