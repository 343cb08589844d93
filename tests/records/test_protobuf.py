"""Protobuf records become columns: what is missing, what is a default, and what fails alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.records.message_type import find_message
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from streamscore_cli.records.protobuf import ProtobufCodec
from tests.records.wire import WINE_FIELDS, double, integer, is_nan, text, wine

WINES = ProtobufCodec(WineRecord)


@pytest.fixture(scope="module")
def sensors(descriptor_set: Path) -> ProtobufCodec:
    return ProtobufCodec(find_message("plant.Sensor", str(descriptor_set)))


@pytest.fixture(scope="module")
def legacy(descriptor_set: Path) -> ProtobufCodec:
    return ProtobufCodec(find_message("Legacy", str(descriptor_set)))


def test_the_original_bytes_of_the_first_wine() -> None:
    golden = bytes.fromhex(
        "099a99999999991d40"  # 1 fixed_acidity 7.4
        "11666666666666e63f"  # 2 volatile_acidity 0.7; 3 citric_acid is 0 and absent
        "21666666666666fe3f"  # 4 residual_sugar 1.9
        "29dbf97e6abc74b33f"  # 5 chlorides 0.076
        "620477696e65"  # 12 dataType "wine"
    )
    columns = WINES.decode([golden]).columns
    row = {name: array[0] for name, array in columns.arrays.items()}
    assert row["fixed_acidity"] == 7.4
    assert row["volatile_acidity"] == 0.7
    assert row["citric_acid"] == 0.0
    assert row["residual_sugar"] == 1.9
    assert row["chlorides"] == 0.076
    assert row["alcohol"] == 0.0
    assert row["dataType"] == "wine"
    assert columns.names == (*WINE_FIELDS, "dataType")
    assert columns.ordered


def test_all_wines_and_the_132_without_citric_acid(wines: list[list[float]]) -> None:
    decoded = WINES.decode([wine(values) for values in wines])
    assert decoded.failures == ()
    assert decoded.rows.tolist() == list(range(1599))
    matrix = np.column_stack([decoded.columns.arrays[name] for name in WINE_FIELDS])
    assert matrix.dtype == np.float64
    assert np.array_equal(matrix, np.array(wines))
    assert (decoded.columns.arrays["citric_acid"] == 0).sum() == 132
    assert set(decoded.columns.arrays["dataType"]) == {"wine"}


def test_encoding_gives_the_original_bytes(wines: list[list[float]]) -> None:
    original = [wine(values) for values in wines]
    assert WINES.encode(WINES.decode(original).columns) == original


@pytest.mark.parametrize(
    ("value", "cause", "reason"),
    [
        (None, Cause.NULL_VALUE, "no value"),
        (b"\xff", Cause.UNDECODABLE, "1 bytes are not a streamscore.WineRecord"),
        (double(1, 7.4)[:-1], Cause.UNDECODABLE, "8 bytes are not"),
        (b'{"fixed acidity": 7.4}', Cause.UNDECODABLE, "22 bytes are not"),
        (text(12, b"\xff\xfe"), Cause.UNDECODABLE, "UTF-8"),
        (text(16, "a") + integer(17, 5), Cause.UNDECODABLE, "7 bytes hold no field of streamscore.WineRecord"),
        (double(1, 7.4) + integer(3, 5), Cause.WRONG_TYPE, "citric_acid (3) is VARINT on the wire where a double is"),
        (text(1, "seven"), Cause.WRONG_TYPE, "fixed_acidity (1) is LENGTH_DELIMITED"),
        (double(12, 1.0), Cause.WRONG_TYPE, "dataType (12) is FIXED64"),
    ],
)
def test_a_bad_row_fails_alone(value: bytes | None, cause: Cause, reason: str) -> None:
    good = wine([float(number) for number in range(1, 12)])
    decoded = WINES.decode([good, value, good])
    (failure,) = decoded.failures
    assert (failure.row, failure.stage, failure.cause) == (1, Stage.DECODE, cause)
    assert reason in failure.reason
    assert decoded.rows.tolist() == [0, 2]
    assert decoded.columns.length == 2
    assert decoded.columns.arrays["alcohol"].tolist() == [11.0, 11.0]


def test_no_bytes_are_a_record_of_defaults() -> None:
    decoded = WINES.decode([b""])
    assert decoded.failures == ()
    assert [array[0] for array in decoded.columns.arrays.values()] == [0.0] * 11 + [""]


def test_zeros_that_are_written_out_are_a_record() -> None:
    assert WINES.decode([double(1, 0.0)]).failures == ()


def test_fields_of_a_later_version_are_passed_by() -> None:
    decoded = WINES.decode([double(1, 7.4) + text(20, "new")])
    assert decoded.failures == ()
    assert decoded.columns.arrays["fixed_acidity"].tolist() == [7.4]


def test_an_empty_batch_and_a_batch_without_a_good_row_have_all_columns() -> None:
    for values in ([], [None, b"\xff"]):
        decoded = WINES.decode(values)
        assert decoded.columns.length == 0
        assert decoded.columns.names == (*WINE_FIELDS, "dataType")
        assert len(decoded.failures) == len(values)


def test_absent_fields_are_missing_with_presence_and_default_without(sensors: ProtobufCodec) -> None:
    (row,) = rows_of(sensors, [b""])
    assert is_nan(row.pop("heat"))
    assert is_nan(row.pop("left"))
    assert row == {
        "serial": 0.0,
        "load": 0.0,
        "open": False,
        "armed": None,
        "site": "",
        "note": None,
        "mode": "OFF",
        "wanted": None,
        "small": 0.0,
        "delta": 0.0,
        "code": 0.0,
        "right": None,
    }


def test_present_fields_of_every_type(sensors: ProtobufCodec) -> None:
    value = (
        integer(1, 2**63)  # the lowest int64
        + double(2, 0.0)
        + bytes.fromhex("1d0000c03f")  # load 1.5
        + integer(4, 1)
        + integer(5, 0)
        + text(6, "Süd")
        + text(7, "")
        + integer(8, 1)
        + integer(9, 9)  # no name for it
        + integer(10, 2**32 - 1)
        + integer(11, 3)  # zigzag -2
        + bytes.fromhex("6507000000")  # code 7
        + text(13, double(1, 1.0))
        + double(14, 3.0)
        + text(16, b"\xff")
        + text(18, "r")
    )
    (row,) = rows_of(sensors, [value])
    assert is_nan(row.pop("left"))
    assert row == {
        "serial": -(2.0**63),
        "heat": 0.0,
        "load": 1.5,
        "open": True,
        "armed": False,
        "site": "Süd",
        "note": "",
        "mode": "ON",
        "wanted": 9,
        "small": 2.0**32 - 1,
        "delta": -2.0,
        "code": 7.0,
        "right": "r",
    }


def test_numbers_are_float64_columns_and_others_object(sensors: ProtobufCodec) -> None:
    columns = sensors.decode([b""]).columns
    assert {name for name, array in columns.arrays.items() if array.dtype == np.float64} == {
        *("serial", "heat", "load", "small", "delta", "code", "left")
    }
    assert {array.dtype for array in columns.arrays.values()} == {np.dtype(np.float64), np.dtype(object)}


def test_proto2_text_that_is_not_utf8_and_unknown_enum_values_fail_alone(legacy: ProtobufCodec) -> None:
    good = double(1, 1.0) + text(2, "a") + integer(3, 2)
    decoded = legacy.decode([good, double(1, 1.0) + text(2, b"\xff"), good, double(1, 1.0) + integer(3, 77)])
    assert [(failure.row, failure.cause) for failure in decoded.failures] == [
        (1, Cause.UNDECODABLE),
        (3, Cause.WRONG_TYPE),
    ]
    assert "name is not UTF-8" in decoded.failures[0].reason
    assert "grade (3) has no value 77" in decoded.failures[1].reason
    assert decoded.rows.tolist() == [0, 2]
    assert decoded.columns.arrays["grade"].tolist() == ["HIGH", "HIGH"]


def test_proto2_defaults_do_not_hide_that_a_field_is_missing(legacy: ProtobufCodec) -> None:
    (row,) = rows_of(legacy, [double(1, 1.0)])
    assert is_nan(row["n"])


def rows_of(codec: ProtobufCodec, values: list[bytes | None]) -> list[dict[str, object]]:
    columns = codec.decode(values).columns
    return [{name: array[row] for name, array in columns.arrays.items()} for row in range(columns.length)]


numbers = st.floats(allow_nan=False)
good_wines = st.builds(
    wine, st.lists(st.one_of(numbers, st.just(0.0)), min_size=11, max_size=11), st.sampled_from(["wine", "", "Wein ü"])
)
mixed_batches = st.lists(st.one_of(good_wines, st.binary(max_size=40), st.none()), max_size=30)


def comparable(value: object) -> object:
    return "not a number" if is_nan(value) else value


@given(mixed_batches)
def test_a_batch_decodes_as_the_library_does_record_by_record(values: list[bytes | None]) -> None:
    decoded = WINES.decode(values)
    known = set(range(1, 13))
    wanted: list[tuple[int, list[object]]] = []
    for row, value in enumerate(values):
        try:
            message = WineRecord.FromString(value)  # type: ignore[arg-type]
        except (DecodeError, TypeError):
            continue
        unknown = UnknownFieldSet(message)
        foreign = {unknown[at].field_number for at in range(len(unknown))}
        if foreign & known or (foreign and not message.ListFields()):
            continue
        wanted.append((row, [comparable(getattr(message, name)) for name in (*WINE_FIELDS, "dataType")]))
    arrays = decoded.columns.arrays.values()
    found = [(row, [comparable(array[at]) for array in arrays]) for at, row in enumerate(decoded.rows.tolist())]
    assert found == wanted
    failed = {failure.row for failure in decoded.failures}
    assert failed == set(range(len(values))) - {row for row, _ in wanted}
    assert len(failed) == len(decoded.failures)
