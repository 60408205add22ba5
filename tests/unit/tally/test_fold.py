"""What counts once, what twice, and what one partition's fold says of itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.events import Signal
from streams.contracts.tallies import TextTally
from streams.tally.checkpoint import Checkpoint, CheckpointError, read_checkpoint
from streams.tally.fold import PartitionFold
from streams.tally.reading import RecordBatch
from tests.unit.tally.builders import CATALOGUE, DELAY_MS, clock, counted, event, read, reasons, rows


def fold_of(signal: Signal, checkpoint: Checkpoint | None = None) -> PartitionFold:
    return PartitionFold(signal, "record", DELAY_MS, CATALOGUE, checkpoint)


# Repeats


@pytest.mark.parametrize("signal", ["errors", "reports"])
def test_an_id_seen_in_the_same_pane_is_a_duplicate_whatever_else_it_says(signal: Signal) -> None:
    fold = fold_of(signal)
    outcome = read(fold, event(1, id="a"), event(9, id="a", service="aws", region="GB", count=9), event(2, id="b"))
    assert counted(fold) == 2
    assert outcome.counts == Counter(accepted=2, duplicate=1)


@pytest.mark.parametrize("signal", ["errors", "reports"])
def test_in_another_pane_the_same_id_is_another_event(signal: Signal) -> None:
    fold = fold_of(signal)
    read(fold, event(9.999, id="a"), event(10, id="a"))
    assert counted(fold) == 2


@pytest.mark.parametrize("signal", ["errors", "reports"])
def test_an_id_is_remembered_across_batches(signal: Signal) -> None:
    fold = fold_of(signal)
    read(fold, event(1, id="a"))
    read(fold, event(1, id="a"), event(2, id="b"), event(2, id="b"))
    assert counted(fold) == 2


@pytest.mark.parametrize("signal", ["errors", "reports"])
@pytest.mark.parametrize("id", [None, ""])
def test_without_an_id_nothing_is_compared(signal: Signal, id: str | None) -> None:
    fold = fold_of(signal)
    read(fold, event(1, id=id), event(1, id=id))
    assert counted(fold) == 2


def test_a_refused_or_late_record_leaves_no_id_behind() -> None:
    fold = fold_of("errors")
    read(fold, clock(10), event(1, id="a", count=0), event(1, id="a"))
    assert counted(fold) == 1


def test_a_reporter_counts_once_on_a_service_in_a_quarter_of_an_hour() -> None:
    fold = fold_of("reports")
    outcome = read(fold, event(0, reporter="ann"), event(450, reporter="ann"), event(899.999, reporter="ann"))
    assert counted(fold) == 1
    assert outcome.counts["duplicate"] == 2


def test_quarters_begin_at_00_15_30_and_45() -> None:
    fold = fold_of("reports")
    read(fold, event(-0.001, reporter="ann"), event(0, reporter="ann"), event(900, reporter="ann"))
    assert counted(fold) == 3


def test_two_reporters_or_two_services_are_two_reports() -> None:
    fold = fold_of("reports")
    read(fold, event(0, reporter="ann"), event(0, reporter="bob"), event(0, reporter="ann", service="aws"))
    assert counted(fold) == 3


def test_a_service_is_the_same_under_each_of_its_names() -> None:
    fold = fold_of("reports")
    read(
        fold,
        event(0, reporter="ann"),
        event(1, reporter="ann", service="X"),
        event(2, reporter="ann", service="Twitter"),
    )
    assert counted(fold) == 1


def test_a_reporter_s_id_is_not_asked() -> None:
    fold = fold_of("reports")
    read(fold, event(0, reporter="ann", id="a"), event(0, reporter="bob", id="a"))
    assert counted(fold) == 2


def test_a_reporter_is_remembered_across_batches_flushes_and_panes_that_are_sealed() -> None:
    fold = fold_of("reports")
    read(fold, clock(0), event(0, reporter="ann"))
    assert counted(fold) == 1
    read(fold, clock(600))
    assert counted(fold) == 0
    read(fold, event(600, reporter="ann"))
    assert counted(fold) == 0


def test_a_reporter_is_remembered_by_a_restart() -> None:
    fold = fold_of("reports")
    values = [clock(0), event(0, reporter="ann"), clock(600)]
    read(fold, *values)
    counted(fold)
    checkpoint = fold.checkpoint()
    assert checkpoint.offset == 1
    again = fold_of("reports", checkpoint)
    read(again, *values[1:], event(600, reporter="ann"))
    assert counted(again) == 0


@pytest.mark.parametrize("split", [0, 1, 2, 3])
def test_the_first_to_arrive_counts_also_where_a_later_one_is_dated_before_it(split: int) -> None:
    fold = fold_of("reports")
    values = [event(25, reporter="ann", region="US"), event(5, reporter="ann", region="GB"), event(15, reporter="ann")]
    read(fold, *values[:split])
    read(fold, *values[split:])
    assert {key: row.regions for key, row in rows(fold).items() if row.regions} == {(2, "twitter"): {"US": 1}}


def test_a_restart_reads_a_quarter_from_its_first_record_in_the_log() -> None:
    fold = fold_of("reports")
    read(fold, clock(0), event(25, reporter="ann"), event(5, reporter="bob"), clock(600))
    counted(fold)
    assert fold.checkpoint().offset == 1  # ann's, though bob's pane is the earlier one


def test_a_late_report_is_nobody_s_first() -> None:
    fold = fold_of("reports")
    read(fold, clock(60), event(0, reporter="ann"), event(50, reporter="ann"))
    assert counted(fold) == 1


def test_a_report_s_count_holds_without_a_reporter_only() -> None:
    fold = fold_of("reports")
    read(fold, event(0, count=50), event(0, count=50, reporter="ann"))
    assert counted(fold) == 51


def test_an_error_stands_for_its_count() -> None:
    fold = fold_of("errors")
    read(fold, event(0, count=1_000_000), event(0, count=1), event(0), event(0, count=None))
    assert counted(fold) == 1_000_003


# Attribution


def test_regions_unknown_and_other() -> None:
    fold = fold_of("errors")
    read(fold, event(0, region="US"), event(0, region="FR"), event(0), event(0, region=""), event(0, region="us"))
    assert rows(fold)[0, "twitter"].regions == {"US": 1, "other": 2, "unknown": 2}


@pytest.mark.parametrize("signal", ["errors", "reports"])
def test_a_name_nobody_knows_counts_under_other_and_leaves_no_state(signal: Signal) -> None:
    fold = fold_of(signal)
    outcome = read(
        fold, event(0, service="nobody", region="US", source="s", message="m", text="t", user="u", reporter="u")
    )
    row = rows(fold)[0, "other"]
    assert (row.regions, row.sources, row.texts, row.people) == ({"other": 1}, {}, [], b"")
    assert outcome.unknown == {"nobody": 1}
    assert outcome.counts["unknown_service"] == 1


def test_the_first_hundred_distinct_texts_of_a_pane_stand_by_name_in_log_order_the_rest_is_other() -> None:
    words = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}".replace("word", "w ") for i in range(103)]
    values = [event(1, message=word) for word in words] + [event(2, message=words[0]), event(3, message=words[102])]
    expected = [(words[0], 2), *((word, 1) for word in words[1:100]), ("other", 4)]
    for size in (1, 7, 50, 105):
        fold = fold_of("errors")
        for start in range(0, len(values), size):
            read(fold, *values[start : start + size])
        assert [(text.text, text.count) for text in rows(fold)[0, "twitter"].texts] == expected, size


def test_texts_are_masked_and_cut_and_an_empty_one_is_none() -> None:
    fold = fold_of("errors")
    read(fold, event(0, message="code 503"), event(0, message="code 504"), event(0, message="\u202e"))
    assert rows(fold)[0, "twitter"].texts == [TextTally("code #", None, 2, [])]


def test_a_text_keeps_the_five_smallest_hashes_of_who_sent_it() -> None:
    fold = fold_of("reports")
    read(fold, *[event(0, reporter=f"r{i}", text="dead", lang="en") for i in range(9)])
    (text,) = rows(fold)[0, "twitter"].texts
    assert (text.count, len(text.who)) == (9, 5)
    backwards = fold_of("reports")
    read(backwards, *[event(0, reporter=f"r{i}", text="dead", lang="en") for i in reversed(range(9))])
    assert rows(backwards)[0, "twitter"].texts[0].who == text.who


@pytest.mark.parametrize(
    ("field", "column"), [("type", "kinds"), ("source", "sources"), ("dependency", "dependencies")]
)
def test_labels_beyond_a_hundred_are_other(field: str, column: str) -> None:
    fold = fold_of("errors")
    read(fold, *[event(0, **{field: f"n{i}"}) for i in range(103)])
    counts = getattr(rows(fold)[0, "twitter"], column)
    assert len(counts) == 101
    assert counts["other"] == 3


# Order, flushes, restarts


@given(st.permutations(range(8)), st.integers(1, 8))
def test_any_order_within_the_allowed_delay_counts_errors_the_same(order: list[int], size: int) -> None:
    values = [
        event(at, id=f"i{i}", region="US", type="t", user=f"u{i}", count=i or None)
        for i, at in enumerate(range(10, 26, 2))
    ]
    assert signature("errors", [values[i] for i in order], size) == signature("errors", values, 8)


@given(st.permutations(range(8)), st.integers(1, 8))
def test_any_order_within_the_allowed_delay_counts_reports_of_different_people_the_same(
    order: list[int], size: int
) -> None:
    values = [event(at, reporter=f"r{i}", region="GB", symptom="app") for i, at in enumerate(range(10, 26, 2))]
    assert signature("reports", [values[i] for i in order], size) == signature("reports", values, 8)


def signature(signal: Signal, values: list[bytes], size: int) -> dict[Any, Any]:
    fold = fold_of(signal)
    read(fold, clock(29.999))
    for start in range(0, len(values), size):
        read(fold, *values[start : start + size])
    return {key: (row.regions, row.kinds, row.people, row.late) for key, row in rows(fold).items()}


def test_only_what_changed_is_told_again_and_always_cumulative() -> None:
    fold = fold_of("errors")
    read(fold, event(1), event(11, service="aws"))
    assert counted(fold) == 2
    assert counted(fold) == 0
    read(fold, event(2))
    assert {key: row.regions for key, row in rows(fold).items()} == {(0, "twitter"): {"unknown": 2}}


def test_a_restart_begins_at_the_first_record_of_the_oldest_unsealed_pane() -> None:
    fold = fold_of("errors")
    read(fold, clock(0), event(5), event(15), event(6), clock(31), event(16))
    counted(fold)
    checkpoint = fold.checkpoint()
    assert checkpoint.offset == 2  # at 15 s: the pane of 5 s is sealed, W stands at 11 s
    assert checkpoint.reached == 6


def test_what_was_reported_before_a_restart_is_not_reported_again() -> None:
    fold = fold_of("errors")
    values = [clock(60), event(59), b"{", event(0), event(58, service="nobody")]
    assert len(read(fold, *values).refused) == 1
    counted(fold)
    checkpoint = fold.checkpoint()
    again = fold_of("errors", checkpoint)
    assert again.position == 1
    outcome = read(again, *values[1:], b"}")
    assert reasons(outcome) == [(4, "not_json")]
    assert outcome.late == []
    assert outcome.counts["accepted"] == 0
    assert not outcome.unknown


def test_panes_published_whole_are_not_told_again_by_a_re_read() -> None:
    fold = fold_of("reports")
    values = [clock(0), event(5, reporter="ann"), event(15, reporter="bob"), clock(50)]
    read(fold, *values)
    counted(fold)
    again = fold_of("reports", fold.checkpoint())
    read(again, *values[again.position :])
    assert rows(again) == {}


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    for checkpoint in (Checkpoint(), Checkpoint(5, 6, 7, 8, 9)):
        assert read_checkpoint(checkpoint.offset, checkpoint.metadata()) == checkpoint


@pytest.mark.parametrize("metadata", ["", "x", "[]", "[1,2]", '[1,2,3,4,"5"]', "{}"])
def test_a_commit_of_another_program_is_refused_with_a_remedy(metadata: str) -> None:
    with pytest.raises(CheckpointError, match="give tally a group of its own"):
        read_checkpoint(7, metadata)


def test_an_empty_batch_changes_nothing() -> None:
    fold = fold_of("errors")
    read(fold)
    assert fold.checkpoint() == Checkpoint()


def test_gaps_between_offsets_are_fine() -> None:
    fold = fold_of("errors")
    fold.read(RecordBatch([3, 90, 91], [clock(0), event(1), event(2)]))
    assert fold.position == 92
    assert fold.checkpoint().offset == 90
    assert counted(fold) == 2
