"""What the watchdog calls standing still."""

from __future__ import annotations

from streams.roles.watchdog import Stall

PATIENCE_S = 120.0


def test_no_progress_while_the_input_grows_is_a_stall_after_the_patience() -> None:
    stall = Stall(PATIENCE_S)
    assert not stall.see(7, behind=True, now_s=1000.0)
    assert not stall.see(7, behind=True, now_s=1119.9)
    assert stall.see(7, behind=True, now_s=1120.0)


def test_progress_begins_the_patience_anew() -> None:
    stall = Stall(PATIENCE_S)
    stall.see(7, behind=True, now_s=1000.0)
    assert not stall.see(8, behind=True, now_s=1110.0)
    assert not stall.see(8, behind=True, now_s=1229.9)
    assert stall.see(8, behind=True, now_s=1230.0)


def test_standing_still_at_the_end_of_the_input_is_no_stall() -> None:
    stall = Stall(PATIENCE_S)
    assert not stall.see(7, behind=False, now_s=1000.0)
    assert not stall.see(7, behind=False, now_s=9000.0)


def test_the_patience_runs_from_when_there_was_more_to_take_in() -> None:
    stall = Stall(PATIENCE_S)
    stall.see(7, behind=False, now_s=1000.0)
    assert not stall.see(7, behind=True, now_s=2000.0)
    assert not stall.see(7, behind=True, now_s=2119.9)
    assert stall.see(7, behind=True, now_s=2120.0)


def test_having_caught_up_in_between_is_progress() -> None:
    stall = Stall(PATIENCE_S)
    stall.see(7, behind=True, now_s=1000.0)
    stall.see(7, behind=False, now_s=1100.0)
    assert not stall.see(7, behind=True, now_s=1130.0)
