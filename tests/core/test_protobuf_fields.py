"""The wire format, against messages written by the protobuf library."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.wrappers_pb2 import DoubleValue, Int64Value
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.protobuf_fields import LENGTH_DELIMITED, VARINT, NotProtobuf, fields_of


def kinds(data: bytes) -> list[tuple[int, int]]:
    return [(field.number, field.wire_type) for field in fields_of(data, 0, len(data), 1000)]


def test_fields_of_a_library_message() -> None:
    message = FileDescriptorProto(name="a.proto", package="b", dependency=["c", "d"])
    data = message.SerializeToString()
    found = list(fields_of(data, 0, len(data), 1000))
    assert [data[field.start : field.end] for field in found] == [b"a.proto", b"b", b"c", b"d"]
    assert [field.number for field in found] == [1, 2, 3, 3]
    assert {field.wire_type for field in found} == {LENGTH_DELIMITED}


def test_numbers() -> None:
    assert kinds(Int64Value(value=-1).SerializeToString()) == [(1, VARINT)]
    assert kinds(DoubleValue(value=2.5).SerializeToString()) == [(1, 1)]


@pytest.mark.parametrize("data", [b"\x00", b"\x0a\x05abc", b"\x0b", b"\x09\x00", b"\xff" * 11, b"\x08"])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(NotProtobuf):
        kinds(data)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_fields_or_in_the_one_error(data: bytes) -> None:
    try:
        found = list(fields_of(data, 0, len(data), 1000))
    except NotProtobuf:
        return
    assert all(field.end <= len(data) for field in found)
