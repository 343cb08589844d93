"""Vectors in JSON records: what is cut out of the bytes is what a parser finds, and a bad record fails alone."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import RowUnreadable
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.records.json_codec import JsonCodec
from streamscore_cli.records.json_vectors import JsonVectors
from streamscore_cli.records.number_lists import Matrix, NumberLists, read_flat_with_orjson

WIDTH = 784


def vector(codec: JsonCodec, *values: bytes | None, name: str = "v") -> list[list[float]]:
    found: list[list[float]] = codec.decode(values).columns.arrays[name].tolist()
    return found


def two(**fields: str) -> JsonCodec:
    return JsonCodec(tuple(fields), vectors={"v": 2})


def crayfish(numbers: list[float], *, as_text: bool) -> bytes:
    head = {"creationTimestamp": 1_700_000_000_000, "dataPointSz1": 1, "dataPointSz2": len(numbers)}
    point: object = "".join(f"{number!r}," for number in numbers) if as_text else numbers
    return json.dumps({**head, "dataPoint": point, "prediction": None}, separators=(",", ":")).encode()


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "array"])
def test_the_payload_of_crayfish(*, as_text: bool) -> None:
    points = np.random.default_rng(1).random((40, WIDTH)).astype(np.float32).astype(np.float64)
    codec = JsonCodec(vectors={"dataPoint": WIDTH})
    assert codec.fields == (Field("dataPoint", FieldType.DOUBLE, WIDTH),)
    decoded = codec.decode([crayfish(row, as_text=as_text) for row in points.tolist()])
    assert decoded.columns.names == ("dataPoint",)
    assert decoded.columns.ordered
    assert not decoded.failures
    assert np.array_equal(decoded.columns.arrays["dataPoint"], points)


GOOD: list[tuple[str, list[float]]] = [
    ('{"v":"0.5,1"}', [0.5, 1]),
    ('{"v":"0.5,1,"}', [0.5, 1]),
    ('{"v": [0.5, 1]}', [0.5, 1]),
    ('{ "v" : " 0.5 , 1 , " }', [0.5, 1]),
    ('{"v":[\n 0.5,\n\t1\r\n]}', [0.5, 1]),
    ('{"v":"0.5,\\n1"}', [0.5, 1]),
    ('{"v":"\\u0030.5,1"}', [0.5, 1]),
    ('{"\\u0076":"0.5,1"}', [0.5, 1]),
    ('{"v":"1.,.5"}', [1, 0.5]),
    ('{"v":"9,9","v":[0.5,1]}', [0.5, 1]),
    ('{"v":[9,9],"v":"0.5,1"}', [0.5, 1]),
    ('{"x":{"v":"9,9"},"v":"0.5,1"}', [0.5, 1]),
    ('{"v":"0.5,1","x":{"v":[9,9]}}', [0.5, 1]),
    ('{"v":"0.5,1","x":"\\"v\\":[9,9]"}', [0.5, 1]),
    ('{"a\\"v":"9,9","v":"0.5,1"}', [0.5, 1]),
    ('{"x":["v",{"v":1}],"v":"0.5,1"}', [0.5, 1]),
    ('{"v":[9007199254740993,1e-400]}', [9007199254740992, 0]),
    ('{"v":[123456789012345678901234567890,-0]}', [123456789012345678901234567890.0, 0]),
]


@pytest.mark.parametrize(("text", "numbers"), GOOD, ids=[text for text, _ in GOOD])
def test_a_vector_is_found_where_json_has_it(text: str, numbers: list[float]) -> None:
    beside = b'{"v":"3,4,"}'
    assert vector(two(), beside, text.encode(), beside) == [[3, 4], numbers, [3, 4]]
    assert vector(two(), text.encode()) == [numbers]


BAD = [
    ('{"v":"1"}', Cause.WRONG_TYPE, "field v holds 1 numbers, must hold 2"),
    ('{"v":[1,2,3]}', Cause.WRONG_TYPE, "field v holds 3 numbers, must hold 2"),
    ('{"v":[[1,2]]}', Cause.WRONG_TYPE, "field v has [1,2] as number 1"),
    ('{"v":[1,null]}', Cause.WRONG_TYPE, "field v has null as number 2"),
    ('{"v":"1,NaN"}', Cause.WRONG_TYPE, 'field v has "NaN" as number 2'),
    ('{"v":"1,1e400"}', Cause.WRONG_TYPE, 'field v has "1e400" as number 2'),
    ('{"v":true}', Cause.WRONG_TYPE, "field v is true, must be a list of 2 numbers"),
    ('{"v":null}', Cause.MISSING_INPUT, "field v is missing, must hold 2 numbers"),
    ('{"w":"1,2"}', Cause.MISSING_INPUT, "field v is missing, must hold 2 numbers"),
    ('{"x":{"v":"1,2"}}', Cause.MISSING_INPUT, "field v is missing, must hold 2 numbers"),
    ('{"v":"1,2","v":null}', Cause.MISSING_INPUT, "field v is missing, must hold 2 numbers"),
    ('{"v":"1,2","v":[]}', Cause.WRONG_TYPE, "field v holds 0 numbers, must hold 2"),
    ('{"v":"1,2,,"}', Cause.WRONG_TYPE, 'field v has "" as number 3'),
    ('{"v":"1,,"}', Cause.WRONG_TYPE, 'field v has "" as number 2'),
    ('{"v":","}', Cause.WRONG_TYPE, 'field v has "" as number 1'),
    ('{"v":""}', Cause.WRONG_TYPE, "field v holds 0 numbers, must hold 2"),
    ('{"v":[1,2,]}', Cause.UNDECODABLE, "12 bytes are not JSON"),
    ('{"v":[1,2, ]}', Cause.UNDECODABLE, "13 bytes are not JSON"),
    ('{"v":[1,1e400]}', Cause.UNDECODABLE, "15 bytes are not JSON"),
    ('{"v":"1,\n2"}', Cause.UNDECODABLE, "12 bytes are not JSON"),
    ('{"v":"1,2"', Cause.UNDECODABLE, "10 bytes are not JSON"),
    ('{"v":"1,2}', Cause.UNDECODABLE, "10 bytes are not JSON"),
    ('{"v":', Cause.UNDECODABLE, "5 bytes are not JSON"),
    ('{"v": ', Cause.UNDECODABLE, "6 bytes are not JSON"),
    ('["v",{"v":"1,2"}]', Cause.UNDECODABLE, "the value is a JSON array, not an object"),
]


@pytest.mark.parametrize(("text", "cause", "reason"), BAD, ids=[text for text, _, _ in BAD])
def test_a_bad_record_fails_alone(text: str, cause: Cause, reason: str) -> None:
    decoded = two().decode([b'{"v":"1,2"}', text.encode(), None, b'{"v":[3,4]}'])
    assert decoded.columns.arrays["v"].tolist() == [[1, 2], [3, 4]]
    assert decoded.rows.tolist() == [0, 3]
    bad, null = decoded.failures
    assert (bad.row, bad.stage, bad.cause) == (1, Stage.DECODE, cause)
    assert bad.reason.startswith(reason)
    assert (null.row, null.cause) == (2, Cause.NULL_VALUE)


def test_an_odd_record_far_behind_the_first_fails_alone() -> None:
    good = [crayfish([row + 0.5] * WIDTH, as_text=True) for row in range(60)]
    decoded = JsonCodec(vectors={"dataPoint": WIDTH}).decode([*good, crayfish([1, 2], as_text=True), *good])
    assert [failure.row for failure in decoded.failures] == [60]
    assert decoded.columns.arrays["dataPoint"][:, -1].tolist() == [row + 0.5 for row in range(60)] * 2


@pytest.mark.parametrize("text", ['{"v":"1,2,"}', '{"v": [1,2]}', '{"\\u0076":"1,2,"}', '{"x":[1],"v":"1,2"}'])
def test_a_batch_of_records_alike_is_read_at_once(text: str) -> None:
    arrays: list[bytes] = []

    def reader(array: bytes) -> Matrix | None:
        arrays.append(array)
        return read_flat_with_orjson(array)

    found = JsonVectors({"v": NumberLists(2, reader)}).decode([text.encode()] * 20)
    assert found.vectors["v"].tolist() == [[1, 2]] * 20
    assert len(arrays) == 1


def test_vectors_stand_among_the_declared_fields_in_their_order() -> None:
    codec = JsonCodec(("b", "v", "a"), vectors={"v": 2, "w": 3})
    assert [(field.name, field.width) for field in codec.fields or ()] == [("b", 1), ("v", 2), ("a", 1), ("w", 3)]
    columns = codec.decode([b'{"a":1,"w":"1,2,3","v":[4,5],"b":"x","dataType":"t","more":[1]}'] * 2).columns
    assert columns.names == ("b", "v", "a", "w", "dataType")
    assert columns.arrays["a"].tolist() == [1, 1]
    assert columns.arrays["v"].tolist() == [[4, 5]] * 2
    assert columns.arrays["w"].tolist() == [[1, 2, 3]] * 2


def test_a_nested_value_beside_a_vector_fails_that_record_alone() -> None:
    decoded = two(a="").decode([b'{"v":"1,2","a":[1]}', b'{"v":"3,4","a":5}'])
    assert [(failure.row, failure.cause) for failure in decoded.failures] == [(0, Cause.WRONG_TYPE)]
    assert decoded.columns.arrays["v"].tolist() == [[3, 4]]


def test_a_batch_without_any_good_record_has_no_rows() -> None:
    columns = two().decode([None, b'{"v":1}']).columns
    assert columns.arrays["v"].shape == (0, 2)
    assert two().decode([]).columns.arrays["v"].shape == (0, 2)


def test_an_undeclared_array_fails_its_record_as_before() -> None:
    (failure,) = JsonCodec().decode([b'{"v":[1,2]}']).failures
    assert failure.reason == "field v is a JSON array, not a single value"


def test_an_infinite_number_in_a_vector_is_not_sent() -> None:
    with pytest.raises(RowUnreadable, match="row 2, column v"):
        two().encode(Columns(2, {"v": np.array([[1, 2], [3, np.inf]])}))


def test_encoded_vectors_are_arrays_and_come_back() -> None:
    codec = two()
    columns = codec.decode([b'{"v":"0.5,1"}', b'{"v":[0.1,-2]}']).columns
    encoded = codec.encode(columns)
    assert [json.loads(value) for value in encoded] == [{"v": [0.5, 1]}, {"v": [0.1, -2]}]
    assert vector(codec, *encoded) == [[0.5, 1], [0.1, -2]]


keys = st.sampled_from(["v", "w", 'a"v', "x"])
number = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53))
numbers = st.lists(number, min_size=0, max_size=3)
texts = st.one_of(
    numbers.map(lambda row: ",".join(map(repr, row))), numbers.map(lambda row: "".join(f"{item!r}," for item in row))
)
leaves = st.one_of(
    numbers, texts, st.none(), st.booleans(), number, st.sampled_from(['"v":[1,2]', '"v":"1,2"', "1,\n2"])
)
records = st.dictionaries(
    keys, st.recursive(leaves, lambda inner: st.dictionaries(keys, inner, max_size=2)), max_size=3
)
spaced = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])
written = st.builds(lambda record, separators: json.dumps(record, separators=separators).encode(), records, spaced)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a record of which a byte or two were changed, left out or put in."""
    value = bytearray(draw(written))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(value) - 1))
        value[at : at + draw(st.integers(0, 1))] = draw(
            st.sampled_from([b"", *(bytes([c]) for c in b'",[]{}:\\v0 1.\n')])
        )
        if not value:
            break
    return bytes(value)


@given(st.lists(st.one_of(written, mutated(), st.none()), max_size=8))
def test_a_batch_is_what_the_standard_library_finds_record_by_record(batch: list[bytes | None]) -> None:
    wanted = {row: found for row, value in enumerate(batch) if (found := reference(value)) is not None}
    decoded = JsonCodec(vectors={"v": 2, "w": 1}).decode(batch)
    assert decoded.rows.tolist() == list(wanted)
    assert decoded.columns.arrays["v"].tolist() == [found["v"] for found in wanted.values()]
    assert decoded.columns.arrays["w"].tolist() == [found["w"] for found in wanted.values()]
    assert [failure.row for failure in decoded.failures] == [row for row in range(len(batch)) if row not in wanted]


def reference(value: bytes | None) -> dict[str, list[float]] | None:
    def refuse(constant: str) -> object:
        raise ValueError(constant)

    def parse_float(text: str) -> float:
        found = float(text)
        return found if np.isfinite(found) else float(str(refuse(text)))

    try:
        record = json.loads((value or b"").decode(), parse_constant=refuse, parse_float=parse_float)
    except ValueError:
        return None
    if not isinstance(record, Mapping):
        return None
    found = {name: listed(record.get(name)) for name in ("v", "w")}
    fits = found["v"] is not None and len(found["v"]) == 2 and found["w"] is not None and len(found["w"]) == 1
    return {name: row for name, row in found.items() if row is not None} if fits else None


def listed(value: object) -> list[float] | None:
    if isinstance(value, list):
        return None if any(type(item) not in {int, float} for item in value) else [float(item) for item in value]
    if not isinstance(value, str) or "_" in value:
        return None
    parts = value.split(",")
    if not parts[-1].strip():
        parts.pop()
    try:
        row = [float(part) for part in parts]
    except ValueError:
        return None
    return row if np.isfinite(row).all() else None
