"""The detector over a file of counts: what it reads, what it refuses, what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams.replay.series_csv import SeriesFileError, backtest_series

START_S = 1_657_756_800  # 2022-07-14 00:00 UTC


def series(tmp_path: Path, lines: list[str], name: str = "series.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def minutes(count: int, level: float = 20.0) -> list[str]:
    """Rows of two quiet hours and more, with fourfold counts from minute 120 to 139."""
    rng = np.random.default_rng(5)
    values = rng.poisson(level * np.where((np.arange(count) // 20) == 6, 4, 1))
    return [f"{START_S + 60 * i},{v}" for i, v in enumerate(values)]


def judge(path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Buckets and windows."""
    out = list(backtest_series(path, **options))
    return [o for o in out if "timestamp" in o], [o for o in out if "opened_at" in o]


def test_buckets_and_windows_have_the_fields_of_the_contract(tmp_path: Path) -> None:
    buckets, windows = judge(series(tmp_path, ["timestamp,value", *minutes(240)]), false_opens_per_year=52)
    assert len(buckets) == 240
    assert set(buckets[0]) == {"timestamp", "value", "expected", "score", "upper", "lower"}
    [window] = windows
    assert set(window) == {"opened_at", "detected_at", "closed_at", "peak", "direction"}
    assert window["opened_at"] == "2022-07-14T02:00:00.000Z"
    assert window["detected_at"] in ("2022-07-14T02:02:00.000Z", "2022-07-14T02:03:00.000Z")
    assert window["closed_at"] == "2022-07-14T02:19:00.000Z"
    assert window["direction"] == "surge"
    assert window["peak"] == max(b["value"] for b in buckets[120:140])
    json.dumps(buckets, allow_nan=False)


def test_an_open_window_has_no_end(tmp_path: Path) -> None:
    _, windows = judge(series(tmp_path, minutes(135)), false_opens_per_year=52)
    assert [w["closed_at"] for w in windows] == [None]


def test_a_drop_has_its_lowest_count_as_peak(tmp_path: Path) -> None:
    lines = [f"{START_S + 60 * i},{0 if 150 <= i < 180 else 90 + i % 7}" for i in range(240)]
    _, [window] = judge(series(tmp_path, lines))
    assert (window["direction"], window["peak"]) == ("drop", 0)
    assert window["opened_at"] == "2022-07-14T02:30:00.000Z"


def test_a_prefix_of_the_file_gives_the_prefix_of_the_buckets(tmp_path: Path) -> None:
    lines = minutes(300)
    whole, _ = judge(series(tmp_path, lines))
    for cut in (1, 2, 121, 123, 150):
        part, _ = judge(series(tmp_path, lines[:cut]))
        assert part == whole[:cut]


def test_times_may_be_iso_or_epoch_seconds_with_or_without_header(tmp_path: Path) -> None:
    epoch = judge(series(tmp_path, [f"{START_S},3", f"{START_S + 60},4"]))
    for lines in (
        ["timestamp,value", "2022-07-14T00:00:00Z,3", "2022-07-14T00:01:00Z,4"],
        ["2022-07-14T02:00:00+02:00,3.0", "2022-07-14T02:01:00+02:00,4.0"],
        ["2022-07-14 00:00:00,3", "2022-07-14 00:01:00,4"],
        ["time,count", "2022-07-14T00:00:00.000Z,3", "", "2022-07-14T00:01:00.000Z,4"],
    ):
        assert judge(series(tmp_path, lines)) == epoch


def test_absent_rows_are_blind_minutes_and_not_zeros(tmp_path: Path) -> None:
    lines = [f"{START_S + 60 * i},50" for i in range(300) if not 150 <= i < 200]
    buckets, windows = judge(series(tmp_path, lines))
    assert windows == []
    assert len(buckets) == 250
    assert buckets[150]["expected"] == pytest.approx(50, rel=0.02)


def test_rows_off_the_full_minute_keep_their_time(tmp_path: Path) -> None:
    buckets, _ = judge(series(tmp_path, [f"{START_S + 60 * i + 30},5" for i in range(3)]))
    assert [b["timestamp"] for b in buckets][:2] == ["2022-07-14T00:00:30.000Z", "2022-07-14T00:01:30.000Z"]


def test_real_counts_are_taken_as_they_are(tmp_path: Path) -> None:
    buckets, _ = judge(series(tmp_path, [f"{START_S + 60 * i},2.5" for i in range(60)]))
    assert buckets[-1]["value"] == 2.5
    assert buckets[-1]["expected"] == pytest.approx(2.5, rel=0.01)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([f"{START_S},1", f"{START_S + 60},many"], r"line 2: 'many' is not a number; leave out"),
        ([f"{START_S},nan"], r"line 1: 'nan' is not a number"),
        ([f"{START_S},1e999"], r"line 1: '1e999' is not a number"),
        ([f"{START_S},-1"], r"line 1: -1 is no count"),
        ([f"{START_S},"], r"line 1: '' is not a number"),
        ([f"{START_S}"], r"line 1: 1 columns; write timestamp,value"),
        ([f"{START_S},1,2"], r"line 1: 3 columns; write timestamp,value"),
        (["yesterday,1"], r"line 1: 'yesterday' is not a time; write ISO 8601"),
        (["nan,1"], r"line 1: 'nan' is not a time"),
        (["17e99,1"], r"line 1: '17e99' is not a time"),
        ([f"{START_S},1", f"{START_S - 60},1"], r"line 2: earlier than the row before; sort"),
        (["timestamp,value", f"{START_S},1", f"{START_S},1"], r"line 3: a second row in the same minute"),
        ([f"{START_S},1", f"{START_S + 90},1"], r"line 2: not a whole number of minutes"),
        ([f"{START_S},1", f"{START_S + 60 * 1440 * 90},1"], r"line 2: nothing for 90 days; check the time"),
        ([f"{START_S + 300 * i},1" for i in range(9)], r"rows are 5 minutes apart; .* use --profile smooth"),
        (["timestamp,value"], r"no rows; write a line"),
        ([], r"no rows; write a line"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_with_cause_and_remedy(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(SeriesFileError, match=message) as refusal:
        backtest_series(series(tmp_path, lines))
    assert str(tmp_path / "series.csv") in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeriesFileError, match="No such file"):
        backtest_series(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SeriesFileError, match="not UTF-8 text"):
        backtest_series(tmp_path / "binary.csv")


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    path = series(tmp_path, minutes(3))
    with pytest.raises(ValueError, match="there is no profile 'wild': use counts or smooth"):
        backtest_series(path, profile="wild")


def departing(step_s: int, factor: float) -> list[str]:
    """Two days of rows about 20,000 with half a percent of noise, and ten rows times `factor` from row 200 on."""
    rng = np.random.default_rng(6)
    count = 2 * 86_400 // step_s
    values = 20_000 * (1 + 0.005 * rng.standard_normal(count))
    values[200:210] *= factor
    return [f"{START_S + step_s * i},{round(v)}" for i, v in enumerate(values)]


@pytest.mark.parametrize(("factor", "direction"), [(0.85, "drop"), (1.2, "surge")])
def test_the_profile_smooth_finds_a_small_departure(tmp_path: Path, factor: float, direction: str) -> None:
    path = series(tmp_path, departing(60, factor))
    assert judge(path)[1] == []
    _, [window] = judge(path, profile="smooth")
    assert window["direction"] == direction
    assert window["opened_at"] == "2022-07-14T03:20:00.000Z"
    assert window["detected_at"] == "2022-07-14T03:21:00.000Z"
    assert window["closed_at"] == "2022-07-14T03:29:00.000Z"


def test_the_profile_smooth_takes_coarse_rows(tmp_path: Path) -> None:
    lines = departing(300, 0.8)
    del lines[100:110]  # a gap is blind, however long a bucket is
    buckets, [window] = judge(series(tmp_path, lines), profile="smooth")
    assert buckets[1]["timestamp"] == "2022-07-14T00:05:00.000Z"
    assert (window["opened_at"], window["closed_at"]) == ("2022-07-14T16:40:00.000Z", "2022-07-14T17:25:00.000Z")


def test_rows_in_steps_that_do_not_divide_a_day_are_refused(tmp_path: Path) -> None:
    path = series(tmp_path, [f"{START_S + 420 * i},1" for i in range(9)])
    with pytest.raises(SeriesFileError, match="rows are 7 minutes and more apart"):
        backtest_series(path, profile="smooth")


@pytest.mark.parametrize("per_year", [0.0, -1.0, float("nan"), float("inf")])
def test_a_tolerance_that_is_no_number_above_zero_is_refused(tmp_path: Path, per_year: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        backtest_series(series(tmp_path, minutes(3)), false_opens_per_year=per_year)
