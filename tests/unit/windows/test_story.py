"""Windows as people are told of them: golden lines for each change, and the whole in a few sentences."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.contracts.windows import (
    Affected,
    Candidate,
    Cause,
    Clocks,
    Contradicted,
    Estimate,
    Operator,
    Phase,
    Previous,
    Quality,
    StatementSeen,
    SymptomShare,
    TextShare,
    Window,
    Witnesses,
)
from streams.windows.story import story, story_line
from tests.unit.windows.told import ABSENT, HEALTHY, NOT_AWS, OWN, clock, ended, region, told, witness

OPENED = told()
STATUS_PAGE = StatementSeen(
    "twitter",
    clock("12:20"),
    "operational",
    "Twitter status page",
    "All Systems Operational",
    contradicted=Contradicted(clock("12:20"), clock("13:10")),
)


def later(**changes: object) -> Window:
    """The next revision, at 12:01, with only that changed."""
    return replace(OPENED, **({"revision": 2, "change": "updated", "time": clock("12:01")} | changes))


def test_opening_says_how_bad_what_is_usual_since_when_and_that_the_cause_is_unknown() -> None:
    assert story_line(OPENED, None) == (
        "14 July 2022 12:00 UTC  twitter: An outage opens, minor, 97 % sure. "
        "211 reports a minute (11:59 UTC), where about 3 are usual. "
        "It began at 11:58 UTC, seen 2 min after it began. The cause is not known yet."
    )


def test_an_opening_by_both_witnesses_tells_both() -> None:
    window = told(witnesses=Witnesses(witness(3_683, 221.8), witness()))
    assert (
        "3,683 errors a minute (11:59 UTC), where about 222 are usual. "
        "211 reports a minute (11:59 UTC), where about 3 are usual."
    ) in story_line(window, None)


def test_a_replay_is_never_told_as_measured() -> None:
    window = told(scenario="twitter-2022-07-14")
    note = "The events are a replay or synthesised (scenario twitter-2022-07-14)"
    assert story_line(window, None).endswith(f"{note}.")
    assert story(window)[-1] == f"{note}, not measured."


def test_an_update_tells_what_changed_and_the_date_no_more() -> None:
    clocks = Clocks(started=clock("11:55"), opened=clock("12:00"))
    regions = [region("US", 110, 0.5), region("GB", 40, 0.2)]
    reports = witness(1_229, 2.9, at="12:00", total=1_459, whole=14.2)
    window = later(severity="major", clocks=clocks, regions=regions, witnesses=Witnesses(ABSENT, reports))
    assert story_line(window, OPENED) == (
        "12:01 UTC  twitter: Now major (was minor). It began at 11:55 UTC, not at 11:58 UTC. "
        "1,229 reports a minute (12:00 UTC), where about 2.9 are usual. Affected: US and GB."
    )


def test_a_peak_that_has_hardly_grown_is_told_as_totals() -> None:
    window = later(severity="major", witnesses=Witnesses(ABSENT, witness(220, at="12:00", total=444)))
    assert story_line(window, OPENED) == "12:01 UTC  twitter: Now major (was minor). 444 reports so far."


def test_a_revision_in_which_a_reader_sees_nothing_new_tells_the_totals() -> None:
    assert story_line(later(confidence=0.98), OPENED) == "12:01 UTC  twitter: 224 reports so far."


def test_regions_known_before_are_not_told_again() -> None:
    before = replace(OPENED, regions=[region("US", 110, 0.5)])
    window = later(regions=[region("US", 150, 0.5), region("JP", 30, 0.1)])
    assert "Also affected: JP." in story_line(window, before)


def test_a_witness_gone_blind_is_told_as_not_known() -> None:
    window = later(witnesses=Witnesses(ABSENT, replace(OPENED.witnesses.reports, state="blind")))
    line = story_line(window, OPENED)
    assert "Reports cannot be seen, so what they would say is not known." in line


def test_a_witness_back_to_normal_is_told_with_its_end() -> None:
    clocks = replace(OPENED.clocks, reports_ended=clock("12:00"))
    window = later(clocks=clocks, witnesses=Witnesses(ABSENT, replace(OPENED.witnesses.reports, state="normal")))
    assert "Reports are as usual since 12:00 UTC." in story_line(window, OPENED)


def test_the_first_official_word_is_told_with_its_lag() -> None:
    said = StatementSeen("twitter", clock("13:10"), "investigating", "@TwitterSupport", "Some of you have issues")
    window = later(time=clock("13:11"), statements=[said], clocks=replace(OPENED.clocks, acknowledged=clock("13:10")))
    assert (
        "13:11 UTC  twitter: @TwitterSupport said investigating at 13:10 UTC "
        "(first word on it, 1 h 12 min after it began): “Some of you have issues”."
    ) in story_line(window, OPENED)


def test_a_page_that_said_fine_is_told_as_wrong() -> None:
    line = story_line(later(time=clock("12:21"), statements=[STATUS_PAGE]), OPENED)
    assert "Twitter status page said operational at 12:20 UTC, which it was not: “All Systems Operational”." in line


def test_a_statement_heard_before_is_not_told_again() -> None:
    before = replace(OPENED, statements=[STATUS_PAGE])
    assert "status page" not in story_line(later(statements=[STATUS_PAGE], severity="major"), before)


def test_who_is_newly_ruled_out_is_told_with_the_fact() -> None:
    window = later(cause=Cause(candidates=[Candidate("own", 0.6), NOT_AWS]))
    line = "Ruled out: its provider aws (8 of 8 other services on aws stayed in their bands)."
    assert line in story_line(window, OPENED)
    assert "Ruled out" not in story_line(replace(window, revision=3), window)


def test_a_verdict_is_told_with_its_evidence() -> None:
    window = later(cause=Cause("own", None, None, [], 0.97, [OWN]))
    line = "Cause: its own systems (97 %): @TwitterSupport named its own systems (16:30 UTC)."
    assert line in story_line(window, OPENED)


def test_the_end_tells_both_ends_the_totals_and_the_cause() -> None:
    assert story_line(ended(), replace(OPENED, time=clock("15:00"))) == (
        "16:31 UTC  twitter: The outage is over, critical at its worst. It lasted 3 h 15 min, from 11:58 UTC to "
        "15:13 UTC (errors until 14:43 UTC and reports until 15:13 UTC). 719,614 errors and 129,517 reports in all. "
        "Cause: its own systems (97 %): @TwitterSupport named its own systems (16:30 UTC)."
    )


def test_an_end_without_cause_or_official_word_says_so() -> None:
    window = ended(cause=OPENED.cause, clocks=replace(ended().clocks, acknowledged=None, all_clear=None))
    assert story_line(window, OPENED).endswith("What caused it was not determined. No official word on it is known.")


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ("reopened", "The outage goes on after all, minor. 211 reports"),
        ("restored", "It was an outage after all, minor. 211 reports"),
        ("updated", "An outage is on, minor, 97 % sure. 211 reports"),
    ],
)
def test_whoever_hears_of_it_first_in_the_middle_hears_the_whole(change: str, begins: str) -> None:
    line = story_line(replace(OPENED, change=change, revision=5), None)
    assert line.partition("twitter: ")[2].startswith(begins)


def test_a_closed_window_that_is_revised_is_told_as_over_to_who_hears_of_it_first() -> None:
    assert "The outage is over" in story_line(ended(change="updated"), None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"operator": Operator("false_alarm", "ops", clock("12:30"))}, "Taken back: ops called it a false alarm."),
        ({}, "Taken back: it was no outage."),
        (
            {"cause": Cause("collateral", "aws", None, ["aws", "twitter"], 0.9, [])},
            "Taken back, it was no outage of its own. Cause: an outage of aws, for which it is blamed (90 %).",
        ),
    ],
)
def test_a_retraction_says_why(changes: dict[str, object], says: str) -> None:
    window = later(change="retracted", state="retracted", **changes)
    assert story_line(window, OPENED) == f"12:01 UTC  twitter: {says}"


@pytest.mark.parametrize(
    ("peak", "says"),
    [
        (12, "Errors fell to 12 a minute (11:59 UTC), where about 240 are usual."),
        (0, "Errors fell silent (11:59 UTC),"),
    ],
)
def test_a_drop_is_told_as_falling(peak: int, says: str) -> None:
    errors = witness(peak, 240.0, direction="drop", total=24, whole=480.0)
    assert says in story_line(told(witnesses=Witnesses(errors, ABSENT)), None)


def test_another_day_is_told_with_its_date() -> None:
    window = later(time="2022-07-15T00:10:00.000Z", severity="major")
    assert story_line(window, OPENED).startswith("15 July 2022 00:10 UTC  twitter: Now major")


def test_other_peoples_texts_cannot_steer_the_terminal_nor_the_direction_of_the_line() -> None:
    nasty = StatementSeen("twitter", clock("12:00"), "investigating", "ops\x1b[31m", "a\x1b]0;b\x07\u202ec\r\nd")
    line = story_line(later(statements=[nasty]), OPENED)
    assert "Ops[31m said investigating at 12:00 UTC: “a]0;bc d”." in line


def test_long_texts_are_cut() -> None:
    said = StatementSeen("twitter", clock("12:00"), "investigating", "ops", "word " * 100)
    line = story_line(later(statements=[said]), OPENED)
    assert "word…”" in line
    assert len(line) < 300


def test_the_whole_story_of_an_outage_that_is_over() -> None:
    window = ended(
        regions=[region("US", 63_347, 0.485), region("GB", 32_044, 0.2455), region("other", 300, 0.002)],
        symptoms=[SymptomShare("app", 74_271, 0.569), SymptomShare("website", 49_742, 0.381)],
        texts=[
            TextShare("Tweets aren't loading right now. Try again.", None, 575_017),
            TextShare("Tweets aren't loading right now. Try again.", "en", 15_769),
        ],
        statements=[STATUS_PAGE],
        phases=[
            Phase(clock("11:58"), clock("12:50"), "surge", 3_790, 0.899),
            Phase(clock("12:50"), clock("15:13"), "lingering", 360, 0.101),
        ],
        previous=Previous("twitter-20220217T165500Z", 2, 2_700),
    )
    assert story(window) == [
        "twitter had an outage on 14 July 2022, critical, over 99 % sure. It lasted 3 h 15 min, from 11:58 UTC to "
        "15:13 UTC (errors until 14:43 UTC and reports until 15:13 UTC).",
        "Opened at 12:00 UTC, 2 min after it began; officially admitted at 13:10 UTC, 1 h 12 min after it began; "
        "officially over at 16:30 UTC, 4 h 32 min after it began; closed at 15:30 UTC, when it was sure to be over.",
        "719,614 errors, where about 41,500 are usual; at worst 20,083 errors a minute (12:19 UTC), where about 227 "
        "are usual.",
        "129,517 reports, where about 1,360 are usual; at worst 3,790 reports a minute (12:14 UTC), where about 3 are "
        "usual.",
        "Affected: US (48 %), GB (25 %) and other regions (under 1 %).",
        "Most reported: app (57 %) and website (38 %); most seen: “Tweets aren't loading right now. Try again.”",
        "Known are about 127,000 different people who reported it and about 8,730 different users named in errors; "
        "how many were affected in all is not known.",
        "Cause: its own systems (97 %): @TwitterSupport named its own systems (16:30 UTC). Ruled out: its provider aws "
        "(8 of 8 other services on aws stayed in their bands).",
        "Twitter status page said operational while it was not, from 12:20 UTC to 13:10 UTC.",
        "Of its events: 90 % in the surge from 11:58 UTC to 12:50 UTC and 10 % lingering from 12:50 UTC to 15:13 UTC.",
        "The one before was twitter-20220217T165500Z; 2 in the year before; half of them took no longer than 45 min.",
    ]


def test_the_whole_story_of_an_outage_that_is_on_says_what_is_not_known() -> None:
    assert story(OPENED) == [
        "twitter has an outage, minor, 97 % sure: since 14 July 2022 11:58 UTC, 2 min so far (as of 12:00 UTC).",
        "Opened at 12:00 UTC, 2 min after it began. No official has admitted it, as far as is known.",
        "No errors come for this service, so they say nothing.",
        "224 reports, where about 6 are usual; at worst 211 reports a minute (11:59 UTC), where about 3 are usual. "
        "At present reports are elevated.",
        "No region stands out from the others.",
        "Nobody who noticed it gave a name to count by; how many were affected in all is not known.",
        "The cause is not determined; likeliest beforehand is its own systems (50 %), but no evidence speaks for it.",
    ]


def test_undetermined_with_evidence_says_that_it_is_not_enough() -> None:
    leaning = Candidate("provider:aws", 0.7, [HEALTHY])
    line = story(told(cause=Cause(candidates=[leaning, Candidate("own", 0.2)])))[-1]
    assert line.startswith("The cause is not determined; what is known speaks most for its provider aws (70 %), but")


def test_an_estimate_is_told_with_its_interval_and_method() -> None:
    affected = Affected(224, 200, None, 0.008, Estimate(231_377, 9_200_000, "errors_by_traffic"))
    assert (
        "Known are about 200 different people who reported it; an estimated 231,377 to 9,200,000 were affected "
        "(errors by traffic)."
    ) in story(told(affected=affected))


def test_doubts_are_told() -> None:
    quality = Quality("cold", 1, blind_s=300, late=1_200, incomplete=True, maintenance=True)
    assert story(told(quality=quality))[-5:] == [
        "What is usual is known from 1 day only, so the counts are judged with caution.",
        "For 5 min of it something could not be seen.",
        "1,200 records came too late to count.",
        "A part of the log was out of reach, so the counts are too low.",
        "Work on it was planned for this time.",
    ]


def test_a_retracted_window_is_told_as_no_outage() -> None:
    window = told(state="retracted", change="retracted", operator=Operator("false_alarm", "ops", clock("12:30")))
    assert story(window)[0] == (
        "twitter: no outage after all on 14 July 2022. Taken back: ops called it a false alarm."
    )


def test_reports_are_never_called_users() -> None:
    window = ended(affected=Affected(129_517, 127_114, None, 0.008))
    assert "users" not in " ".join([*story(window), story_line(window, None)])
