"""JSON records become columns: types by value, missing keys, and what fails alone."""

from __future__ import annotations

import json
import math

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.records.json_codec import JsonCodec
from tests.records.wire import WINE_FIELDS, is_nan


def decoded_rows(codec: JsonCodec, *values: bytes | None) -> list[dict[str, object]]:
    columns = codec.decode(values).columns
    return [{name: array[row] for name, array in columns.arrays.items()} for row in range(columns.length)]


def test_the_wines_come_as_numbers_and_text(wines: list[list[float]]) -> None:
    values = [json.dumps({**dict(zip(WINE_FIELDS, row, strict=True)), "dataType": "wine"}).encode() for row in wines]
    decoded = JsonCodec().decode(values)
    assert decoded.failures == ()
    assert decoded.columns.names == (*WINE_FIELDS, "dataType")
    assert np.array_equal(np.column_stack([decoded.columns.arrays[name] for name in WINE_FIELDS]), np.array(wines))
    assert set(decoded.columns.arrays["dataType"]) == {"wine"}
    assert not decoded.columns.ordered


def test_absent_and_null_are_missing() -> None:
    columns = JsonCodec().decode([b'{"a": 1, "b": "x"}', b'{"a": null}', b'{"b": null, "c": true}']).columns
    assert columns.names == ("a", "b", "c")
    assert columns.arrays["a"].dtype == np.float64
    assert columns.arrays["a"][0] == 1.0
    assert np.isnan(columns.arrays["a"][1:]).all()
    assert columns.arrays["b"].tolist() == ["x", None, None]
    assert columns.arrays["c"].tolist() == [None, None, True]


def test_numbers_beside_text_stay_what_they_are() -> None:
    column = JsonCodec().decode([b'{"a": 1}', b'{"a": "1"}', b'{"a": true}', b'{"a": 1.5}']).columns.arrays["a"]
    assert [(type(value), value) for value in column] == [(int, 1), (str, "1"), (bool, True), (float, 1.5)]


def test_a_column_of_nulls_alone_is_object_and_all_missing() -> None:
    column = JsonCodec().decode([b'{"a": null}', b'{"a": null}']).columns.arrays["a"]
    assert column.dtype == object
    assert column.tolist() == [None, None]


def test_the_last_of_duplicate_keys_counts() -> None:
    assert decoded_rows(JsonCodec(), b'{"a": 1, "a": 2}') == [{"a": 2.0}]


def test_integers_beyond_2_53_become_the_nearest_float() -> None:
    assert decoded_rows(JsonCodec(), b'{"a": 9007199254740993}') == [{"a": 9007199254740992.0}]


@pytest.mark.parametrize(
    ("value", "cause", "reason"),
    [
        (None, Cause.NULL_VALUE, "no value"),
        (b"", Cause.UNDECODABLE, "0 bytes are not JSON"),
        (b'{"a": 1', Cause.UNDECODABLE, "7 bytes are not JSON"),
        (b'{"a": NaN}', Cause.UNDECODABLE, "not JSON"),
        (b'{"a": Infinity}', Cause.UNDECODABLE, "not JSON"),
        (b'{"a": 1e999}', Cause.UNDECODABLE, "not JSON"),
        (b'{"a": "\xff"}', Cause.UNDECODABLE, "not JSON"),
        (b"[" * 5000, Cause.UNDECODABLE, "not JSON"),
        (b"[1, 2]", Cause.UNDECODABLE, "the value is a JSON array, not an object"),
        (b"5", Cause.UNDECODABLE, "the value is a JSON number, not an object"),
        (b"null", Cause.UNDECODABLE, "the value is a JSON null, not an object"),
        (b'{"a": 1}{"a": 2}', Cause.UNDECODABLE, "not JSON"),
        (b'{"a": {"x": 1}}', Cause.WRONG_TYPE, "field a is a JSON object, not a single value"),
        (b'{"b": [1]}', Cause.WRONG_TYPE, "field b is a JSON array, not a single value"),
    ],
)
def test_a_bad_row_fails_alone(value: bytes | None, cause: Cause, reason: str) -> None:
    decoded = JsonCodec().decode([b'{"a": 1}', value, b'{"a": 3}'])
    (failure,) = decoded.failures
    assert (failure.row, failure.stage, failure.cause) == (1, Stage.DECODE, cause)
    assert reason in failure.reason
    assert decoded.rows.tolist() == [0, 2]
    assert decoded.columns.arrays["a"].tolist() == [1.0, 3.0]


def test_failures_of_different_kinds_come_in_the_order_of_the_rows() -> None:
    decoded = JsonCodec().decode([b'{"a": []}', None, b'{"a": 1}', b'{"a": {}}', b"{"])
    assert [failure.row for failure in decoded.failures] == [0, 1, 3, 4]
    assert decoded.rows.tolist() == [2]


def test_declared_fields_come_in_their_order_and_nothing_else_but_the_data_type() -> None:
    codec = JsonCodec(("b", "a", "never"))
    assert codec.fields == (Field("b", FieldType.ANY), Field("a", FieldType.ANY), Field("never", FieldType.ANY))
    columns = codec.decode([b'{"a": 1, "junk": [1], "b": 2, "dataType": "wine"}']).columns
    assert columns.names == ("b", "a", "never", "dataType")
    assert columns.ordered
    assert columns.arrays["never"].tolist() == [None]
    assert codec.decode([b'{"a": 1}']).columns.names == ("b", "a", "never")


def test_a_nested_value_in_a_declared_field_fails() -> None:
    assert JsonCodec(("a",)).decode([b'{"a": [1]}']).failures[0].cause is Cause.WRONG_TYPE


def test_without_declared_fields_there_are_none() -> None:
    assert JsonCodec().fields is None


def test_an_empty_batch_and_one_without_good_rows() -> None:
    assert JsonCodec().decode([]).columns.names == ()
    assert JsonCodec(("a",)).decode([None]).columns.names == ("a",)
    assert JsonCodec().decode([b"{}"]).columns.length == 1


def test_encoding_and_decoding_gives_the_same_rows() -> None:
    text = np.empty(2, object)
    text[:] = ["ü", None]
    columns = Columns(2, {"x": np.array([1.5, np.nan]), "t": text})
    assert JsonCodec().encode(columns) == ['{"x":1.5,"t":"ü"}'.encode(), b'{"x":null,"t":null}']
    assert JsonCodec().encode(Columns(2, {})) == [b"{}", b"{}"]


@pytest.mark.parametrize("value", [math.inf, -math.inf, "\ud800", 2**70])
def test_a_value_that_json_does_not_have_is_named_by_row_and_column(value: object) -> None:
    column = np.empty(2, object)
    column[:] = [1.0, value]
    with pytest.raises(RowUnreadable) as raised:
        JsonCodec().encode(Columns(2, {"ok": np.zeros(2), "x": column}))
    assert (raised.value.line, raised.value.column) == (2, "x")


def test_an_infinite_number_is_not_sent_as_null() -> None:
    with pytest.raises(RowUnreadable, match="row 2, column x: inf"):
        JsonCodec().encode(Columns(2, {"x": np.array([0.0, math.inf])}))


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
objects = st.dictionaries(st.sampled_from(["a", "b", "c", "dataType"]), scalars, max_size=4)
values = st.one_of(objects.map(orjson.dumps), st.binary(max_size=12), st.none(), st.sampled_from([b'{"a":[]}', b"[]"]))


@given(st.lists(values, max_size=20))
def test_a_batch_decodes_as_the_standard_library_does_record_by_record(batch: list[bytes | None]) -> None:
    """Python's own json is the judge, told to refuse what is not JSON."""
    wanted: dict[int, dict[str, object]] = {}
    for row, value in enumerate(batch):
        found = reference(value)
        if isinstance(found, dict) and not any(isinstance(item, list | dict) for item in found.values()):
            wanted[row] = found
    decoded = JsonCodec().decode(batch)
    assert decoded.rows.tolist() == list(wanted)
    assert {failure.row for failure in decoded.failures} == set(range(len(batch))) - set(wanted)
    for name, column in decoded.columns.arrays.items():
        assert [comparable(value) for value in column] == [comparable(item.get(name)) for item in wanted.values()]
    assert set(decoded.columns.names) == {name for item in wanted.values() for name in item}


def reference(value: bytes | None) -> object:
    def refuse(constant: str) -> object:
        raise ValueError(constant)

    try:
        return json.loads((value or b"").decode(), parse_constant=refuse)
    except ValueError:
        return None


def comparable(value: object) -> tuple[str, object]:
    """Tell text, bools and numbers apart, and nothing else: 1 and 1.0 are one number, NaN is missing."""
    if value is None or is_nan(value):
        return "missing", None
    kind = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return kind, value
