"""Counts drawn from levels."""

from __future__ import annotations

import numpy as np
import pytest

from streams.replay.draws import Wander, negative_binomial, pick, split, stream


def test_the_same_stream_gives_the_same_numbers_on_every_machine() -> None:
    assert stream(7, "shop", "reports", "minutes").integers(0, 1_000_000, 3).tolist() == [540986, 774503, 140367]


def test_streams_of_different_purposes_differ() -> None:
    first = stream(7, "shop", "reports", "minutes").integers(0, 2**63, 4)
    second = stream(7, "shop", "reports", "events").integers(0, 2**63, 4)
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize(("mean", "dispersion"), [(0.5, 0.0), (4.0, 0.1), (3_641.0, 0.01)])
def test_negative_binomial_has_its_mean_and_variance(mean: float, dispersion: float) -> None:
    rng = stream(7, "shop", "reports", "test")
    counts = negative_binomial(rng, np.full(40_000, mean), np.full(40_000, dispersion))
    variance = mean + dispersion * mean**2
    assert counts.mean() == pytest.approx(mean, rel=4 * (variance / 40_000) ** 0.5 / mean)
    assert counts.var() == pytest.approx(variance, rel=0.05)


def test_split_gives_away_every_event_by_its_row_of_shares() -> None:
    totals = np.array([1_000, 0, 10_000], dtype=np.int64)
    parts = split(stream(7, "a", "errors", "t"), totals, np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 3.0]]))
    assert parts.sum(axis=1).tolist() == [1_000, 0, 10_000]
    assert parts[0].tolist() == [1_000, 0]
    assert parts[2, 1] == pytest.approx(7_500, abs=200)


def test_pick_never_takes_what_has_no_share() -> None:
    picked = pick(stream(7, "a", "errors", "t"), [0.0, 2.0, 0.0, 6.0, 0.0], 10_000)
    assert set(picked.tolist()) == {1, 3}
    assert (picked == 3).mean() == pytest.approx(0.75, abs=0.02)


def test_no_wander_leaves_the_level_as_it_is() -> None:
    still = Wander(stream(7, "a", "errors", "w"), 0.0, 0, 36_000_000)
    assert still.at(np.array([0, 1_800_000, 35_999_999])).tolist() == [1.0, 1.0, 1.0]


def test_wander_stays_near_one_and_moves_slowly() -> None:
    drift = Wander(stream(7, "a", "errors", "w"), 0.05, 0, 1_000 * 3_600_000)
    factors = drift.at(np.arange(0, 1_000 * 3_600_000, 60_000, dtype=np.int64))
    assert factors.std() == pytest.approx(0.05, abs=0.02)
    assert np.abs(np.diff(factors)).max() < 0.002
