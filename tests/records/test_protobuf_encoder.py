"""Columns become protobuf records for publishers: missing values, types, and values that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.records.message_type import find_message
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from streamscore_cli.records.protobuf import ProtobufCodec
from tests.records.wire import double, integer, text


def column(*values: object) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def columns(**arrays: Any) -> Columns:
    return Columns(len(next(iter(arrays.values()))), arrays)


@pytest.fixture(scope="module")
def sensors(descriptor_set: Path) -> ProtobufCodec:
    return ProtobufCodec(find_message("plant.Sensor", str(descriptor_set)))


def test_missing_values_with_presence_are_absent(sensors: ProtobufCodec) -> None:
    rows = columns(
        heat=np.array([np.nan, 0.0]), note=column(None, ""), armed=column(None, False), wanted=column(None, "ON")
    )
    assert sensors.encode(rows) == [b"", double(2, 0.0) + integer(5, 0) + text(7, "") + integer(9, 1)]


def test_a_missing_number_without_presence_is_sent_as_nan_and_comes_back_missing() -> None:
    wines = ProtobufCodec(WineRecord)
    (value,) = wines.encode(columns(citric_acid=np.array([np.nan]), pH=np.array([0.0])))
    assert value == double(3, float("nan"))
    assert wines.encode(columns(citric_acid=column(None))) == [value]
    decoded = wines.decode([value]).columns.arrays
    assert np.isnan(decoded["citric_acid"][0])
    assert decoded["pH"][0] == 0.0


def test_values_of_every_type(sensors: ProtobufCodec) -> None:
    rows = columns(
        serial=np.array([-5.0]),
        load=np.array([1.5]),
        open=column(True),
        site=column("Süd"),
        mode=column("ON"),
        wanted=column(9),
        small=np.array([7], np.int64),
    )
    assert sensors.encode(rows) == [
        integer(1, 2**64 - 5)
        + bytes.fromhex("1d0000c03f")
        + integer(4, 1)
        + text(6, "Süd")
        + integer(8, 1)
        + integer(9, 9)
        + integer(10, 7)
    ]


def test_columns_that_the_message_does_not_have_are_left_out(sensors: ProtobufCodec) -> None:
    assert sensors.encode(columns(quality=np.array([5.0, 6.0]))) == [b"", b""]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("heat", "hot", "not a number"),
        ("heat", True, "not a number"),
        ("serial", 1.5, "not an integer"),
        ("serial", 2.0**63, "not between"),
        ("serial", float("inf"), "not an integer"),
        ("small", -1.0, "not between 0 and 4294967295"),
        ("load", 1e39, "32 bits"),
        ("open", 1.0, "not true or false"),
        ("site", 5.0, "not text"),
        ("site", "\ud800", "UTF-8 can hold"),
        ("mode", "SIDEWAYS", "not one of OFF, ON"),
    ],
)
def test_a_value_that_does_not_fit_is_named_by_row_and_column(
    sensors: ProtobufCodec, name: str, value: object, wanted: str
) -> None:
    with pytest.raises(RowUnreadable, match=wanted) as raised:
        sensors.encode(columns(**{name: column(None, value)}))
    assert (raised.value.line, raised.value.column) == (2, name)
    assert str(raised.value).startswith(f"row 2, column {name}: ")


def test_a_required_field_that_is_missing_is_named(descriptor_set: Path) -> None:
    legacy = ProtobufCodec(find_message("Legacy", str(descriptor_set)))
    with pytest.raises(RowUnreadable, match=r"row 1 cannot be encoded.*required.*x"):
        legacy.encode(columns(name=column("a")))
