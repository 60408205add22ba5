"""History out of CSV files: what is read, and what is refused with its line and a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.catalogue import load_catalogue
from streams.replay.series_csv import SeriesFileError
from streams.warmup.csv_files import Given, read_csv
from streams.warmup.past import Filled
from streams.warmup.slots import HistoryError

START_S = 1_657_800_000  # 2022-07-14T12:00:00Z
TWITTER = Given("twitter", "errors")
NOBODY = Given()


def filled(tmp_path: Path, given: Given, *texts: str) -> list[Filled]:
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_text(text, encoding="utf-8")
    return list(read_csv(files, load_catalogue(), given).filled())


def minutes(first: int, count: int, value: str = "3", *, columns: str = "") -> str:
    return "".join(f"{START_S + 60 * i},{columns}{value}\n" for i in range(first, first + count))


def test_a_series_by_the_minute_with_or_without_a_header(tmp_path: Path) -> None:
    (told,) = filled(tmp_path, TWITTER, "timestamp,value\n" + minutes(0, 1440))
    assert told == Filled(
        "twitter", "errors", None, "2022-07-14T12:00:00.000Z", "2022-07-15T12:00:00.000Z", 1.0, 3.0, 0, 0
    )
    assert filled(tmp_path, TWITTER, minutes(0, 1440)) == [told]


def test_files_of_one_series_are_one_series(tmp_path: Path) -> None:
    (told,) = filled(tmp_path, TWITTER, minutes(720, 720), minutes(0, 720))
    assert told.days == 1.0


@pytest.mark.parametrize("header", ["timestamp,service,signal,region,value", "Time,Service,Signal,Region,Count"])
def test_the_long_form_holds_many_series(tmp_path: Path, header: str) -> None:
    text = header + "\n"
    for i in range(0, 60, 5):
        at = f"2022-07-14T12:{i:02d}:00Z"
        text += f'{at},X,errors,US,10\n{at},"Twitter",errors,GB,5\n{at},slack,reports,,1\n'
    told = {(f.service, f.signal, f.region): f.per_minute for f in filled(tmp_path, NOBODY, text)}
    assert told == {
        ("twitter", "errors", None): 3.0,
        ("twitter", "errors", "US"): 2.0,
        ("twitter", "errors", "GB"): 1.0,
        ("slack", "reports", None): 0.2,
    }


def test_columns_stand_in_any_order_and_what_they_do_not_say_the_caller_says(tmp_path: Path) -> None:
    text = "timestamp,value,service\n" + "".join(f"{START_S + 60 * i},4,x\n" for i in range(60))
    told = filled(tmp_path, Given(None, "reports", "US"), text)
    assert [(f.service, f.signal, f.region, f.per_minute) for f in told] == [
        ("twitter", "reports", None, 4.0),
        ("twitter", "reports", "US", 4.0),
    ]


def test_absent_rows_are_gaps(tmp_path: Path) -> None:
    (told,) = filled(tmp_path, TWITTER, minutes(0, 100) + minutes(160, 40))
    assert (told.gaps, told.missing_min, told.per_minute) == (1, 60, 3.0)


LONG = "timestamp,service,signal,value\n"


@pytest.mark.parametrize(
    ("given", "text", "message"),
    [
        (TWITTER, minutes(0, 3) + f"{START_S + 600},many\n", r"0\.csv, line 4: 'many' is not a number; leave out"),
        (TWITTER, f"{START_S},-1\n", r"line 1: -1 is no count"),
        (TWITTER, "yesterday,1\n", r"line 1: 'yesterday' is not a time; write ISO 8601"),
        (TWITTER, minutes(0, 3) + "1,2,3\n", r"line 4: 3 columns where there were 2; write every cell"),
        (TWITTER, minutes(0, 3) + minutes(1, 1), r"errors of twitter: two rows for 2022-07-14T12:01:00.000Z; sum up"),
        (TWITTER, "".join(f"{START_S + 3600 * i},1\n" for i in range(9)), r"rows are 60 minutes apart, at most ten"),
        (TWITTER, "", r"0\.csv: no rows; write a line"),
        (TWITTER, "timestamp,value\n", r"no rows; write a line"),
        (TWITTER, "when,what\n1,2\n", r"line 1: 'what' is not a number"),
        (TWITTER, "timestamp,what\n1,2\n", r"no columns timestamp and value; begin with a line"),
        (TWITTER, "1,2,3,4\n", r"no columns timestamp and value; begin with a line"),
        (NOBODY, minutes(0, 3), r"whose rows are these\? Give --service, or a column service"),
        (TWITTER, LONG + f"{START_S},x,errors,1\n", r"a column service and --service as well; leave out one"),
        (NOBODY, LONG + f"{START_S},x,error,1\n", r"line 2: 'error' is no signal; write errors or reports"),
        (NOBODY, LONG + f"{START_S},no such,errors,1\n",
         r"line 2: nobody is called 'no such' in the catalogue: add it to your own \(--catalogue FILE\)"),
        (TWITTER, f'{START_S},"1\n', r"cannot be read \(not UTF-8 text with commas\); name a CSV file"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_with_its_place_and_a_remedy(
    tmp_path: Path, given: Given, text: str, message: str
) -> None:
    with pytest.raises((HistoryError, SeriesFileError), match=message) as refusal:
        filled(tmp_path, given, text)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"none\.csv: cannot be read \(No such file or directory\); name a CSV"):
        read_csv([tmp_path / "none.csv"], load_catalogue(), TWITTER)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(HistoryError, match="not UTF-8 text"):
        read_csv([tmp_path / "binary.csv"], load_catalogue(), TWITTER)


def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[Any] = []
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(minutes(0 if name == "a.csv" else 30_000, 30_000))
    read_csv([tmp_path / "a.csv", tmp_path / "b.csv"], load_catalogue(), TWITTER, lambda *seen: told.append(seen))
    done = [seen[0] for seen in told]
    assert len(done) >= 4
    assert done == sorted(done)
    assert all(total == done[-1] or total > done[-1] for _, total in told)
