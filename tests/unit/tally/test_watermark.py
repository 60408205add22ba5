"""W, and what it makes late or refuses."""

from __future__ import annotations

import pytest

from streams.tally.fold import PartitionFold
from streams.tally.reading import RecordBatch
from tests.unit.tally.builders import (
    CATALOGUE,
    DELAY_MS,
    NOON_MS,
    clock,
    counted,
    event,
    read,
    read_appended,
    reasons,
    rows,
)


def broker_fold() -> PartitionFold:
    return PartitionFold("errors", "broker", DELAY_MS, CATALOGUE)


def record_fold() -> PartitionFold:
    return PartitionFold("errors", "record", DELAY_MS, CATALOGUE)


def w_s(fold: PartitionFold) -> float | None:
    """Seconds after noon."""
    return None if fold.watermark_ms is None else (fold.watermark_ms - NOON_MS) / 1000


def test_w_is_the_append_time_minus_the_allowed_delay() -> None:
    fold = broker_fold()
    assert w_s(fold) is None
    read_appended(fold, (30, event(30)))
    assert w_s(fold) == 10


def test_w_is_the_largest_append_time_so_far_where_append_times_go_back() -> None:
    fold = broker_fold()
    read_appended(fold, (30, event(30)), (25, event(25)))
    assert w_s(fold) == 10
    read_appended(fold, (28, event(28)))
    assert w_s(fold) == 10


def test_a_canary_moves_w_in_silence() -> None:
    fold = broker_fold()
    outcome = read_appended(fold, (30, b""), (90, b""))
    assert w_s(fold) == 70
    assert outcome.refused == []
    assert counted(fold) == 0


def test_a_refused_record_moves_w_too_for_it_stands_in_the_log() -> None:
    fold = broker_fold()
    read_appended(fold, (50, b"{"))
    assert w_s(fold) == 30


def test_w_is_the_last_clock_record_minus_the_allowed_delay() -> None:
    fold = record_fold()
    read(fold, event(5))
    assert w_s(fold) is None
    read(fold, clock(30), event(35))
    assert w_s(fold) == 10


def test_a_clock_record_that_goes_back_moves_nothing() -> None:
    fold = record_fold()
    read(fold, clock(30), clock(10), event(10))
    assert w_s(fold) == 10
    assert counted(fold) == 1


def test_append_times_mean_nothing_under_clock_records() -> None:
    fold = record_fold()
    fold.read(RecordBatch([0], [event(5)], [NOON_MS + 10**9]))
    assert w_s(fold) is None


def test_without_append_times_a_live_log_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="append time"):
        broker_fold().read(RecordBatch([0], [event(5)]))


@pytest.mark.parametrize(("append_s", "late"), [(29.999, False), (30, True), (31, True)])
def test_a_record_is_late_as_soon_as_w_reaches_the_end_of_its_pane(append_s: float, late: bool) -> None:
    fold = broker_fold()  # the pane is noon to noon + 10 s, the delay 20 s
    outcome = read_appended(fold, (append_s, event(9.999)))
    assert bool(outcome.late) == late
    assert counted(fold) == (not late)


@pytest.mark.parametrize(("clock_s", "late"), [(29.999, False), (30, True)])
def test_late_under_clock_records(clock_s: float, late: bool) -> None:
    fold = record_fold()
    assert bool(read(fold, clock(clock_s), event(0)).late) == late


def test_a_record_before_the_clock_in_the_same_batch_is_not_late() -> None:
    fold = record_fold()
    outcome = read(fold, clock(10), event(0), clock(60), event(0))
    assert outcome.late == [3]
    assert outcome.counts["late"] == 1
    assert counted(fold) == 1


def test_a_late_record_is_counted_late_in_the_pane_in_which_w_stands_and_nowhere_else() -> None:
    fold = record_fold()
    read(fold, clock(75), event(3, region="US"), event(4, service="nobody"))  # W stands at 55 s
    found = rows(fold)
    assert {key: (row.late, row.regions) for key, row in found.items()} == {
        (5, "twitter"): (1, {}),
        (5, "other"): (1, {}),
    }


@pytest.mark.parametrize(("at_s", "taken"), [(60, True), (60.001, False)])
def test_live_60_s_ahead_of_its_append_time_is_the_limit(at_s: float, taken: bool) -> None:
    outcome = read_appended(broker_fold(), (0, event(at_s)))
    assert reasons(outcome) == ([] if taken else [(0, "time_in_future")])


def test_ahead_is_measured_from_the_record_s_own_append_time() -> None:
    outcome = read_appended(broker_fold(), (100, event(100)), (0, event(61)))
    assert reasons(outcome) == [(1, "time_in_future")]


def test_what_is_ahead_of_its_append_time_and_behind_w_is_refused_and_not_late_as_well() -> None:
    outcome = read_appended(broker_fold(), (300, event(300)), (100, event(165)))
    assert reasons(outcome) == [(1, "time_in_future")]
    assert outcome.late == []


@pytest.mark.parametrize(("at_s", "taken"), [(86_400, True), (86_400.001, False)])
def test_a_day_ahead_of_the_last_clock_record_is_the_limit(at_s: float, taken: bool) -> None:
    outcome = read(record_fold(), clock(0), event(at_s))
    assert reasons(outcome) == ([] if taken else [(1, "time_in_future")])


@pytest.mark.parametrize("time", ["2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 1e305, 10**400, "soon", 0])
def test_one_misdated_record_is_a_dead_letter_and_changes_nothing_else(time: object) -> None:
    with_it, without = broker_fold(), broker_fold()
    outcome = read_appended(with_it, (0, event(0, time=time)), (1, event(1)))
    read_appended(without, (0, b"{"), (1, event(1)))
    assert [position for position, _ in outcome.refused] == [0]
    assert (with_it.watermark_ms, with_it.origin_ms, with_it.checkpoint()) == (
        without.watermark_ms,
        without.origin_ms,
        without.checkpoint(),
    )
    assert rows(with_it) == rows(without)


def test_clock_records_are_not_allowed_in_a_live_log() -> None:
    fold = broker_fold()
    assert reasons(read_appended(fold, (0, clock(500)))) == [(0, "clock_not_allowed")]
    assert w_s(fold) == -20


def test_canaries_are_not_allowed_under_clock_records() -> None:
    fold = record_fold()
    outcome = fold.read(RecordBatch([0], [b""], None, frozenset([0])))
    assert reasons(outcome) == [(0, "clock_not_allowed")]


def test_a_canary_header_on_an_event_does_not_hide_it() -> None:
    fold = broker_fold()
    fold.read(RecordBatch([0], [event(0)], [NOON_MS], frozenset([0])))
    assert counted(fold) == 1


@pytest.mark.parametrize("value", [b"", None])
def test_an_empty_value_without_the_header_is_no_json(value: bytes | None) -> None:
    assert reasons(read(record_fold(), clock(0), value)) == [(1, "not_json")]


def test_a_clock_record_without_a_time_is_a_bad_time() -> None:
    assert reasons(read(record_fold(), b'{"clock":"noon"}', b'{"clock":1e305}')) == [(0, "bad_time"), (1, "bad_time")]


def test_clock_records_90_s_apart_leave_nothing_unseen_and_more_is_blind() -> None:
    fold = record_fold()
    read(fold, clock(0), clock(90))
    assert fold.blind == []
    read(fold, clock(180.001))
    assert fold.blind == [(NOON_MS + 90_000, NOON_MS + 180_001)]


def test_the_first_clock_record_is_no_step() -> None:
    fold = record_fold()
    read(fold, clock(1_000_000))
    assert fold.blind == []


def test_the_origin_is_the_first_w() -> None:
    fold = record_fold()
    read(fold, clock(65), clock(75))
    assert fold.origin_ms == NOON_MS + 45_000


def test_the_origin_is_an_event_counted_before_the_first_clock() -> None:
    fold = record_fold()
    read(fold, event(3))
    read(fold, event(17), clock(65), event(30))
    assert fold.origin_ms == NOON_MS


def test_an_event_from_years_before_the_first_clock_does_not_open_those_years() -> None:
    fold = record_fold()
    read(fold, event(0, time="2001-01-01T00:00:00Z"), clock(20))
    assert fold.origin_ms == NOON_MS - 86_400_000


def test_lost_records_blind_from_w_to_the_next_clock() -> None:
    fold = record_fold()
    read(fold, clock(60))
    fold.lose(100)
    read(fold, event(61))  # tells no time: the clock is still the one from before
    assert fold.blind == []
    read(fold, event(62), clock(80))
    assert fold.blind == [(NOON_MS + 40_000, NOON_MS + 80_000)]


def test_lost_records_of_a_live_log_blind_from_w_to_the_next_record() -> None:
    fold = broker_fold()
    read_appended(fold, (60, event(60)))
    fold.lose(100)
    read_appended(fold, (500, b""), (501, b""))
    assert fold.blind == [(NOON_MS + 40_000, NOON_MS + 500_000)]


def test_until_a_loss_is_measured_a_restart_finds_it_again() -> None:
    fold = record_fold()
    read(fold, clock(60), event(60))
    committed = fold.checkpoint()
    again = PartitionFold("errors", "record", DELAY_MS, CATALOGUE, committed)
    again.lose(100)
    read(again, event(61))
    assert again.checkpoint() == committed
    read(again, clock(70))
    assert again.checkpoint().offset == 100
