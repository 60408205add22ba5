"""The quick reader takes what the careful one takes, and refuses what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from streams.ingest.decode import MAX_RECORD_BYTES, MAX_SCREENED_SINGLY, BatchDecoder

ERRORS, REPORTS = BatchDecoder("errors"), BatchDecoder("reports")

PLAIN = b'{"service":"twitter","time":"2022-07-14T12:00:00Z","id":"a"}'
OWN_FIELD = b'{"service":"twitter","time":1657800000,"pod":"web-7"}'
VALUES = (
    PLAIN,
    b'{"service":"twitter","time":1657800000,"reporter":"r","text":"\xd8\xaa"}',
    OWN_FIELD,
    b'{"service":"twitter","time":1,"labels":' + b"[" * 40 + b"]" * 40 + b"}",
    b'{"service":"twitter","time":1,"labels":{"a":[{}]}}',
    b'{"service":"\xff","time":1}',
    b'{"service":"twitter","time":1,"pod":"\xff"}',
    b'{"service":{"name":"x"},"time":1}',
    b'{"service":null,"time":1}',
    b'{"service":"twitter","time":1,"count":0}',
    b'{"service":"twitter","time":1,"count":true}',
    b'{"service":"twitter","time":1} {}',
    b'{"service":"a","service":"b","time":1}',
    b'{"clock":"2022-07-14T12:00:00Z"}',
    b'{"clock":true}',
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"service":"' + b"x" * MAX_RECORD_BYTES + b'","time":1}',
)


def both(decoder: BatchDecoder, values: list[bytes]) -> None:
    events, failures = decoder.batch(values)
    quick, quick_failures = decoder.present(values)
    assert [asdict(event) for event in quick] == [asdict(event) for event in events if event is not None]
    assert quick_failures == failures


@pytest.mark.parametrize("decoder", [ERRORS, REPORTS])
@pytest.mark.parametrize("value", VALUES)
def test_each_value_is_read_alike(decoder: BatchDecoder, value: bytes) -> None:
    both(decoder, [value])


@given(st.lists(st.sampled_from(VALUES[:-1]), max_size=30))
def test_batches_are_read_alike(values: list[bytes]) -> None:
    both(ERRORS, values)
    both(REPORTS, values)


@given(st.lists(st.sampled_from([PLAIN, OWN_FIELD, b"", VALUES[3]]), min_size=20, max_size=60))
def test_batches_full_of_fields_of_ones_own_are_read_alike(values: list[bytes]) -> None:
    both(ERRORS, values)


def test_positions_are_those_of_the_whole_batch_after_the_rest_was_screened() -> None:
    values = [*[OWN_FIELD] * MAX_SCREENED_SINGLY, b"", PLAIN, b"{"]
    events, failures = ERRORS.present(values)
    assert len(events) == MAX_SCREENED_SINGLY + 1
    assert list(failures) == [MAX_SCREENED_SINGLY, MAX_SCREENED_SINGLY + 2]


def test_topics_of_what_is_said_are_read_too() -> None:
    events, failures = BatchDecoder("statements").present([b"", b'{"about":"twitter","time":1,"status":"resolved"}'])
    assert len(events) == 1
    assert list(failures) == [0]
