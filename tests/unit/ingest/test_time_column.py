"""The quick reader of times says what the careful one says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.times import EARLIEST_MS, LATEST_MS, BadTime, parse_time_ms
from streams.ingest.time_column import NO_TIME, time_column

Time = str | int | float

NOON_MS = 1_657_800_000_000  # 2022-07-14T12:00:00Z

ACCEPTED: list[tuple[Time, int]] = [
    ("2022-07-14T12:00:00.250Z", NOON_MS + 250),
    ("2022-07-14T12:00:00Z", NOON_MS),
    ("2022-07-14 12:00:00z", NOON_MS),
    ("2022-07-14t12:00:00.1Z", NOON_MS + 100),
    ("2022-07-14T12:00:00.123999999Z", NOON_MS + 123),
    ("2022-07-14T14:00:00+02:00", NOON_MS),
    ("2022-07-14T06:30:00.000-05:30", NOON_MS),
    ("2024-02-29T00:00:00.000Z", 1_709_164_800_000),
    ("2000-01-01T00:00:00.000Z", EARLIEST_MS),
    ("9999-12-31T23:59:59.999Z", LATEST_MS),
    (1_657_800_000, NOON_MS),
    (1_657_800_000.25, NOON_MS + 250),
    (1_657_800_000.2509999, NOON_MS + 251),  # within a microsecond of it
    (1_657_800_000.2509, NOON_MS + 250),
    (946_684_800, EARLIEST_MS),
    (253_402_300_799.999, LATEST_MS),
]

REFUSED: list[Time] = [
    "",
    "now",
    "2022-07-14",
    "2022-07-14T12:00:00",
    "2022-07-14T12:00:00.000",
    "2022-07-14T12:00Z",
    "2022-W28-4T12:00:00Z",
    "2022-07-14T12:00:00,250Z",
    "2022-07-14T12:00:00.Z",
    "2022-07-14T12:00:00.0000000000Z",
    "2022-07-14T12:00:60.000Z",
    "2022-07-14T24:00:00.000Z",
    "2022-07-14T12:60:00.000Z",
    "2022-13-14T12:00:00.000Z",
    "2022-00-14T12:00:00.000Z",
    "2022-07-32T12:00:00.000Z",
    "2022-07-00T12:00:00.000Z",
    "2023-02-29T00:00:00.000Z",
    "2100-02-29T00:00:00.000Z",
    "1999-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00.000Z",
    "0000-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999-14:00",
    "2022-07-14T12:00:00.250X",
    "2022-07-14T12:00:00.25aZ",
    "２022-07-14T12:00:00.250Z",
    " 2022-07-14T12:00:00.25Z",
    "1657800000",
    0,
    -1,
    1_657_800_000_000,
    946_684_799,
    946_684_799.9989,
    253_402_300_800,
    10**30,
    10**400,
    -(10**400),
    1e305,
    -1e305,
    1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
]


def careful(value: Time) -> int:
    try:
        return parse_time_ms(value)
    except BadTime:
        return int(NO_TIME)


@pytest.mark.parametrize(("value", "expected_ms"), ACCEPTED)
def test_accepted(value: Time, expected_ms: int) -> None:
    assert parse_time_ms(value) == expected_ms
    assert time_column([value]).tolist() == [expected_ms]


@pytest.mark.parametrize("value", REFUSED)
def test_refused(value: Time) -> None:
    with pytest.raises(BadTime):
        parse_time_ms(value)
    assert time_column([value]).tolist() == [NO_TIME]


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_time(value: bool) -> None:
    with pytest.raises(BadTime):
        parse_time_ms(value)


def test_no_times_are_an_empty_column() -> None:
    assert time_column([]).tolist() == []


def test_texts_of_one_joined_length_but_not_of_one_length_are_told_apart() -> None:
    longer, shorter = "2022-07-14T12:00:00.2500Z", "2022-07-14T12:00:00.25Z"
    assert time_column([longer, shorter]).tolist() == [NOON_MS + 250, NOON_MS + 250]


moments = st.datetimes(datetime(1990, 1, 1), datetime(9999, 12, 31, 23), timezones=st.just(UTC))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def written(moment: datetime, zone: timezone, digits: int) -> str:
    try:
        text = moment.astimezone(zone).isoformat(timespec="microseconds")
    except OverflowError:
        text = moment.isoformat(timespec="microseconds")
    text, offset = text[:-6], text[-6:]
    fraction = f".{text[20 : 20 + digits]}" if digits else ""
    return text[:19] + fraction + ("Z" if offset == "+00:00" else offset)


texts = st.builds(written, moments, st.just(UTC) | zones, st.sampled_from([0, 1, 3, 3, 3, 6]))
usual = st.builds(written, moments, st.just(UTC), st.just(3))
mangled = st.builds(
    lambda text, at, char: text[:at] + char + text[at + 1 :],
    usual,
    st.integers(0, 23),
    st.characters(max_codepoint=300),
)
numbers = st.integers() | st.floats() | st.floats(9.4e8, 2.6e11) | st.integers(946_684_700, 253_402_300_900)


@given(st.lists(usual) | st.lists(usual | mangled) | st.lists(texts | mangled | st.sampled_from(REFUSED)))
def test_texts_read_alike(values: list[Time]) -> None:
    assert time_column(values).tolist() == list(map(careful, values))


@given(st.lists(st.floats()) | st.lists(st.floats(9.4e8, 2.6e11)) | st.lists(numbers) | st.lists(numbers | texts))
def test_numbers_read_alike(values: list[Time]) -> None:
    assert time_column(values).tolist() == list(map(careful, values))


some_minutes = st.builds(lambda minute: datetime(2022, 7, 14, 12, minute, tzinfo=UTC), st.sampled_from([0, 1, 59]))
within_a_minute = st.integers(0, 59_999).map(lambda millis: timedelta(milliseconds=millis))
in_some_minutes = st.builds(lambda begin, after: written(begin + after, UTC, 3), some_minutes, within_a_minute)
mangled_in_a_minute = st.builds(
    lambda text, at, char: text[:at] + char + text[at + 1 :],
    in_some_minutes,
    st.integers(0, 23),
    st.sampled_from("0569:.Z/\n\0 xé"),
)


@given(st.lists(in_some_minutes, min_size=1) | st.lists(in_some_minutes | mangled_in_a_minute, min_size=1, max_size=6))
def test_texts_of_few_minutes_read_alike(values: list[Time]) -> None:
    assert time_column(values).tolist() == list(map(careful, values))


def test_an_end_of_line_within_a_text_is_no_end_of_a_text() -> None:
    usual_text = "2022-07-14T12:00:07.250Z"
    assert time_column([usual_text + "\n" + usual_text, usual_text[:-1]]).tolist() == [NO_TIME, NO_TIME]
    assert time_column([usual_text[:-1] + "\n", usual_text]).tolist() == [NO_TIME, careful(usual_text)]
