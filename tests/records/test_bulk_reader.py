"""What is read in bulk is what the protobuf library reads record by record: values, failures and their reasons."""

from __future__ import annotations

import struct
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.failures import Cause
from streamscore_cli.records import strided
from streamscore_cli.records.bulk_reader import FEWEST, BulkReader
from streamscore_cli.records.codec import Decoded
from streamscore_cli.records.message_type import find_message, scalar_fields
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from streamscore_cli.records.protobuf import ProtobufCodec
from streamscore_cli.records.protobuf_messages import MessageReader
from streamscore_cli.records.strided import ColumnPlan
from tests.records.random_messages import batches, message_types
from tests.records.wire import WINE_FIELDS, double, integer, text, wine

FIELDS = scalar_fields(WineRecord)
DEFAULTS = {**dict.fromkeys(WINE_FIELDS, 0.0), "dataType": ""}
MANY = FEWEST * 2


def left_over(values: list[bytes | None]) -> list[int]:
    reader = BulkReader(FIELDS, ColumnPlan.of(FIELDS, DEFAULTS))
    rows: list[int] = reader.read(values).left_over().tolist()
    return rows


def some_wine(row: int, data_type: str = "wine") -> bytes:
    return wine([row + place / 16 for place in range(1, 12)], data_type)


def assert_same(found: Decoded, wanted: Decoded) -> None:
    assert found.rows.tolist() == wanted.rows.tolist()
    assert found.failures == wanted.failures
    assert found.columns.names == wanted.columns.names
    assert found.columns.length == wanted.columns.length
    assert found.columns.ordered
    for name, column in wanted.columns.arrays.items():
        array = found.columns.arrays[name]
        assert array.dtype == column.dtype
        if array.dtype == np.float64:
            np.testing.assert_array_equal(array, column)
            assert np.signbit(array).tolist() == np.signbit(column).tolist() or np.isnan(array).any()
        else:
            assert [(type(value), value) for value in array] == [(type(value), value) for value in column]


@settings(deadline=None)
@given(st.data())
def test_any_type_any_bytes(data: st.DataObject) -> None:
    message: type[Message] = data.draw(message_types())
    codec = ProtobufCodec(message)
    library = MessageReader(message, scalar_fields(message))
    for _ in range(data.draw(st.integers(1, 3))):  # the layouts met before are tried on the next batch
        values = data.draw(batches(message))
        assert_same(codec.decode(values), library.decode(values))


def test_wines_are_read_in_bulk_the_132_without_citric_acid_too(wines: list[list[float]]) -> None:
    values: list[bytes | None] = [wine(numbers) for numbers in wines]
    assert left_over(values) == []
    decoded = ProtobufCodec(WineRecord).decode(values)
    matrix = np.column_stack([decoded.columns.arrays[name] for name in WINE_FIELDS])
    assert np.array_equal(matrix, np.array(wines))
    assert decoded.columns.arrays["dataType"].tolist() == ["wine"] * len(wines)


def test_fewer_than_are_worth_it_are_left_to_the_library() -> None:
    assert left_over([some_wine(row) for row in range(FEWEST - 1)]) == list(range(FEWEST - 1))
    assert left_over([some_wine(row) for row in range(FEWEST)]) == []


def test_records_of_one_length_may_have_several_layouts() -> None:
    ones = [1.0] * 11
    without_second = wine([1.0, 0.0, *ones[2:]])
    without_third = wine([1.0, 1.0, 0.0, *ones[3:]])
    values: list[bytes | None] = [without_second, without_third] * MANY
    assert left_over(values) == []
    arrays = ProtobufCodec(WineRecord).decode(values).columns.arrays
    assert arrays["volatile_acidity"].tolist() == [0.0, 1.0] * MANY
    assert arrays["citric_acid"].tolist() == [1.0, 0.0] * MANY


def test_texts_that_differ_are_no_reason_to_read_one_by_one() -> None:
    names = ["wine", "beer", "b\u00fcr", "a\0b\0"]
    values: list[bytes | None] = [some_wine(row, names[row % 4]) for row in range(MANY)]
    assert left_over(values) == []
    decoded = ProtobufCodec(WineRecord).decode(values)
    assert decoded.columns.arrays["dataType"].tolist() == [names[row % 4] for row in range(MANY)]


@pytest.mark.parametrize("width", [1, 7, 8, 9, 63, 64, 65])
@pytest.mark.parametrize("different", [2, 40, 300])
def test_texts_of_any_width_and_number(width: int, different: int) -> None:
    names = [f"{number:03}".rjust(width, "w")[-width:] for number in range(different)]
    values: list[bytes | None] = [some_wine(row, names[row % different]) for row in range(600)]
    assert not left_over(values)
    found = ProtobufCodec(WineRecord).decode(values)
    assert found.columns.arrays["dataType"].tolist() == [names[row % different] for row in range(600)]


def test_texts_with_the_same_sum_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strided, "_FACTORS", np.ones(8, np.uint64))  # words in another order have the same sum then
    names = ["aaaaaaaabbbbbbbb", "bbbbbbbbaaaaaaaa"]
    values: list[bytes | None] = [some_wine(row, names[row % 2]) for row in range(200)]
    found = ProtobufCodec(WineRecord).decode(values)
    assert found.columns.arrays["dataType"].tolist() == names * 100


def test_one_that_is_broken_costs_the_others_nothing() -> None:
    good: list[bytes | None] = [some_wine(row) for row in range(MANY)]
    length = len(some_wine(0))
    shifted = some_wine(0)[1:] + b"\x00"
    odd = [
        None,
        b"\xff" * length,
        shifted,
        some_wine(0)[:-5] + b"\x04\xff\xfe\xfd\xfc",
        double(3, 1.0) * 11 + text(12, "wine"),
    ]
    odd_rows = [0, 7, 30, 50, MANY]
    values = list(good)
    for row, value in zip(odd_rows, odd, strict=True):
        values.insert(row, value)
    assert left_over(values) == odd_rows
    decoded = ProtobufCodec(WineRecord).decode(values)
    assert [(failure.row, failure.cause) for failure in decoded.failures] == [
        (0, Cause.NULL_VALUE),
        (7, Cause.UNDECODABLE),
        (30, Cause.UNDECODABLE),
        (50, Cause.UNDECODABLE),
    ]
    assert decoded.columns.arrays["alcohol"].tolist() == [
        *(row + 11 / 16 for row in range(MANY - 4)),
        0.0,
        *(row + 11 / 16 for row in range(MANY - 4, MANY)),
    ]


@pytest.mark.parametrize("tail", [text(20, "new"), struct.pack("<BB", 0xA0, 0x01) + b"\x05"])
def test_records_with_fields_of_a_later_version_are_left_to_the_library(tail: bytes) -> None:
    values: list[bytes | None] = [some_wine(row) + tail for row in range(MANY)]
    assert left_over(values) == list(range(MANY))
    assert ProtobufCodec(WineRecord).decode(values).failures == ()


def test_records_longer_than_a_part_of_a_batch_are_read_in_parts() -> None:
    long = "w" * 30_000
    values: list[bytes | None] = [some_wine(row, long) for row in range(MANY)]
    assert left_over(values) == []
    decoded = ProtobufCodec(WineRecord).decode(values)
    assert decoded.columns.arrays["alcohol"].tolist() == [row + 11 / 16 for row in range(MANY)]


def test_texts_that_are_one_in_each_length_are_not_one_in_all() -> None:
    values: list[bytes | None] = [some_wine(row, ["wine", "water"][row % 2]) for row in range(MANY)]
    assert left_over(values) == []
    decoded = ProtobufCodec(WineRecord).decode(values)
    assert decoded.columns.arrays["dataType"].tolist() == ["wine", "water"] * (MANY // 2)


def test_integers_of_32_bits_take_the_lower_bits_of_longer_ones(descriptor_set: Path) -> None:
    message = find_message("plant.Sensor", str(descriptor_set))
    wide = [2**40 + 7, 2**40 + 2**32 - 1, 2**41 - 1, 2**40]  # small is uint32, delta sint32, mode an enum
    values: list[bytes | None] = [
        integer(10, wide[row % 4]) + integer(11, wide[row % 4]) + integer(8, wide[row % 4]) for row in range(MANY)
    ]
    records = [message.FromString(value) for value in values if value is not None]
    codec = ProtobufCodec(message)
    assert_same(codec.decode(values), MessageReader(message, scalar_fields(message)).decode(values))
    arrays = codec.decode(values).columns.arrays
    assert arrays["small"].tolist() == list(map(attrgetter("small"), records))
    assert arrays["delta"].tolist() == list(map(attrgetter("delta"), records))
    assert arrays["mode"].tolist() == [7, -1, -1, "OFF"] * (MANY // 4)
