"""The bench in short: the profile is no worse than the plain EWMA rule, and its promise holds in order of magnitude."""

from __future__ import annotations

import pytest

from tests.bench.detection.smooth import ewma
from tests.bench.detection.smooth.events import score
from tests.bench.detection.smooth.judging import scores
from tests.bench.detection.smooth.recipes import draw, event_free, recipe_of

SEED = 5


@pytest.mark.parametrize("name", ["five-minutes", "five-minutes-mixed"])
def test_it_beats_the_ewma_rule_at_its_best_threshold_and_at_the_same_false_opens(name: str) -> None:
    drawn = draw(recipe_of(name), 24, SEED)
    z = ewma.z_scores(drawn.counts, drawn.recipe.bucket_min)
    rule = max((score(drawn, ewma.windows(z, t)) for t in ewma.THRESHOLDS), key=lambda one: one.f1)
    default, *others = scores(drawn, (4.0, 0.5, 1.0, 2.0, 12.0))
    assert default.f1 >= rule.f1
    assert default.iou > rule.iou
    same_price = max((one.f1 for one in (default, *others) if one.false_a_week <= rule.false_a_week), default=0.0)
    assert same_price >= rule.f1


def test_as_many_open_falsely_as_are_tolerated() -> None:
    drawn = draw(event_free(recipe_of("five-minutes")), 100, SEED, with_departures=False)
    for tolerated, one in zip((12.0, 52.0), scores(drawn, (12.0, 52.0)), strict=True):
        assert tolerated / 2 <= one.false_a_week * 52 <= tolerated * 2  # of 300 service-weeks
