"""Regions, symptoms, texts and people, from what the reports tell in detail."""

from __future__ import annotations

from streams.contracts import sketches
from streams.contracts.events import Signal
from streams.contracts.series import Detail, TextCount
from streams.contracts.times import bucket_start
from streams.windows.gathered import NAMES_KEPT, TEXTS_KEPT, Sums
from tests.unit.windows.builders import FakeCatalogue, FakeService, Minute, Timeline, minute, play


def people_of(*names: str) -> bytes:
    registers: dict[int, int] = {}
    for name in names:
        sketches.add(registers, sketches.hash64(name))
    return sketches.pack(registers)


def detail(at: str, **told: object) -> Detail:
    return Detail(service="twitter", bucket=bucket_start(minute(at)), **told)  # type: ignore[arg-type]


def timeline_of(*details: Detail, signal: Signal = "reports", closes: str | None = None, elevated: int = 5) -> Timeline:
    """An outage from 12:00 on, open from 12:02 on, with these details in the buckets that they speak of."""
    timeline = Timeline(minute("11:50"), minute("12:30"))
    timeline.outage(
        signal, [50] * elevated, minute("12:00"), details=False, closes=None if closes is None else minute(closes)
    )
    for one in details:
        bucket = minute(one.bucket[11:16])
        known = timeline.minutes.get(("twitter", signal, bucket), Minute())
        timeline.minutes["twitter", signal, bucket] = Minute(known.count, known.expected, known.states, None, one)
    return timeline


def test_regions_are_summed_with_share_expectation_and_peak() -> None:
    timeline = timeline_of(
        detail("12:00", regions={"US": 30, "GB": 10}, expected={"US": 2.0, "GB": 1.0}),
        detail("12:01", regions={"US": 50, "GB": 10}, expected={"US": 2.5, "GB": 1.0}),
        closes="12:20",
    )
    us, gb = play(timeline)[-1].regions
    assert (us.region, us.count, us.expected, us.peak, us.share) == ("US", 80, 4.5, 50, 0.8)
    assert (gb.region, gb.count, gb.expected, gb.peak, gb.share) == ("GB", 20, 2.0, 10, 0.2)


def test_details_told_before_the_window_opened_are_taken_in() -> None:
    timeline = timeline_of(detail("12:00", regions={"US": 30}), detail("12:01", regions={"US": 50}))
    assert play(timeline)[0].regions[0].count == 80


def test_details_from_before_the_start_are_left_out() -> None:
    timeline = timeline_of(detail("11:58", regions={"US": 999}), detail("12:01", regions={"US": 50}))
    assert play(timeline)[0].regions[0].count == 50


def test_details_after_the_dated_back_end_are_left_out() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 50}), detail("12:06", regions={"US": 999}), closes="12:20")
    assert play(timeline)[-1].regions[0].count == 50


def test_details_from_before_the_start_are_taken_in_once_it_is_dated_back() -> None:
    timeline = timeline_of(detail("11:58", regions={"US": 7}), detail("12:01", regions={"US": 50}), closes="12:20")
    timeline.outage("errors", [20] * 15, minute("11:55"), detected=minute("12:09"), closes=minute("12:25"))
    assert play(timeline)[-1].regions[0].count == 57


def test_repeated_details_are_dropped() -> None:
    once = detail("12:01", regions={"US": 50})
    timeline = timeline_of(once, closes="12:20")
    known = timeline.minutes["twitter", "reports", minute("12:02")]
    timeline.minutes["twitter", "reports", minute("12:02")] = Minute(50, 3.0, known.states, None, once)
    assert play(timeline)[-1].regions[0].count == 50


def test_only_region_of_a_service_is_affected() -> None:
    catalogue = FakeCatalogue({"twitter": FakeService(regions=("US",))})
    newest = play(timeline_of(detail("12:01", regions={"US": 50, "other": 2})), catalogue)[-1]
    assert [(region.region, region.affected) for region in newest.regions] == [("US", True), ("other", False)]


def test_region_that_fell_silent_is_listed() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 50}))
    timeline.outage("reports", [0] * 10, minute("12:00"), region="IN", direction="drop", details=False)
    assert ("IN", 0, True) in [(r.region, r.count, r.affected) for r in play(timeline)[-1].regions]


def test_symptoms_are_those_of_reports_with_their_share_of_all_reports() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 100}, kinds={"website": 38, "app": 57}), closes="12:20")
    symptoms = play(timeline)[-1].symptoms
    assert [(one.symptom, one.count, one.share) for one in symptoms] == [("app", 57, 0.57), ("website", 38, 0.38)]


def test_error_types_are_no_symptoms() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 100}, kinds={"http_503": 100}), signal="errors")
    assert play(timeline)[-1].symptoms == []


def test_text_of_four_reporters_stays_private() -> None:
    few = [TextCount("my account 123", 40, "en", [1, 2, 3, 4])]
    many = [TextCount("cannot log in", 5, "en", [1, 2, 3, 4, 5])]
    newest = play(timeline_of(detail("12:01", regions={"US": 45}, texts=[*few, *many])))[-1]
    assert [(text.text, text.count) for text in newest.texts] == [("cannot log in", 5)]


def test_reporters_of_a_text_are_counted_over_buckets() -> None:
    first = detail("12:00", regions={"US": 3}, texts=[TextCount("down", 3, "en", [1, 2, 3])])
    same = detail("12:01", regions={"US": 3}, texts=[TextCount("down", 3, "en", [1, 2, 3])])
    others = detail("12:03", regions={"US": 2}, texts=[TextCount("down", 2, "en", [4, 5])])
    assert play(timeline_of(first, same))[-1].texts == []
    assert play(timeline_of(first, same, others, closes="12:20"))[-1].texts[0].count == 8


def test_text_of_both_signals_is_one_text_in_the_language_named_most() -> None:
    timeline = timeline_of(
        detail(
            "12:00",
            regions={"US": 9},
            texts=[TextCount("down", 7, "de", [1, 2]), TextCount("down", 2, "en", [3, 4, 5])],
        )
    )
    timeline.outage("errors", [50] * 5, minute("12:00"), details=False)
    known = timeline.minutes["twitter", "errors", minute("12:02")]
    told = detail("12:02", regions={"US": 4}, texts=[TextCount("down", 4)])
    timeline.minutes["twitter", "errors", minute("12:02")] = Minute(50, 3.0, known.states, None, told)
    assert [(text.text, text.lang, text.count) for text in play(timeline)[-1].texts] == [("down", "de", 13)]


def test_text_of_five_error_events_is_public() -> None:
    texts = [TextCount("over capacity", 5), TextCount("user 17 failed", 4)]
    newest = play(timeline_of(detail("12:01", regions={"US": 9}, texts=texts), signal="errors"))[-1]
    assert [text.text for text in newest.texts] == ["over capacity"]


def test_ten_most_frequent_texts_are_shown_equal_ones_in_order_of_text() -> None:
    texts = [TextCount(f"text {number:02}", 10 + (number == 7)) for number in reversed(range(12))]
    newest = play(timeline_of(detail("12:01", regions={"US": 200}, texts=texts), signal="errors"))[-1]
    assert [text.text for text in newest.texts] == ["text 07", *(f"text {n:02}" for n in (0, 1, 2, 3, 4, 5, 6, 8, 9))]


def test_rest_of_a_pane_is_no_text() -> None:
    texts = [TextCount("other", 900)]
    assert play(timeline_of(detail("12:01", regions={"US": 900}, texts=texts), signal="errors"))[-1].texts == []


def test_number_of_texts_kept_is_bounded() -> None:
    sums = Sums()
    for number in range(5 * TEXTS_KEPT):
        sums.add(detail("12:01", texts=[TextCount(f"text {number:05}", 1), TextCount("frequent", 1)]))
    assert len(sums.texts) <= 2 * TEXTS_KEPT
    assert sums.texts["\nfrequent"].count == 5 * TEXTS_KEPT


def test_reporters_are_counted_once_over_all_buckets() -> None:
    timeline = timeline_of(
        detail("12:00", regions={"US": 3}, people=people_of("ada", "bo", "cy")),
        detail("12:01", regions={"US": 2}, people=people_of("ada", "di")),
        closes="12:20",
    )
    affected = play(timeline)[-1].affected
    assert (affected.reports, affected.reporters, affected.users_in_errors) == (250, 4, None)
    assert affected.relative_error == 0.008


def test_users_in_errors_are_counted_apart() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 2}, people=people_of("ada", "bo")), signal="errors")
    affected = play(timeline)[-1].affected
    assert (affected.reporters, affected.users_in_errors) == (None, 2)


def test_reports_without_reporters_leave_their_number_unknown() -> None:
    affected = play(timeline_of(detail("12:01", regions={"US": 2})))[-1].affected
    assert (affected.reporters, affected.relative_error) == (None, None)


def test_sources_of_both_signals_are_counted() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 2}, sources={"web": 1, "app": 1}))
    assert play(timeline)[-1].quality.sources_heard == 2


def test_synthesised_events_mark_the_window() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 2}, scenario="twitter-2022-07-14"))
    assert play(timeline)[-1].scenario == "twitter-2022-07-14"


def test_details_older_than_half_an_hour_stay_in_the_sums() -> None:
    timeline = timeline_of(detail("12:01", regions={"US": 50}, people=people_of("ada")), elevated=60)
    timeline.last = minute("13:20")
    timeline.outage("reports", [50] * 80, minute("12:00"), details=False)
    timeline.say("investigating", "13:15", offset=1)
    newest = play(timeline)[-1]
    assert newest.time == "2022-07-14T13:16:00.000Z"
    assert (newest.regions[0].count, newest.affected.reporters) == (50, 1)


def test_details_of_every_bucket_of_a_long_outage_are_summed() -> None:
    timeline = Timeline(minute("11:50"), minute("13:30"))
    timeline.outage("reports", [50] * 70, minute("12:00"), details=False, closes=minute("13:20"))
    for bucket in range(minute("12:00"), minute("13:10")):
        known = timeline.minutes["twitter", "reports", bucket]
        told = detail(bucket_start(bucket)[11:16], regions={"US": 50}, kinds={"app": 50}, people=people_of("ada"))
        timeline.minutes["twitter", "reports", bucket] = Minute(50, 3.0, known.states, None, told)
    closed = play(timeline)[-1]
    assert [(region.region, region.count) for region in closed.regions] == [("US", 3_500)]
    assert closed.symptoms[0].count == closed.witnesses.reports.total == 3_500


def test_number_of_symptoms_kept_is_bounded() -> None:
    sums = Sums()
    for number in range(2 * NAMES_KEPT):
        sums.add(detail("12:01", kinds={f"symptom {number:05}": 1, "app": 1}))
    assert len(sums.kinds) == NAMES_KEPT + 1
    assert (sums.kinds["app"], sums.kinds["other"]) == (2 * NAMES_KEPT, NAMES_KEPT + 1)
