"""Columns as arrays for graphs of tensors: what is copied, and which rows do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns, all_rows
from streamscore_cli.core.failures import Cause
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.tensor_input import InputSpec


def spec(kind: FieldType, dtype: Any, sizes: tuple[int, ...] = (), *, takes_nan: bool = False) -> InputSpec:
    return InputSpec(Field("x", kind, int(np.prod(sizes))), np.dtype(dtype), sizes, takes_nan)


def reasons(item: InputSpec, column: Any) -> dict[int, tuple[Cause, str]]:
    failures = item.failures(Columns(len(column), {"x": column}))
    return {row: (failure.cause, failure.reason) for row, failure in failures.items()}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_of_the_graphs_own_type_are_not_copied(dtype: Any) -> None:
    matrix = np.arange(24, dtype=dtype).reshape(4, 6)
    fed = spec(FieldType.FLOAT, dtype, (2, 3)).feed(Columns(4, {"x": matrix}), all_rows(4))
    assert fed.shape == (4, 2, 3)
    assert np.shares_memory(fed, matrix)


def test_other_numbers_are_converted_and_rows_picked() -> None:
    matrix = np.array([[0.1, 1e300], [1.0, 2.0], [3.0, 4.0]])
    fed = spec(FieldType.FLOAT, np.float32, (2,)).feed(Columns(3, {"x": matrix}), np.array([0, 2]))
    assert fed.dtype == np.float32
    assert fed.tolist() == [[float(np.float32(0.1)), np.inf], [3.0, 4.0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_missing_number_of_a_row_is_named(dtype: Any) -> None:
    matrix = np.array([[1, np.nan, np.nan], [1, 2, 3], [np.nan, np.inf, -np.inf]], dtype)
    item = spec(FieldType.FLOAT, np.float32, (3,))
    assert reasons(item, matrix) == {
        0: (Cause.MISSING_INPUT, "input 'x', number 2, is missing"),
        2: (Cause.MISSING_INPUT, "input 'x', number 1, is missing"),
    }
    assert reasons(item, matrix[1:2]) == {}
    assert reasons(item, matrix[:0]) == {}
    assert reasons(spec(FieldType.FLOAT, np.float32, (3,), takes_nan=True), matrix) == {}


def test_whole_numbers_have_to_be_whole_and_within_their_type() -> None:
    column = np.array([1.0, 2.5, 128.0, -128.0, np.nan])
    assert reasons(spec(FieldType.INTEGER, np.int8, (1,), takes_nan=True), column) == {
        1: (Cause.INVALID_VALUE, "input 'x' has to be int8, not 2.5"),
        2: (Cause.INVALID_VALUE, "input 'x' has to be int8, not 128.0"),
        4: (Cause.MISSING_INPUT, "input 'x' is missing"),
    }


def test_texts_and_truths_have_to_be_there() -> None:
    words = np.array(["a", None, np.str_("b"), 3], dtype=object)
    assert reasons(spec(FieldType.STRING, object), words) == {
        1: (Cause.MISSING_INPUT, "input 'x' is missing"),
        3: (Cause.INVALID_VALUE, "input 'x' has to be string, not 3"),
    }
    truths = np.array([True, None, 1], dtype=object)
    assert list(reasons(spec(FieldType.BOOLEAN, bool), truths)) == [1, 2]


def test_rows_of_nothing_have_the_graphs_type() -> None:
    assert spec(FieldType.STRING, object, (1,)).blank(2).tolist() == [[""], [""]]
    assert spec(FieldType.FLOAT, np.float32, (2,)).blank(1).dtype == np.float32
