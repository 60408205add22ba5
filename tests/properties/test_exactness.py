"""Whatever batches, flushes, crashes and owners there are: the sealed buckets are those of the naive count."""

from __future__ import annotations

from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.tally.sealing import SealedBucket
from streams.tally.watermark import ClockMode
from tests.properties.logs import SOURCES, Log, drawn_log, naive_count
from tests.properties.runs import Action, Run, cells, run, said, sealed

MODES: tuple[ClockMode, ...] = ("broker", "record")
RECORDS = 60

Steps = list[tuple[int, Action, int]]
CALM: tuple[Action, ...] = ("read", "read", "flush")
STORMY: tuple[Action, ...] = (*CALM, *get_args(Action))


def drawn_steps(actions: tuple[Action, ...], seed: int) -> Steps:
    """Many steps of few records each: enough for several crashes in every log."""
    random = Random(seed)
    return [(random.randrange(len(SOURCES)), random.choice(actions), random.randrange(9)) for _ in range(200)]


calm = st.builds(drawn_steps, st.just(CALM), st.integers(0, 10_000))
stormy = st.builds(drawn_steps, st.just(STORMY), st.integers(0, 10_000))
modes = st.sampled_from(MODES)
seeds = st.integers(0, 10_000)


def drawn_logs(mode: ClockMode, seed: int, records: int = RECORDS) -> list[Log]:
    return [drawn_log(topic, partition, mode, seed, records) for topic, partition in SOURCES]


def assert_exact(logs: list[Log], result: Run) -> None:
    expected = naive_count(logs)
    buckets = sealed(result.tallies)
    assert cells(buckets) == expected.cells
    first = min(bucket.bucket for bucket in buckets)
    for signal in ("errors", "reports"):
        assert said(buckets, signal) == sorted((t, max(b, first), o) for t, b, o in expected.said)
    assert set(result.late) == expected.late
    assert dict(result.refused) == expected.refused


def of_signal(buckets: list[SealedBucket]) -> dict[str, list[SealedBucket]]:
    return {signal: [bucket for bucket in buckets if bucket.signal == signal] for signal in ("errors", "reports")}


@given(modes, seeds, calm)
@settings(max_examples=40)
def test_batches_and_flushes_change_nothing_and_nothing_is_told_twice(mode: ClockMode, seed: int, steps: Steps) -> None:
    logs = drawn_logs(mode, seed)
    result = run(logs, steps)
    assert_exact(logs, result)
    assert len(result.late) == len(set(result.late))
    assert len(result.refused) == len(dict(result.refused))


@given(modes, seeds, stormy)
@settings(max_examples=150)
def test_crashes_and_zombies_change_nothing(mode: ClockMode, seed: int, steps: Steps) -> None:
    logs = drawn_logs(mode, seed)
    assert_exact(logs, run(logs, steps))


@given(modes, seeds, stormy, st.integers(1, 9))
@settings(max_examples=15)
def test_a_snapshot_of_the_sealing_at_any_record_changes_nothing(
    mode: ClockMode, seed: int, steps: Steps, restart_every: int
) -> None:
    tallies = run(drawn_logs(mode, seed), steps).tallies
    assert sealed(tallies, restart_every=restart_every) == sealed(tallies)


@given(modes, seeds, stormy, st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_tallies_of_source_partitions_may_arrive_in_any_order_among_each_other(
    mode: ClockMode, seed: int, steps: Steps, random: Random
) -> None:
    by_source = [run([log], steps).tallies for log in drawn_logs(mode, seed)]
    one_after_the_other = [record for tallies in by_source for record in tallies]
    waiting = [list(tallies) for tallies in by_source]
    shuffled = []
    while any(waiting):
        shuffled.append(random.choice([tallies for tallies in waiting if tallies]).pop(0))
    # Errors and reports seal each on their own, so only the order between them may differ.
    assert of_signal(sealed(shuffled)) == of_signal(sealed(one_after_the_other))


@pytest.mark.parametrize("mode", MODES)
def test_the_same_in_one_batch_and_record_by_record(mode: ClockMode) -> None:
    logs = drawn_logs(mode, seed=7, records=400)
    one_by_one: Steps = [(i, action, 1) for _ in range(402) for i in range(len(logs)) for action in ("read", "flush")]
    whole = run(logs, [])
    assert_exact(logs, whole)
    assert of_signal(sealed(run(logs, one_by_one).tallies)) == of_signal(sealed(whole.tallies))


@pytest.mark.parametrize("mode", MODES)
def test_drawn_logs_hold_everything_that_happens(mode: ClockMode) -> None:
    """Else the properties above would prove less than they say."""
    expected = naive_count(drawn_logs(mode, seed=7, records=400))
    assert len(expected.late) > 20
    reasons = set(expected.refused.values())
    assert {"not_json", "too_large", "too_deep", "missing_field", "bad_type", "bad_time", "time_in_future"} <= reasons
    assert {"bad_count", "bad_status", "bad_action", "unknown_about"} <= reasons
    assert len(expected.said) > 100
    assert any(cell.late for cell in expected.cells.values())
