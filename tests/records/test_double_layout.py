"""Rows that are laid out at once have the bytes that the protobuf library writes for each of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore_cli.core.columns import Columns
from streamscore_cli.records.double_layout import lay_out
from streamscore_cli.records.message_type import scalar_fields
from streamscore_cli.records.pb.wine_record_pb2 import WineRecord
from streamscore_cli.records.protobuf import ProtobufCodec
from tests.records.wire import WINE_FIELDS

FIELDS = {field.name: field for field in scalar_fields(WineRecord)}
DOUBLES = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, math.nan, math.inf, 5e-324]))


def texts(*values: object) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def columns_of(rows: list[list[float]], data_type: str) -> Columns:
    matrix = np.array(rows, dtype=np.float64).reshape(len(rows), len(WINE_FIELDS))
    arrays = {name: matrix[:, place] for place, name in enumerate(WINE_FIELDS)}
    return Columns(len(rows), {**arrays, "dataType": texts(*[data_type] * len(rows))})


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(DOUBLES, min_size=len(WINE_FIELDS), max_size=len(WINE_FIELDS)), min_size=1, max_size=12),
    data_type=st.sampled_from(["wine", "", "vin blanc \u00e9", "w" * 200]),
)
def test_the_bytes_are_those_of_the_library(rows: list[list[float]], data_type: str) -> None:
    rows = rows * 50
    encoded = ProtobufCodec(WineRecord).encode(columns_of(rows, data_type))
    expected = [
        WineRecord(**dict(zip(WINE_FIELDS, row, strict=True)), dataType=data_type).SerializeToString() for row in rows
    ]
    assert encoded == expected


def test_only_rows_without_a_zero_are_laid_out() -> None:
    ones = [1.0] * len(WINE_FIELDS)
    laid_out = lay_out(columns_of([ones, [0.0, *ones[1:]], [-0.0, *ones[1:]], ones], "wine"), list(FIELDS.values()))
    assert laid_out is not None
    assert laid_out.regular.tolist() == [True, False, False, True]
    assert len(laid_out.values) == 2


def test_texts_that_differ_and_numbers_that_are_none_are_for_the_library() -> None:
    mixed = Columns(2, {"dataType": texts("wine", "beer")})
    assert lay_out(mixed, [FIELDS["dataType"]]) is None
    objects = Columns(2, {"alcohol": texts(1.0, None)})
    assert lay_out(objects, [FIELDS["alcohol"]]) is None
