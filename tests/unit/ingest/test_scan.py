"""What the scan takes is exactly what a JSON reader finds; what it leaves is somebody else's to read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.contracts.events import ErrorEvent
from streams.ingest.scan import COUNT, NAME, TEXT, TIME, Scan, layout, scan
from streams.ingest.texts import Texts, decoded

FIELDS = ErrorEvent.__struct_fields__
LAYOUT = layout(dict.fromkeys(FIELDS, NAME) | {"time": TIME, "count": COUNT, "message": TEXT}, ("service", "time"))
LIMIT = 16_384
DECODE = msgspec.json.Decoder(ErrorEvent).decode

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
plain_text = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=30)


def record(**fields: Any) -> bytes:
    return json.dumps(
        {"id": "a", "service": "twitter", "time": "2022-07-14T12:00:00Z"} | fields, separators=(",", ":")
    ).encode()


def found(*values: bytes, limit: int = LIMIT) -> Scan:
    return scan(values, LAYOUT, limit)


def is_taken(value: bytes) -> bool:
    """Whether it is taken among others like any."""
    taken = found(record(), value, record()).taken.tolist()
    assert taken[::2] == [True, True], "the records beside it are as good as ever"
    return bool(taken[1])


def event_in(found: Scan, row: int) -> ErrorEvent:
    """The event that the scan found, all fields of it."""
    fields: dict[str, Any] = {}
    for place, name in enumerate(FIELDS):
        start, end = int(found.starts[place, row]), int(found.ends[place, row])
        if name == "count":
            fields[name] = int(found.counts[row]) or None
        elif name == "time" and start >= 0 and found.text[start - 1] != ord('"'):
            fields[name] = msgspec.json.decode(found.text[start:end])
        else:
            fields[name] = Texts(found.text, found.starts[place], found.ends[place]).value(row)
    return ErrorEvent(**fields)


records = st.builds(
    lambda indent, separators, **fields: json.dumps(fields, indent=indent, separators=separators).encode(),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([None, (",", ":"), (" ,", " : ")]),
    service=plain_text,
    time=st.sampled_from(["2022-07-14T12:00:00Z", 1657800000, 1657800000.25, "nonsense"]),
    id=plain_text | st.none(),
    message=any_text | st.none(),
    count=st.integers(1, 1_000_000) | st.none(),
    pod=plain_text | st.integers(-99, 99) | st.none(),
)


@given(st.lists(records, min_size=1, max_size=20))
def test_every_field_is_what_a_json_reader_finds(values: list[bytes]) -> None:
    scanned = found(*values)
    for row, value in enumerate(values):
        if scanned.taken[row]:
            assert event_in(scanned, row) == DECODE(value)


@given(st.lists(st.fixed_dictionaries({"id": any_text, "message": any_text, "region": any_text}), min_size=1))
def test_records_in_any_script_are_taken(fields: list[dict[str, str]]) -> None:
    values = [
        json.dumps({"service": "s", "time": "t"} | each, ensure_ascii=False).encode()
        for each in fields
        if not any(sign in each["id"] + each["region"] or ord(sign) < 32 for sign in '"\\')
    ]
    scanned = found(*values)
    for row, value in enumerate(values):
        if b"\\" not in value:
            assert scanned.taken[row]
            assert event_in(scanned, row) == DECODE(value)


@given(st.integers(0, 200), st.sampled_from([*b'"{}[]:, \\\n\t\x00\xc3\xa4ax0-.nu', None]), st.booleans())
def test_a_record_with_a_changed_byte_is_left_or_read_as_it_is(place: int, byte: int | None, inserted: bool) -> None:
    value = bytearray(record(region="US", message="say \\u0041", count=3, pod=None))
    place %= len(value)
    value[place : place + (not inserted)] = b"" if byte is None else bytes([byte])
    scanned = found(record(), bytes(value), record())
    assert scanned.taken[[0, 2]].all()
    if scanned.taken[1]:
        assert event_in(scanned, 1) == DECODE(bytes(value))


@given(
    st.lists(
        st.sampled_from(
            [
                b'"',
                b"{",
                b"}",
                b":",
                b",",
                b"a",
                b'"service":"b"',
                b'"time":1',
                b'","time":"',
                b"\\",
                b"u00",
                b"41",
                b"\0",
                b"null",
                b"nul",
                b"-",
                b"0",
                b".5",
                b'"count":',
                b'"id":null',
                b" ",
                b"\xd8\xa9",
                b"\xff",
            ]
        ),
        max_size=30,
    )
)
@example([b"{", b'"service":"b"', b",", b'"time":1', b"}"])
@example([b"{", b'"service":"b"', b",", b'"time":1', b"}", b" ", b"\0"])
def test_pieces_of_json_are_left_or_read_as_they_are(pieces: list[bytes]) -> None:
    value = b"".join(pieces)
    scanned = found(record(), value, record())
    assert scanned.taken[[0, 2]].all()
    if scanned.taken[1]:
        assert event_in(scanned, 1) == DECODE(value)


@given(st.lists(st.binary(max_size=80), max_size=10))
def test_bytes_of_any_kind_are_left(values: list[bytes]) -> None:
    scanned = found(*values, record())
    assert scanned.taken[-1]
    for row, value in enumerate(values):
        if scanned.taken[row]:
            assert event_in(scanned, row) == DECODE(value)


@pytest.mark.parametrize(
    "usual",
    [
        record(),
        b' {"service" : "a" ,\n"time": "t"\r\n}\t',
        b'{"time":1657800000.25,"service":"a"}',
        b'{"service":"a","time":"t","count":1000000}',
        b'{"service":"a","time":"t","count":null,"id":null}',
        b'{"service":"a","time":"t","message":"say \\"no\\" \\u062a"}',
        b'{"service":"a","time":"t","pod":"p-1","attempt":-0.5}',
        '{"service":"تويتر","time":"t"}'.encode(),
    ],
)
def test_what_programs_write_is_taken(usual: bytes) -> None:
    assert is_taken(usual)


@pytest.mark.parametrize(
    "odd",
    [
        b'{"service":"a","service":"b","time":"c"}',  # a field twice
        b'{"service":"a"}',  # one missing
        b'{"service":null,"time":"c"}',
        b'{"service":"a","time":"b","count":"1"}',  # a text where a number belongs
        b'{"service":"a","time":"b","count":0}',
        b'{"service":"a","time":"b","count":1000001}',
        b'{"service":"a","time":"b","count":1.0}',
        b'{"service":1,"time":"b"}',
        b'{"service":"\\u0061","time":"b"}',  # equal names would not be equal bytes
        b'{"service":"a","time":"b","message":"\\ud83d\\ude00"}',  # a pair of halves
        b'{"service":"a","time":"b","message":"\\x"}',
        b'{"service":"a","time":"b","where":{"rack":3}}',
        b'{"service":"a","time":"b","retried":true}',
        b'{"service":"a","time":"b"} {}',
        b'{"service":"a","time":"b",}',
        b'{"service":"a","time":"b"',
        b'{"service":"a","time":"b\nc"}',
        b'{"service":"\xff","time":"b"}',  # no UTF-8
        b'{"service":"a","time":01}',
        b"{}",
        b"[]",
        b"",
        b"\0",
        record() + b"\0",
    ],
)
def test_what_takes_a_closer_look_is_left(odd: bytes) -> None:
    assert not is_taken(odd)


def test_a_record_that_is_too_long_is_left() -> None:
    value = record(message="x" * 100)
    assert found(value, limit=len(value)).taken.all()
    assert not found(value, limit=len(value) - 1).taken.any()


def test_an_empty_batch_has_no_records() -> None:
    assert len(found().taken) == 0


def test_names_of_fields_are_bounded() -> None:
    layout({"a" * 15: NAME}, ())
    with pytest.raises(ValueError, match="15 characters"):
        layout({"a" * 16: NAME}, ())


def test_escapes_are_undone_when_a_value_is_asked_for() -> None:
    assert decoded(b'say \\"no\\" \\u062a') == 'say "no" ت'
    assert decoded("تويتر".encode()) == "تويتر"
