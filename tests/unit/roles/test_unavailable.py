"""Giving up partitions that no broker leads."""

from __future__ import annotations

from streams.roles.unavailable import Unavailable

GIVE_UP_S = 300.0
LED = {"a": True, "b": True, "c": True}
WITHOUT_A = {"a": False, "b": True, "c": True}


def test_a_partition_without_leader_is_given_up_after_its_time_and_not_before() -> None:
    watch: Unavailable[str] = Unavailable(GIVE_UP_S)
    assert watch.see(WITHOUT_A, 1000.0) == frozenset()
    assert watch.see(WITHOUT_A, 1299.9) == frozenset()
    assert watch.see(WITHOUT_A, 1300.0) == {"a"}
    assert watch.given_up == {"a"}


def test_the_time_begins_anew_when_it_was_led_in_between() -> None:
    watch: Unavailable[str] = Unavailable(GIVE_UP_S)
    watch.see(WITHOUT_A, 1000.0)
    watch.see(LED, 1200.0)
    assert watch.see(WITHOUT_A, 1400.0) == frozenset()
    assert watch.see(WITHOUT_A, 1700.0) == {"a"}


def test_one_that_is_led_again_is_given_up_no_longer() -> None:
    watch: Unavailable[str] = Unavailable(GIVE_UP_S)
    watch.see(WITHOUT_A, 1000.0)
    watch.see(WITHOUT_A, 1300.0)
    assert watch.see(LED, 1310.0) == frozenset()


def test_while_nobody_has_a_leader_nothing_is_given_up_and_no_time_runs() -> None:
    watch: Unavailable[str] = Unavailable(GIVE_UP_S)
    watch.see(WITHOUT_A, 1000.0)
    assert watch.see(dict.fromkeys("abc", False), 1299.0) == frozenset()
    assert watch.see(WITHOUT_A, 1310.0) == frozenset()
    assert watch.see(WITHOUT_A, 1610.0) == {"a"}


def test_brokers_that_cannot_be_asked_say_nothing_about_a_partition() -> None:
    watch: Unavailable[str] = Unavailable(GIVE_UP_S)
    watch.see(WITHOUT_A, 1000.0)
    assert watch.see({}, 1299.0) == frozenset()
    assert watch.see(WITHOUT_A, 1310.0) == frozenset()


def test_what_was_given_up_stays_so_while_the_whole_cluster_is_away() -> None:
    watch: Unavailable[str] = Unavailable(GIVE_UP_S)
    watch.see(WITHOUT_A, 1000.0)
    watch.see(WITHOUT_A, 1300.0)
    assert watch.see({}, 1310.0) == {"a"}
