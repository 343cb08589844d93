"""Layouts are learnt from a record and told apart by tags, lengths and the ends of variable-length integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streamscore_cli.records.message_type import ScalarField, find_message, scalar_fields
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from streamscore_cli.records.wire_layout import Bytes, learn
from tests.records.wire import double, integer, tag, text

WINE = {field.number: field for field in scalar_fields(WineRecord)}


@pytest.fixture(scope="module")
def sensor(descriptor_set: Path) -> dict[int, ScalarField]:
    fields = scalar_fields(find_message("plant.Sensor", str(descriptor_set)))
    return {field.number: field for field in fields}


def matrix(*values: bytes) -> Bytes:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)


def test_values_are_behind_their_tags_and_lengths() -> None:
    layout = learn(double(1, 7.4) + text(12, "wine") + double(3, 1.0), WINE)
    assert layout is not None
    assert [(slot.field.name, slot.start, slot.end) for slot in layout.slots] == [
        ("fixed_acidity", 1, 9),
        ("dataType", 11, 15),
        ("citric_acid", 16, 24),
    ]


def test_only_records_with_the_same_tags_and_lengths_fit() -> None:
    layout = learn(double(1, 7.4) + text(12, "wine"), WINE)
    assert layout is not None
    others = [
        double(1, 0.0) + text(12, "beer"),
        double(2, 7.4) + text(12, "wine"),
        double(1, 7.4) + text(11, "wine"),
        double(1, 7.4) + text(12, "win") + b"e",
    ]
    assert layout.fits(matrix(*others)).tolist() == [True, False, False, False]
    assert layout.fits(matrix(others[0], others[0])).tolist() == [True, True]


def test_variable_length_integers_fit_by_where_they_end(sensor: dict[int, ScalarField]) -> None:
    layout = learn(integer(1, 300) + integer(4, 1), sensor)
    assert layout is not None
    assert layout.fits(matrix(integer(1, 16_000) + integer(4, 0), integer(1, 5) + integer(10, 300)[:3])).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    "value",
    [
        double(1, 7.4)[:-1],
        text(12, "wine")[:-1],
        double(1, 7.4) + b"\x80",
        double(1, 7.4) + double(13, 1.0),
        integer(1, 5),
        double(1, 7.4) + double(1, 7.4),
        tag(12, 2) + b"\x81\x00" + b"w",
        tag(12, 2) + b"\xff" * 9 + b"\x01",
        b"\x89\x00" + double(1, 7.4)[1:],
        b"\x00" * 9,
    ],
)
def test_what_is_broken_foreign_or_unusual_has_no_layout(value: bytes) -> None:
    assert learn(value, WINE) is None


def test_what_the_library_has_to_decide_has_no_layout(sensor: dict[int, ScalarField], descriptor_set: Path) -> None:
    legacy = {field.number: field for field in scalar_fields(find_message("Legacy", str(descriptor_set)))}
    assert learn(double(17, 1.0) + text(18, "r"), sensor) is None  # members of one oneof
    assert learn(text(16, "raw"), sensor) is None  # a field that is no column
    assert learn(integer(3, 2), legacy) is None  # an enum that is closed
    assert learn(integer(1, 2**64 - 1)[:-1] + b"\x81", sensor) is None  # an integer that does not end
