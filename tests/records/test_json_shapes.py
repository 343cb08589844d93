"""Batches of a shape met before: the same columns as without it, and whatever differs is seen to differ."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore_cli.core.columns import Column
from streamscore_cli.records.codec import Decoded
from streamscore_cli.records.json_codec import JsonCodec
from streamscore_cli.records.json_columns import MOST_FIELDS
from streamscore_cli.records.json_shapes import KnownShapes

pytest.importorskip("msgspec")

RECORD = {"fixed acidity": 7.4, "n": 3, "name": "ü", "ok": True}


def lines(*records: object) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]


def learnt(*records: object, wanted: tuple[str, ...] = ()) -> KnownShapes:
    """Return who has met these records, as many times as it takes."""
    shapes = KnownShapes(wanted)
    shapes.learn([orjson.loads(value) for value in lines(*records) * 8])
    return shapes


def told(column: Column) -> tuple[str, list[object]]:
    kind = column.dtype.kind
    return kind, [None if kind == "f" and np.isnan(value) else value for value in column.tolist()]


def test_records_of_the_shape_become_columns() -> None:
    other = {"fixed acidity": -1, "n": 2.5, "name": "", "ok": False}
    found = learnt(RECORD).read(lines(*[RECORD, other] * 4))
    assert found is not None
    assert {name: told(column) for name, column in found.items()} == {
        "fixed acidity": ("f", [7.4, -1.0] * 4),
        "n": ("f", [3.0, 2.5] * 4),
        "name": ("O", ["ü", ""] * 4),
        "ok": ("O", [True, False] * 4),
    }


def test_nulls_are_missing_and_a_column_of_them_has_no_type() -> None:
    nulls = dict.fromkeys(RECORD)
    found = learnt(RECORD).read(lines(*[RECORD] * 7, nulls))
    assert found is not None
    assert told(found["n"]) == ("f", [3.0] * 7 + [None])
    assert found["name"].tolist() == ["ü"] * 7 + [None]
    found = learnt(RECORD).read(lines(*[nulls] * 8))
    assert found is not None
    assert [told(column) for column in found.values()] == [("O", [None] * 8)] * 4


def test_only_wanted_keys_become_columns() -> None:
    found = learnt(RECORD, wanted=("ok", "never")).read(lines(*[RECORD] * 8))
    assert found is not None
    assert list(found) == ["ok"]


DIFFERENT = [
    b'{"fixed acidity":1,"n":1,"name":"x"}',
    b'{"fixed acidity":1,"n":1,"name":"x","ok":true,"more":1}',
    b'{"fixed acidity":"1","n":1,"name":"x","ok":true}',
    b'{"fixed acidity":true,"n":1,"name":"x","ok":true}',
    b'{"fixed acidity":1,"n":1,"name":5,"ok":true}',
    b'{"fixed acidity":1,"n":1,"name":"x","ok":1}',
    b'{"fixed acidity":[1],"n":1,"name":"x","ok":true}',
    b'{"fixed acidity":1e400,"n":1,"name":"x","ok":true}',
    b'{"fixed acidity":NaN,"n":1,"name":"x","ok":true}',
    b'{"fixed acidity":1.,"n":1,"name":"x","ok":true}',
    b'{"fixed acidity":1,"n":1,"name":"\xff","ok":true}',
    b'{"fixed acidity":1,"n":1,"name":"\xed\xa0\x80","ok":true}',
    b'{"fixed acidity":1,"n":1,"name":"\\ud800","ok":true}',
    b'{"fixed acidity":1,"n":1,"name":"\n","ok":true}',
    b'{"fixed acidity":1,"n":1,"name":"x","ok":true}{}',
    b'{"fixed acidity":1,"n":1,"name":"x","ok":true',
    b"[]",
    b"",
    None,
]


@pytest.mark.parametrize("value", DIFFERENT)
def test_one_record_that_differs_leaves_the_batch_to_others(value: bytes | None) -> None:
    shapes = learnt(RECORD)
    good = lines(*[RECORD] * 8)
    assert shapes.read(good) is not None
    assert shapes.read([*good, value]) is None
    assert shapes.read([value, *good]) is None


def test_keys_in_another_order_are_another_shape() -> None:
    turned = dict(reversed(RECORD.items()))
    shapes = learnt(RECORD)
    assert shapes.read(lines(*[turned] * 8)) is None
    shapes.learn([turned] * 8)
    found = shapes.read(lines(*[turned] * 8))
    assert found is not None
    assert list(found) == list(turned)


@pytest.mark.parametrize(
    "records",
    [[{"a": 1}, {"b": 1}], [{"a": 1}, {"a": "x"}], [{"a": None}, {"a": None}], [{"a": {}}], [{'q"': 1}], [{}]],
)
def test_records_without_one_shape_teach_none(records: list[object]) -> None:
    assert learnt(*records).read(lines(*records * 8)) is None


def test_the_shapes_that_are_looked_for_are_bounded() -> None:
    shapes = KnownShapes()
    for number in range(70):
        shapes.learn([{f"k{number}": 1}] * 8)
    read = [shapes.read(lines(*[{f"k{number}": 1}] * 8)) is not None for number in range(70)]
    assert read == [True] * 64 + [False] * 6


def test_records_of_too_many_keys_are_never_a_shape() -> None:
    codec = JsonCodec()
    record = {f"k{number}": number for number in range(MOST_FIELDS + 1)}
    for _ in range(2):
        assert len(codec.decode(lines(*[record] * 10)).failures) == 10


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
same = st.fixed_dictionaries(
    {"a": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers()), "t": st.text(),
     "b": st.one_of(st.none(), st.booleans())}
)  # fmt: skip
other = st.dictionaries(st.sampled_from(["a", "t", "b", "c"]), scalars, max_size=4)
written = st.one_of(same, same, same, other).map(lambda record: json.dumps(record, ensure_ascii=False))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    value = bytearray(draw(same.map(json.dumps)).encode())
    at = draw(st.integers(0, len(value) - 1))
    value[at : at + draw(st.integers(0, 2))] = draw(
        st.sampled_from([b"", *(bytes([c]) for c in b'",[]{}:\\e0 1.\n\xff')])
    )
    return bytes(value)


values = st.one_of(written.map(lambda text: text.encode("utf-8", "surrogatepass")), mutated())


@pytest.mark.parametrize("fields", [(), ("t", "never", "a")])
@given(first=st.lists(same.map(json.dumps).map(str.encode), min_size=8, max_size=8), batch=st.lists(values, min_size=8))
def test_a_codec_that_knows_the_shape_decodes_like_one_that_does_not(
    fields: tuple[str, ...], first: list[bytes], batch: list[bytes]
) -> None:
    knowing = JsonCodec(fields, "b")
    knowing.decode(first)
    assert as_told(knowing.decode(batch)) == as_told(JsonCodec(fields, "b").decode(batch))


def as_told(decoded: Decoded) -> object:
    columns = decoded.columns
    names = {name: told(column) for name, column in columns.arrays.items()}
    return columns.length, columns.ordered, list(columns.names), names, decoded.rows.tolist(), decoded.failures
