"""The shipped scenarios hold what their sources say, and fit the catalogue."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from streams.catalogue.load import load_catalogue
from streams.contracts.times import parse_time_ms
from streams.replay.curve import usual_level
from streams.replay.describe import describe
from streams.replay.loading import load_scenario, shipped_scenarios
from streams.replay.scenario import Scenario
from streams.replay.synthesis import LogRecord, history, records
from tests.unit.replay.builders import per_minute

TWITTER = "twitter-2022-07-14"


@pytest.fixture(scope="module")
def twitter() -> Scenario:
    return load_scenario(TWITTER)


@pytest.fixture(scope="module")
def log(twitter: Scenario) -> list[LogRecord]:
    return list(records(twitter))


@pytest.fixture(scope="module")
def reports(log: list[LogRecord]) -> dict[str, list[dict[str, Any]]]:
    by_service: dict[str, list[dict[str, Any]]] = {}
    for record in log:
        if record.topic == "reports":
            value = json.loads(record.value)
            by_service.setdefault(value["service"], []).append(value)
    return by_service


@pytest.fixture(scope="module")
def tweets(reports: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return reports["twitter"]


@pytest.fixture(scope="module")
def minutes(tweets: list[dict[str, Any]]) -> Counter[str]:
    return per_minute(tweets)


def total(minutes: Counter[str], first: str, last: str) -> int:
    return sum(count for minute, count in minutes.items() if first <= minute <= last)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_service_region_and_signal_is_known_to_the_catalogue(name: str) -> None:
    catalogue = load_catalogue()
    for service in load_scenario(name).services:
        known = catalogue.services[service.id]
        assert {region for at in service.regions for region in at.shares} <= set(known.regions)
        assert service.zone == known.zone
        assert (service.reports is None) or "reports" in known.signals
        assert (service.errors is None) or "errors" in known.signals


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_scenario_says_that_it_is_synthesised_and_every_point_where_it_is_from(name: str) -> None:
    scenario = load_scenario(name)
    assert "synthesised" in scenario.note
    for service in scenario.services:
        for feed in (service.reports, service.errors):
            assert all(point.source.strip() for point in (feed.curve if feed else []))


def test_level_at_12_16_is_54609_a_quarter_of_an_hour(minutes: Counter[str]) -> None:
    # Seven minutes around 12:16, where the curve is flat within two percent; 3,641 a minute.
    assert total(minutes, "12:13", "12:19") / 7 == pytest.approx(54_609 / 15, rel=0.03)


def test_quarter_before_12_15_holds_reuters_50000(minutes: Counter[str]) -> None:
    assert total(minutes, "12:00", "12:14") == pytest.approx(50_000, rel=0.04)


def test_fullest_quarter_is_near_54609(minutes: Counter[str]) -> None:
    names = [f"{11 + i // 60}:{i % 60:02d}" for i in range(180)]
    assert max(total(minutes, names[i], names[i + 14]) for i in range(165)) == pytest.approx(54_609, rel=0.04)


def test_about_2000_a_quarter_of_an_hour_are_left_at_13_00(minutes: Counter[str]) -> None:
    assert total(minutes, "12:58", "13:13") / 16 == pytest.approx(2_000 / 15, rel=0.1)


def test_counts_since_the_onset_agree_with_the_us_and_the_uk_at_12_40(tweets: list[dict[str, Any]]) -> None:
    for region, cited in (("US", 54_000), ("GB", 28_000)):
        of_region = per_minute([event for event in tweets if event["region"] == region])
        assert total(of_region, "11:58", "12:39") == pytest.approx(cited, rel=0.05)


def test_india_has_477_in_the_quarter_of_an_hour_before_12_40(tweets: list[dict[str, Any]]) -> None:
    india = per_minute([event for event in tweets if event["region"] == "IN"])
    assert total(india, "12:25", "12:39") == pytest.approx(477, rel=0.12)


def test_57_percent_name_the_app_and_38_the_website(tweets: list[dict[str, Any]]) -> None:
    symptoms = Counter(event["symptom"] for event in tweets)
    assert symptoms["app"] / len(tweets) == pytest.approx(0.57, abs=0.01)
    assert symptoms["website"] / len(tweets) == pytest.approx(0.38, abs=0.01)


def test_the_arabic_text_is_among_many_reports(tweets: list[dict[str, Any]]) -> None:
    arabic = {event["reporter"] for event in tweets if event.get("lang") == "ar"}
    assert len(arabic) > 1_000


def test_last_reports_linger_until_nearly_three_hours_and_then_the_level_is_usual(minutes: Counter[str]) -> None:
    assert total(minutes, "14:00", "14:29") > 2_000
    assert total(minutes, "15:00", "15:59") / 60 == pytest.approx(3.6, rel=0.4)


def test_instagram_has_nearly_24000_a_quarter_of_an_hour_at_21_00(reports: dict[str, list[dict[str, Any]]]) -> None:
    instagram = per_minute(reports["instagram"])
    assert total(instagram, "20:57", "21:02") / 6 == pytest.approx(23_900 / 15, rel=0.08)
    assert total(instagram, "12:00", "12:59") / 60 < 4  # nothing at the time of Twitter's


def test_bystanders_keep_to_what_noise_may_do(twitter: Scenario, reports: dict[str, list[dict[str, Any]]]) -> None:
    noon_ms = parse_time_ms("2022-07-14T12:00:00Z")
    hour_ms = np.arange(noon_ms, noon_ms + 3_600_000, 60_000, dtype=np.int64)
    for service in twitter.services:
        if service.id in twitter.expect.none_for and service.reports:
            usual = usual_level(service.reports.usual, service.zone, hour_ms).sum()
            counted = total(per_minute(reports[service.id]), "12:00", "12:59")
            assert counted < 1.15 * usual + 4 * usual**0.5


def test_twitter_scenario_is_small_enough_to_replay_in_minutes(log: list[LogRecord]) -> None:
    assert 100_000 < len(log) < 500_000


def test_the_statements_say_operational_then_investigating_then_resolved(twitter: Scenario) -> None:
    said = [(statement.status, statement.time_ms, statement.cause) for statement in twitter.statements]
    assert said[0][0] == "operational"
    assert said[1] == ("investigating", parse_time_ms("2022-07-14T13:10:00Z"), None)
    assert said[-1] == ("resolved", parse_time_ms("2022-07-14T16:30:00Z"), "own")


def test_history_covers_two_weeks_of_every_series(twitter: Scenario) -> None:
    for one in history(twitter):
        assert len(one.sums) == 14 * 144


def test_quiet_week_is_a_week_of_thirty_services_from_quiet_to_busy() -> None:
    week = load_scenario("quiet-week")
    levels = [feed.usual.per_minute for service in week.services for feed in (service.reports, service.errors) if feed]
    assert len(week.services) == 30
    assert week.end_ms - week.start_ms == 7 * 86_400_000
    assert (min(levels), max(levels)) == (0.2, 200)
    assert not any(feed.curve for service in week.services for feed in (service.reports, service.errors) if feed)
    assert (week.expect.others_at_most, week.expect.others_at_worst) == (2, "minor")


def test_description_tells_the_peak_the_quiet_ones_and_what_must_come_out(twitter: Scenario) -> None:
    text = describe(twitter)
    assert "synthesised through the cited points" in text
    assert "twitter reports: 2.72 a minute usually, 3,637 at 12:15" in text
    assert "18 others at their usual level: facebook, whatsapp, aws" in text
    assert "expected: a window of twitter, opened within 120 s of 12:00" in text
