"""The cause: named only on evidence, ruled out only on evidence against it."""

from __future__ import annotations

import math

import pytest

from streams.contracts.windows import Candidate, Fact, Window
from streams.windows.cause.candidates import candidates
from streams.windows.cause.customers import CustomersSeen, customers_seen, healthy_nats, seen_from
from streams.windows.cause.evidence import Evidence
from streams.windows.cause.other_customers import LIMIT_NATS, other_customers
from streams.windows.cause.verdict import weigh
from tests.unit.windows.builders import FakeCatalogue, FakeProvider, FakeService, Minute, Timeline, minute, play

AWS = FakeService(providers=(FakeProvider("aws", "primary"),))
OTHERS = tuple(f"customer-{number:02}" for number in range(11))
CLOUDS = FakeService(providers=(FakeProvider("aws", "primary"), FakeProvider("gcp", "secondary")))
CATALOGUE = FakeCatalogue({"aws": FakeService(), "twitter": CLOUDS} | dict.fromkeys(OTHERS, AWS))


VOLUME = {"netflix": 100.0, "reddit": 100.0, "twitter": 100.0}


def outage(last: str = "13:00", *, expected: float = 3.0) -> Timeline:
    """Twitter fails from 12:00 on; aws has eleven other customers, gcp none."""
    timeline = Timeline(minute("11:50"), minute(last), services=("aws", *OTHERS, "twitter"))
    for service in OTHERS:
        for signal in ("errors", "reports"):
            for bucket in range(timeline.first, timeline.last + 1):
                timeline.minutes[service, signal, bucket] = Minute(3, expected)
    return timeline.outage("reports", [60] * 30, minute("12:00"), closes=minute("12:40"))


def newest(timeline: Timeline) -> Window:
    return [revision for revision in play(timeline, CATALOGUE) if revision.service == "twitter"][-1]


def candidate(window: Window, name: str) -> Candidate:
    return next(one for one in window.cause.candidates if one.candidate == name)


def fact(weight: float) -> Fact:
    return Fact("test", {}, "", None, abs(weight))


def test_probabilities_add_up_to_one() -> None:
    assert math.isclose(sum(candidates(CLOUDS, ["network"]).values()), 1.0)


def test_primary_provider_is_likelier_than_a_secondary_one() -> None:
    priors = candidates(CLOUDS, [])
    assert priors["provider:aws"] == 2 * priors["provider:gcp"]


def test_posterior_is_prior_times_likelihood_ratio() -> None:
    cause = weigh({"own": 0.5, "undetermined": 0.5}, [Evidence("own", fact(1.0), 1.0)], "twitter")
    assert [one.probability for one in cause.candidates] == [
        pytest.approx(math.e / (1 + math.e)),
        pytest.approx(1 / (1 + math.e)),
    ]


def test_nothing_is_named_without_evidence_for_it() -> None:
    evidence = [Evidence("provider:aws", fact(-9.0), -9.0, "healthy")]
    cause = weigh({"own": 0.9, "provider:aws": 0.05, "undetermined": 0.05}, evidence, "twitter")
    assert (cause.verdict, cause.candidates[0].candidate) == ("undetermined", "own")


def test_nothing_is_named_below_four_fifths() -> None:
    cause = weigh({"own": 0.5, "undetermined": 0.5}, [Evidence("own", fact(1.0), 1.0)], "twitter")
    assert cause.verdict == "undetermined"


def test_nothing_is_ruled_out_without_evidence_against_it() -> None:
    priors = {"own": 0.4, "provider:aws": 0.3, "undetermined": 0.3}
    cause = weigh(priors, [Evidence("own", fact(9.0), 9.0)], "twitter")
    assert [one.ruled_out for one in cause.candidates] == [False, False, False]


def test_named_provider_heads_the_chain() -> None:
    evidence = [Evidence("provider:aws", fact(5.0), 5.0)]
    cause = weigh(candidates(CLOUDS, []), evidence, "twitter")
    assert (cause.verdict, cause.of, cause.chain) == ("provider", "aws", ["aws", "twitter"])


def test_first_minutes_rule_nothing_out() -> None:
    opened = play(outage("12:02"), CATALOGUE)[0]
    assert [one.candidate for one in opened.cause.candidates if one.ruled_out] == []


def test_provider_whose_other_customers_are_healthy_is_ruled_out() -> None:
    aws = candidate(newest(outage()), "provider:aws")
    (against,) = aws.against
    assert (against.code, against.params) == ("other_customers_healthy", {"healthy": 11, "of": 11, "provider": "aws"})
    assert aws.ruled_out
    assert aws.because is not None
    assert aws.because.code == "other_customers_healthy"
    assert aws.probability is not None
    assert aws.probability < 0.02


def test_provider_without_other_customers_is_not_ruled_out() -> None:
    gcp = candidate(newest(outage()), "provider:gcp")
    assert (gcp.against, gcp.ruled_out) == ([], False)


def test_customers_of_no_volume_say_nothing() -> None:
    aws = candidate(newest(outage(expected=0.0)), "provider:aws")
    assert (aws.against, aws.ruled_out) == ([], False)


def test_quiet_customer_counts_only_as_far_as_it_could_have_shown_the_fault() -> None:
    assert healthy_nats(0.05) < 0.1 * healthy_nats(5.0) < 0.1 * math.log(2.1)


def test_customers_that_fail_at_the_same_time_point_to_the_provider() -> None:
    timeline = outage()
    for service in OTHERS[:4]:
        timeline.outage("reports", [60] * 30, minute("12:05"), service=service, closes=minute("12:45"))
    for service in OTHERS[4:]:
        for bucket in range(timeline.first, timeline.last + 1):
            timeline.minutes[service, "reports", bucket] = Minute(0, 0.0)
            timeline.minutes[service, "errors", bucket] = Minute(0, 0.0)
    window = newest(timeline)
    (affected,) = candidate(window, "provider:aws").for_
    assert affected.code == "other_customers_affected"
    assert affected.params["services"] == list(OTHERS[:4])
    assert (window.cause.verdict, window.cause.of) == ("provider", "aws")


def test_providers_own_window_is_named_with_the_verdict() -> None:
    timeline = outage().outage("errors", [60] * 30, minute("12:01"), service="aws", closes=minute("12:45"))
    for service in OTHERS:
        timeline.outage("reports", [60] * 30, minute("12:05"), service=service, closes=minute("12:45"))
    assert newest(timeline).cause.window == "aws-20220714T120100Z"


def test_customer_that_failed_hours_before_is_no_evidence() -> None:
    timeline = Timeline(minute("08:00"), minute("12:20"), services=("aws", *OTHERS, "twitter"))
    timeline.outage("reports", [60] * 300, minute("09:00"), service=OTHERS[0])
    timeline.outage("reports", [60] * 30, minute("12:00"))
    assert candidate(newest(timeline), "provider:aws").for_ == []


def test_customer_that_has_recovered_stays_affected() -> None:
    before = CustomersSeen(8, ["netflix"], 4.0)
    counted = customers_seen(["netflix", "reddit", "twitter"], VOLUME, lambda name: name == "twitter", at=7)
    seen = seen_from(counted, set(), before, watched_buckets=9)
    assert (seen.healthy, seen.affected, seen.at, seen.watched_buckets) == (1, ["netflix"], 7, 9)
    assert seen.against == pytest.approx(math.log(2))


def test_however_many_customers_agree_their_weight_is_limited() -> None:
    seen = {"aws": CustomersSeen(900, [f"s{number:03}" for number in range(900)], 600.0, 0, 60)}
    assert [abs(evidence.weight_nats) for evidence in other_customers(seen)] == [LIMIT_NATS, LIMIT_NATS]


def test_statement_that_names_own_systems_decides_for_own() -> None:
    window = newest(outage().say("resolved", "12:50", offset=1, cause="own"))
    (named,) = candidate(window, "own").for_
    assert (named.code, named.params) == ("statement_names_cause", {"by": "@TwitterSupport", "cause": "own"})
    assert (window.cause.verdict, window.cause.of, window.cause.chain) == ("own", None, [])


def test_cause_that_nobody_knew_of_becomes_a_candidate() -> None:
    window = newest(outage().say("identified", "12:50", offset=1, cause="network:rogers"))
    assert candidate(window, "network:rogers").for_[0].code == "statement_names_cause"


def test_cause_that_is_no_candidates_name_is_left_out() -> None:
    window = newest(outage().say("identified", "12:50", offset=1, cause="<script>"))
    assert [one for one in window.cause.candidates if one.for_] == []


def test_providers_admission_points_to_it() -> None:
    window = newest(outage().say("investigating", "12:20", offset=1, about="aws", by="AWS"))
    assert candidate(window, "provider:aws").for_[0].code == "provider_acknowledged"


def test_providers_own_fault_is_the_provider_seen_from_its_customer() -> None:
    window = newest(outage().say("identified", "12:20", offset=1, about="aws", by="AWS", cause="own"))
    assert candidate(window, "provider:aws").for_[0].params == {"by": "AWS", "cause": "provider:aws"}
    assert candidate(window, "own").for_ == []


def test_contradicted_status_page_is_told_and_weighs_nothing() -> None:
    told = candidate(newest(outage().say("operational", "12:10", offset=1)), "own")
    assert [(one.code, one.weight) for one in told.against] == [("status_page_contradicted", 0.0)]
    silent = candidate(newest(outage()), "own")
    assert told.probability == silent.probability


def test_verdict_is_news() -> None:
    revisions = play(outage().say("resolved", "12:50", offset=1, cause="own"), CATALOGUE)
    assert [revision.cause.verdict for revision in revisions][-2:] == ["undetermined", "own"]
