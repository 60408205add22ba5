"""Records that look alike are read as a JSON reader reads them, and nothing else is taken for one of them."""

from __future__ import annotations

import json
import string
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.events import ErrorEvent
from streams.ingest.time_column import time_column, time_column_of
from streams.ingest.uniform import FEW_RECORDS, Alike, Texts, alike

FIELDS = ErrorEvent.__struct_fields__
KNOWN = frozenset(FIELDS) - {"count"}
NEEDED = frozenset({"service", "time"})
LIMIT = 16_384

plain_text = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=30)


def record(**fields: Any) -> bytes:
    return json.dumps(
        {"id": "a", "service": "twitter", "time": "2022-07-14T12:00:00Z"} | fields, separators=(",", ":")
    ).encode()


def found(values: list[bytes], limit: int = LIMIT) -> Alike | None:
    return alike(values, KNOWN, NEEDED, limit)


def read(taken: Alike) -> list[dict[str, Any]]:
    """Each record that was taken, by its fields."""
    columns = {name: texts.strings() for name, texts in taken.fields.items()}
    return [{name: column[i] for name, column in columns.items()} for i in range(len(taken.positions))]


records = st.builds(record, id=plain_text, service=plain_text, time=plain_text, region=plain_text, message=plain_text)


@given(st.lists(records, min_size=FEW_RECORDS, max_size=60))
def test_every_field_is_what_a_json_reader_finds(values: list[bytes]) -> None:
    taken = found(values)
    assert taken is not None
    assert taken.positions.tolist() == list(range(len(values)))
    assert read(taken) == [json.loads(value) for value in values]


@given(st.integers(0, 39), st.integers(0, 200), st.sampled_from([*b'"{}[]:, \\\n\t\x00\xc3ax0', None]), st.booleans())
def test_a_record_with_a_changed_byte_is_left_out_or_read_as_it_is(
    at: int, place: int, byte: int | None, inserted: bool
) -> None:
    values = [record(id=str(i), region="US", type="timeout") for i in range(40)]
    value = bytearray(values[at])
    place %= len(value)
    value[place : place + (not inserted)] = b"" if byte is None else bytes([byte])
    values[at] = bytes(value)
    taken = found(values)
    if taken is not None:
        decode = msgspec.json.Decoder(ErrorEvent).decode
        for position, fields in zip(taken.positions.tolist(), read(taken), strict=True):
            assert ErrorEvent(**fields) == decode(values[position])


@given(st.lists(st.sampled_from([b'"', b"{", b"}", b":", b",", b"a", b'"service":"b"', b'","time":"']), max_size=30))
def test_pieces_of_json_are_left_out_or_read_as_they_are(pieces: list[bytes]) -> None:
    values = [record(id=str(i)) for i in range(40)]
    values[20] = b"".join(pieces)
    taken = found(values)
    assert taken is not None
    if 20 in taken.positions.tolist():
        fields = read(taken)[taken.positions.tolist().index(20)]
        assert ErrorEvent(**fields) == msgspec.json.decode(values[20], type=ErrorEvent)


def test_a_clock_record_among_them_is_left_out() -> None:
    values = [record(id=str(i)) for i in range(40)]
    values[7] = b'{"clock":"2022-07-14T12:00:00Z"}'
    taken = found(values)
    assert taken is not None
    assert taken.positions.tolist() == [i for i in range(40) if i != 7]
    assert taken.fields["id"].strings() == [str(i) for i in range(40) if i != 7]


@pytest.mark.parametrize(
    "odd",
    [
        record(message='say "no"'),  # escaped
        json.dumps({"service": "تويتر", "time": "t"}, ensure_ascii=False).encode(),
        record() + b"\n",
        record() + b"\t",
        record(id="x" * LIMIT),
    ],
)
def test_a_batch_with_escapes_other_scripts_control_signs_or_a_giant_is_left_alone(odd: bytes) -> None:
    assert found([*[record()] * 40, odd]) is None


@pytest.mark.parametrize(
    "pattern",
    [
        b'{"service":"a","service":"b","time":"c"}',  # a field twice
        b'{"service":"a"}',  # one missing
        b'{"service":"a","time":"b","pod":"c"}',  # one that is not ours
        b'{"service":"a","time":"b","count":"1"}',  # a text where a number belongs
        b'{"service":"a","time":1657800000}',  # a number
        b'{"service": "a","time":"b"}',  # a blank
        b"{}",
        b"",
        b"\xff",
    ],
)
def test_only_flat_objects_of_known_text_fields_are_a_pattern(pattern: bytes) -> None:
    assert found([pattern] * 40) is None


def test_few_records_or_too_many_others_are_left_alone() -> None:
    assert found([record()] * (FEW_RECORDS - 1)) is None
    assert found([record(), b"{}", record(), b"{}"] * 20) is None


def texts(values: list[str]) -> Texts:
    """The values as one field of records."""
    taken = found([record(id=value) for value in values])
    assert taken is not None
    return taken.fields["id"]


words = st.text(string.ascii_lowercase, max_size=30)


@given(
    st.lists(st.sampled_from(["", "a", "ab", "a" * 8, "a" * 9, "a" * 24, "b" * 25]) | words, min_size=32, max_size=80)
)
def test_numbers_are_given_in_order_of_first_appearance(values: list[str]) -> None:
    codes, named = texts(values).numbered()
    assert named == list(dict.fromkeys(values))
    assert [named[code] for code in codes.tolist()] == values


def test_more_values_than_slots_are_numbered_too() -> None:
    values = [f"host-{i}" for i in range(20_000)]
    codes, named = texts(values).numbered()
    assert named == values
    assert codes.tolist() == list(range(20_000))


def test_parts_of_a_field_are_fields() -> None:
    field = texts([str(i) for i in range(40)])
    assert field[3] == "3"
    assert list(field[10:12]) == ["10", "11"]
    assert field.rows(np.array([True, *[False] * 38, True])).strings() == ["0", "39"]
    assert not field.is_empty()
    assert texts([""] * 40).is_empty()


usual_times = ["2022-07-14T12:00:07.250Z", "2022-07-14T12:01:59.999Z"]
other_times = ["2022-07-14T12:00:60.000Z", "2022-07-14T12:00:07Z", "not a time, but of 24 ch.", ""]


@given(
    st.lists(st.sampled_from(usual_times), min_size=32, max_size=50)
    | st.lists(st.sampled_from(usual_times + other_times), min_size=32, max_size=50)
)
def test_times_are_read_as_times_of_their_own(values: list[str]) -> None:
    assert time_column_of(texts(values)).tolist() == time_column(values).tolist()
