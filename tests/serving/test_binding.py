from __future__ import annotations

import numpy as np
import pytest

from streamscore_cli.core.columns import Column, Columns
from streamscore_cli.core.errors import SignatureMismatch
from streamscore_cli.core.failures import Cause
from streamscore_cli.core.signature import Field, FieldType, Signature
from streamscore_cli.serving.binding import Names, bind, check_fits


def objects(*values: object) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def signature(*fields: Field) -> Signature:
    return Signature(tuple(fields))


ACIDITY = Field("fixed acidity", FieldType.DOUBLE)


@pytest.mark.parametrize("name", ["fixed acidity", "fixed_acidity"])
def test_a_field_is_found_by_its_name_or_the_rule_of_spaces_and_underscores(name: str) -> None:
    bound = bind(Columns(2, {name: np.array([1.0, 2.0])}), signature(ACIDITY), {})
    assert bound.columns.arrays["fixed acidity"].tolist() == [1.0, 2.0]


def test_an_exact_name_wins_over_the_rule_and_the_map() -> None:
    columns = Columns(1, {"fixed_acidity": np.array([1.0]), "fixed acidity": np.array([2.0]), "other": np.array([3.0])})
    bound = bind(columns, signature(ACIDITY), {"fixed acidity": "other"})
    assert bound.columns.arrays["fixed acidity"].tolist() == [2.0]


def test_the_map_names_the_field_where_nothing_else_does() -> None:
    bound = bind(Columns(1, {"fa": np.array([3.0])}), signature(ACIDITY), {"fixed acidity": "fa"})
    assert bound.columns.arrays["fixed acidity"].tolist() == [3.0]


def test_a_field_the_records_lack_is_missing_in_every_row() -> None:
    inputs = signature(ACIDITY, Field("c", FieldType.STRING), Field("x", FieldType.DOUBLE))
    bound = bind(Columns(2, {"x": np.zeros(2)}), inputs, {})
    assert np.isnan(bound.columns.arrays["fixed acidity"]).all()
    assert bound.columns.arrays["c"].tolist() == [None, None]
    assert not bound.failures


def test_a_wrong_type_fails_its_row_alone_and_names_field_and_value() -> None:
    columns = Columns(4, {"fixed_acidity": objects(1.5, "much", None, True)})
    bound = bind(columns, signature(ACIDITY), {})
    assert bound.rows.tolist() == [0, 2]
    assert np.array_equal(bound.columns.arrays["fixed acidity"], [1.5, np.nan], equal_nan=True)
    assert [(failure.row, failure.cause) for failure in bound.failures] == [
        (1, Cause.WRONG_TYPE),
        (3, Cause.WRONG_TYPE),
    ]
    assert "'fixed_acidity'" in bound.failures[0].reason
    assert "'much'" in bound.failures[0].reason


def test_a_row_with_two_wrong_values_fails_once() -> None:
    columns = Columns(1, {"a": objects("x"), "b": objects("y")})
    bound = bind(columns, signature(Field("a", FieldType.DOUBLE), Field("b", FieldType.INTEGER)), {})
    assert [failure.reason[:9] for failure in bound.failures] == ["field 'a'"]


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (2.5, "2.5"), (np.nan, None), ("x", "x"), (True, "true"), (np.inf, "inf")]
)
def test_numbers_become_their_shortest_text_where_text_is_wanted(value: object, text: str | None) -> None:
    bound = bind(Columns(1, {"c": objects(value)}), signature(Field("c", FieldType.STRING)), {})
    assert bound.columns.arrays["c"].tolist() == [text]


@pytest.mark.parametrize(("value", "answer"), [(1.0, True), (0.0, False), ("true", True), (False, False), (None, None)])
def test_booleans_come_as_themselves_as_0_and_1_or_as_text(value: object, answer: object) -> None:
    bound = bind(Columns(1, {"c": objects(value)}), signature(Field("c", FieldType.BOOLEAN)), {})
    assert bound.columns.arrays["c"].tolist() == [answer]


TENSOR = Field("dense_1_input", FieldType.FLOAT, width=2)


def test_a_tensor_takes_the_fields_by_position_when_their_order_is_declared() -> None:
    columns = Columns(2, {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])})
    assert bind(columns, signature(TENSOR), {}).columns.arrays["dense_1_input"].tolist() == [[1.0, 3.0], [2.0, 4.0]]


def test_a_tensor_takes_the_fields_that_the_map_lists() -> None:
    columns = Columns(1, {"a": np.array([1.0]), "b": np.array([2.0]), "c": np.array([3.0])}, ordered=False)
    bound = bind(columns, signature(TENSOR), {"dense_1_input": ("c", "a")})
    assert bound.columns.arrays["dense_1_input"].tolist() == [[3.0, 1.0]]


def test_text_in_a_tensors_field_fails_that_row_alone() -> None:
    columns = Columns(2, {"a": objects(1.0, "x"), "b": np.array([3.0, 4.0])})
    bound = bind(columns, signature(TENSOR), {})
    assert bound.columns.arrays["dense_1_input"].tolist() == [[1.0, 3.0]]
    assert [failure.row for failure in bound.failures] == [1]


@pytest.mark.parametrize(
    "columns",
    [
        Columns(1, {"a": np.zeros(1), "b": np.zeros(1)}, ordered=False),
        Columns(1, {"a": np.zeros(1), "b": np.zeros(1), "c": np.zeros(1)}),
    ],
    ids=["order by chance", "too many fields"],
)
def test_a_tensor_never_guesses_its_fields(columns: Columns) -> None:
    with pytest.raises(SignatureMismatch, match=r"dense_1_input.*takes 2 numbers"):
        bind(columns, signature(TENSOR), {})


IMAGE = Field("image", FieldType.FLOAT, width=3)
MASK = Field("mask", FieldType.FLOAT, width=3)
POINT = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def taken(columns: Columns, names: Names, *inputs: Field) -> dict[str, list[list[float]]]:
    bound = bind(columns, signature(*inputs), names).columns
    return {name: array.tolist() for name, array in bound.arrays.items()}


def test_a_tensor_takes_the_vector_of_its_name() -> None:
    columns = Columns(2, {"mask": POINT, "image": -POINT}, ordered=False)
    assert taken(columns, {}, IMAGE, MASK) == {"image": (-POINT).tolist(), "mask": POINT.tolist()}


def test_a_vector_is_passed_on_without_a_copy() -> None:
    assert bind(Columns(2, {"image": POINT}), signature(IMAGE), {}).columns.arrays["image"] is POINT


def test_the_only_tensor_takes_the_only_vector_of_its_width() -> None:
    columns = Columns(2, {"time": np.zeros(2), "point": POINT, "other": np.zeros((2, 4))}, ordered=False)
    assert taken(columns, {}, IMAGE) == {"image": POINT.tolist()}


def test_the_map_names_vectors_and_fields_that_make_a_tensor() -> None:
    columns = Columns(2, {"a": np.array([7.0, 8.0]), "b": POINT[:, :2], "point": POINT}, ordered=False)
    assert taken(columns, {"image": "point", "mask": ("b", "a")}, IMAGE, MASK) == {
        "image": POINT.tolist(),
        "mask": [[1, 2, 7], [4, 5, 8]],
    }


@pytest.mark.parametrize(
    ("arrays", "inputs"),
    [
        ({"a": POINT, "b": POINT}, (IMAGE,)),
        ({"a": POINT}, (IMAGE, MASK)),
        ({"a": POINT[:, :2]}, (IMAGE,)),
        ({"a": POINT, "x": np.zeros(2), "y": np.zeros(2), "z": np.zeros(2)}, (IMAGE,)),
        ({"a": POINT[:, :2], "x": np.zeros(2)}, (IMAGE,)),
    ],
    ids=["two vectors", "two tensors", "another width", "three fields besides", "fields and vectors by position"],
)
def test_a_tensor_never_guesses_its_vector(arrays: dict[str, Column], inputs: tuple[Field, ...]) -> None:
    with pytest.raises(
        SignatureMismatch, match=r"'image' takes 3 numbers by position; the records have a \(\d numbers"
    ):
        bind(Columns(2, arrays), signature(*inputs), {})


def test_a_vector_of_another_width_than_its_tensor_says_so() -> None:
    with pytest.raises(SignatureMismatch, match="'image' takes 3 numbers, but 2 are in point"):
        bind(Columns(2, {"point": POINT[:, :2]}), signature(IMAGE), {"image": "point"})


def test_a_vector_is_no_single_number() -> None:
    columns = Columns(2, {"x": POINT, "y": np.zeros(2)})
    bound = bind(columns, signature(Field("x", FieldType.DOUBLE), Field("y", FieldType.DOUBLE)), {})
    assert np.isnan(bound.columns.arrays["x"]).all()


def test_check_fits_takes_declared_vectors() -> None:
    fields = (Field("point", FieldType.DOUBLE, width=3),)
    check_fits(signature(IMAGE), fields, {})
    with pytest.raises(SignatureMismatch, match=r"the records have point \(3 numbers\)"):
        check_fits(signature(TENSOR), fields, {})


def test_check_fits_names_every_input_that_the_records_can_never_give() -> None:
    fields = (Field("alcohol", FieldType.DOUBLE),)
    check_fits(signature(Field("alcohol", FieldType.DOUBLE)), fields, {})
    with pytest.raises(SignatureMismatch, match=r"'fixed acidity'.*they have alcohol"):
        check_fits(signature(ACIDITY), fields, {})


def test_records_with_none_of_the_inputs_are_no_missing_values_but_the_wrong_records() -> None:
    with pytest.raises(SignatureMismatch, match=r"none of the model's inputs \(fixed acidity\).*they have a, b"):
        bind(Columns(1, {"a": np.zeros(1), "b": np.zeros(1)}), signature(ACIDITY), {})
