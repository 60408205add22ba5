"""Which partitions wait during catch-up."""

from __future__ import annotations

from streams.tally.pacing import Progress, to_pause


def test_those_more_than_the_limit_ahead_of_the_slowest_wait() -> None:
    progress = {"slow": Progress(0, False), "near": Progress(300, False), "far": Progress(301, False)}
    assert to_pause(progress, 300) == {"far"}


def test_one_read_to_its_end_holds_nobody_up() -> None:
    assert to_pause({"done": Progress(0, True), "far": Progress(10_000, False)}, 300) == set()


def test_nobody_waits_for_one_whose_time_is_not_known_yet() -> None:
    assert to_pause({"new": Progress(None, False), "far": Progress(10_000, False)}, 300) == set()


def test_nobody_waits_where_all_are_at_their_end_or_there_is_nobody() -> None:
    assert to_pause({"a": Progress(0, True), "b": Progress(10_000, True)}, 300) == set()
    assert to_pause({}, 300) == set()


def test_the_slowest_never_waits() -> None:
    assert to_pause({"only": Progress(5, False)}, 0) == set()
