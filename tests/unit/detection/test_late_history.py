"""History that comes to a detector that has begun: taken at the next bucket by series that know less, dropped else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import streams.detection.partition
from streams.contracts.series import BucketReport
from streams.contracts.tallies import History, Tally
from streams.contracts.times import BUCKET_MS
from streams.detection.history_records import pack_sums, takes_history
from streams.detection.partition import PartitionDetector
from tests.unit.detection.minutes import (
    AWS,
    FIRST,
    SLOTS,
    TWITTER,
    ZOOM,
    begun,
    detector,
    encoded,
    errors,
    history,
    minute_tallies,
    of_service,
    reports,
    snapshotted,
)


def cold(upto: int) -> PartitionDetector:
    """A detector without history that has read the minutes before `upto`."""
    of = detector(TWITTER, AWS, ZOOM)
    reports(of, range(upto))
    return of


def told(of: PartitionDetector, *tallies: Tally) -> PartitionDetector:
    for tally in tallies:
        assert list(of.read(tally)) == []
    return of


def baselines(found: Sequence[BucketReport]) -> list[str]:
    return [report.baseline.get("twitter", "ready") for report in errors(found)]


def short(days: float, service: str = "twitter", signal: str = "errors") -> Tally:
    """History of the service as a whole, of so many days up to the first bucket."""
    slots = round(144 * days)
    record = History(service, signal, None, FIRST // 10 - slots, pack_sums(np.full(slots, 200, np.uint32)), None)
    return Tally("history", 0, [], history=[record])


def test_a_cold_series_is_ready_from_the_next_bucket_on() -> None:
    of = cold(12)
    assert baselines(reports(told(of, history()), range(12, 14))) == ["ready", "ready"]
    (report,) = errors(reports(of, range(14, 15)))
    assert 15 < report.expected[report.services.index("twitter")] < 25


def test_it_says_what_one_that_begins_with_that_history_there_and_then_says() -> None:
    late, fresh = told(cold(13), history()), detector(TWITTER, AWS, ZOOM)
    told(fresh, history())
    began_ms = (FIRST + 13) * BUCKET_MS
    for topic in ("statements", "feedback", "reports", "errors"):
        told(fresh, Tally(topic, 0, [], watermark_ms=began_ms, position=0, origin_ms=began_ms))
    for ours, theirs in zip(reports(late, range(13, 50)), reports(fresh, range(13, 50)), strict=True):
        if ours.signal == "errors":
            assert of_service(ours, "twitter") == of_service(theirs, "twitter")
            assert of_service(ours, "aws") == of_service(theirs, "aws")


def test_series_without_history_go_on_as_if_nothing_were() -> None:
    with_it, without = told(cold(12), history()), cold(12)
    for a, b in zip(reports(with_it, range(12, 30)), reports(without, range(12, 30)), strict=True):
        assert of_service(a, "zoom") == of_service(b, "zoom")
        if a.signal == "reports":
            assert a == b


def test_snapshots_around_it_change_nothing() -> None:
    expected = encoded(reports(told(cold(12), history()), range(12, 40)))
    of = snapshotted(told(cold(12), history()), TWITTER, AWS, ZOOM)
    found = encoded(reports(of, range(12, 13)))
    of = snapshotted(of, TWITTER, AWS, ZOOM)
    assert found + encoded(reports(of, range(13, 40))) == expected


def test_a_series_that_knows_as_much_does_not_take_it() -> None:
    of = told(begun(12), history())
    assert encoded(reports(of, range(12, 25))) == encoded(reports(begun(12), range(12, 25)))


def test_it_is_not_kept_once_it_was_taken_or_not() -> None:
    of, without = told(begun(12), history()), begun(12)
    assert len(of.snapshot()["sealing"]) > len(without.snapshot()["sealing"])
    reports(of, [12])
    reports(without, [12])
    assert of.snapshot()["sealing"] == without.snapshot()["sealing"]


def test_a_series_with_an_outage_in_it_waits_for_its_end() -> None:
    of = detector()
    told(of, short(3))  # enough to open by, and less than what comes
    before = errors(reports(of, range(50)))
    assert any(state.service == "twitter" and state.region is None for state in before[-1].states)
    after = errors(reports(told(of, history()), range(50, 80)))
    ended = next(i for i, report in enumerate(after) if any(s.state == "closed" for s in report.states))
    days = [report.baseline_days.get("twitter", 14) for report in after]
    assert set(days[: ended + 1]) == {days[0]}
    assert days[0] < 5
    assert set(days[ended + 2 :]) == {14}


def test_no_more_than_so_many_series_take_it_in_one_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.detection.partition, "LATE_SERIES", 1)
    of = told(cold(12), Tally("history", 0, [], history=[*short(9).history, *short(9, "aws").history]))
    first, second = errors(reports(of, range(12, 14)))
    assert sorted(first.baseline) == ["aws", "other", "zoom"]
    assert sorted(second.baseline) == ["other", "zoom"]


def test_a_signal_that_never_came_takes_it_however_many_zeros_were_lived() -> None:
    """A service is in the catalogue for days before anybody sends its reports; then comes their history."""
    of = detector()
    told(of, short(9, "aws", "reports"))
    reports(of, [0])
    bank = of._signals["reports"].bank
    assert bank is not None
    of._signals["reports"].seen.clear()
    record = History("aws", "reports", None, FIRST // 10 - SLOTS, pack_sums(np.full(SLOTS, 70, np.uint32)), None)
    reports_of = [r for r in reports(told(of, Tally("history", 0, [], history=[record])), [1]) if r.signal == "reports"]
    assert reports_of[0].expected[reports_of[0].services.index("aws")] == pytest.approx(7, rel=0.1)
    assert "aws" not in reports_of[0].absent


def test_names_and_regions_that_the_catalogue_has_not_are_dropped() -> None:
    of = told(cold(5), short(9, "nobody"))
    before = len(of.snapshot()["sealing"])
    reports(of, [5])
    assert len(of.snapshot()["sealing"]) < before


@pytest.mark.parametrize(
    ("brought", "lived", "takes"),
    [(14, 0, True), (0.5, 0, True), (0, 0, False), (2.9, 1, False), (3, 1, True), (14, 6, True), (14, 7, False)],
)
def test_history_is_taken_by_series_that_are_not_ready_where_it_knows_two_days_more(
    brought: float, lived: float, takes: bool
) -> None:
    assert takes_history(np.array([brought]), np.array([lived])).tolist() == [takes]


def test_what_a_minute_holds_is_the_same_with_history_in_the_middle_of_its_records() -> None:
    """History is taken at the begin of the bucket that is sealed next, wherever it stands among the tallies of it."""
    first, middle = cold(8), cold(8)
    found = reports(told(first, history()), range(8, 12))
    tallies = minute_tallies(8)
    between = [report for tally in (*tallies[:2], history(), *tallies[2:]) for report in middle.read(tally)]
    assert encoded([*between, *reports(middle, range(9, 12))]) == encoded(found)
