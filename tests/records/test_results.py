"""Results in both formats: what is in a body, types kept, and a batch is the same as record by record."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.core.choices import ResultFormat
from streamscore_cli.core.errors import UsageProblem
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.records.pb.score_result_pb2 import ScoreResult
from streamscore_cli.records.results import FORMATS, ResultRecord, ScoredRows, decode_result, encoder_for
from streamscore_cli.records.scored_rows import Head
from tests.records.wire import double, integer, is_nan, tag, text, varint

MODEL = ModelIdentity("forest", 42, "ab" * 32, "v2")


def objects(*values: object) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def scored(scores: Scores, data_type: str = "wine", topic: str = "models_data") -> ScoredRows:
    count = len(scores)
    return ScoredRows(
        data_type, scores, MODEL, topic, list(range(count)), [2**40 + row for row in range(count)], [5] * count
    )


def one(scores: Scores, result_format: ResultFormat) -> ResultRecord:
    (value,) = encoder_for(result_format).encode(scored(scores).alone())
    return decode_result(value, result_format)


def test_the_whole_json_body() -> None:
    scores = Scores(
        objects("5"), ("5", "6"), np.array([[0.75, 0.25]]), {"entropy": np.array([0.5]), "node": objects("n7")}
    )
    (value,) = encoder_for(ResultFormat.JSON).encode(scored(scores).alone())
    assert json.loads(value) == {
        "schema": 1,
        "data_type": "wine",
        "result": "5",
        "probabilities": {"5": 0.75, "6": 0.25},
        "outputs": {"entropy": 0.5, "node": "n7"},
        "model": {"name": "forest", "version": 42, "sha256": "ab" * 32, "label": "v2"},
        "source": {"topic": "models_data", "partition": 0, "offset": 2**40, "timestamp": 5},
    }


def test_a_regression_has_neither_probabilities_nor_outputs() -> None:
    (value,) = encoder_for(ResultFormat.JSON).encode(scored(Scores(np.array([5.25]))).alone())
    assert list(json.loads(value)) == ["schema", "data_type", "result", "model", "source"]


def test_the_protobuf_body_by_hand() -> None:
    scores = Scores(np.array([5.25]), ("a",), np.array([[0.5]]), {"n": np.array([7])})
    (value,) = encoder_for(ResultFormat.PROTOBUF).encode(scored(scores).alone())
    fixed = (
        text(1, "models_data") + tag(3, 1) + (2**40).to_bytes(8, "little") + tag(4, 1) + (5).to_bytes(8, "little")
    )  # partition 0 is absent
    model = text(1, "forest") + integer(2, 42) + text(3, "ab" * 32) + text(4, "v2")
    by_hand = [
        integer(1, 1) + text(2, "wine"),
        text(3, double(1, 5.25)),
        text(4, "a"),
        tag(5, 2) + varint(8) + double(1, 0.5)[1:],
        text(6, text(1, "n") + text(2, tag(3, 1) + (7).to_bytes(8, "little"))),
        text(7, model),
        text(8, fixed),
    ]
    assert value == b"".join(by_hand)


@pytest.mark.parametrize("result_format", list(ResultFormat))
@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (np.array([5.25]), 5.25),
        (np.array([5.0]), 5.0),
        (np.array([math.nan]), None),
        (np.array([7]), 7),
        (np.array([-(2**63)]), -(2**63)),
        (np.array([True]), True),
        (np.array([False]), False),
        (objects("good \n,\"'ü"), "good \n,\"'ü"),
        (objects(""), ""),
        (objects(None), None),
        (objects(3), 3),
        (objects(True), True),
        (objects(2.5), 2.5),
        (objects(math.nan), None),
        (objects(2**70), 2.0**70),
    ],
)
def test_types_are_kept(result_format: ResultFormat, array: NDArray[Any], wanted: object) -> None:
    for found in (
        one(Scores(array), result_format).result,
        one(Scores(np.zeros(1), outputs={"further": array}), result_format).outputs["further"],
    ):
        assert (type(found), found) == (type(wanted), wanted)


@pytest.mark.parametrize("result_format", list(ResultFormat))
def test_mixed_types_do_not_borrow_from_each_other(result_format: ResultFormat) -> None:
    values = encoder_for(result_format).encode(scored(Scores(objects(1, True, 1.0, "1", None))).alone())
    found = [decode_result(value, result_format).result for value in values]
    assert [(type(value), value) for value in found] == [
        (int, 1),
        (bool, True),
        (float, 1.0),
        (str, "1"),
        (type(None), None),
    ]


@pytest.mark.parametrize("result_format", list(ResultFormat))
def test_a_record_without_a_timestamp(result_format: ResultFormat) -> None:
    rows = ScoredRows("wine", Scores(np.zeros(2)), MODEL, "t", [0, 0], [1, 2], [-1, 7])
    values = encoder_for(result_format).encode(rows.alone())
    assert [decode_result(value, result_format).timestamp_ms for value in values] == [-1, 7]
    if result_format is ResultFormat.JSON:
        assert json.loads(values[0])["source"]["timestamp"] is None


@pytest.mark.parametrize("result_format", list(ResultFormat))
def test_no_rows_are_no_bodies(result_format: ResultFormat) -> None:
    assert encoder_for(result_format).encode(scored(Scores(np.zeros(0))).alone()) == []


@pytest.mark.parametrize("result_format", list(ResultFormat))
@pytest.mark.parametrize("value", [b"\xff", b"[1]", b'{"schema": 1}', b'{"schema'])
def test_bytes_that_are_no_result_say_so(result_format: ResultFormat, value: bytes) -> None:
    with pytest.raises(UsageProblem, match=f"{len(value)} bytes are not a {result_format} result"):
        decode_result(value, result_format)


def test_a_later_schema_is_refused_by_number() -> None:
    with pytest.raises(UsageProblem, match="schema 2"):
        decode_result(ScoreResult(schema=2).SerializeToString(), ResultFormat.PROTOBUF)


def test_every_format_is_in_the_table() -> None:
    assert set(FORMATS) == set(ResultFormat)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
floats = st.floats(width=64)
longs = st.integers(-(2**63) + 1, 2**63 - 1)
anything = st.one_of(st.none(), st.booleans(), longs, floats, texts)


@st.composite
def columns(draw: st.DrawFn, count: int) -> NDArray[Any]:
    kind = draw(st.sampled_from(["float", "int", "bool", "text", "mixed"]))
    item = {"float": floats, "int": longs, "bool": st.booleans(), "text": texts, "mixed": anything}[kind]
    values = draw(st.lists(item, min_size=count, max_size=count))
    dtypes: dict[str, type] = {"float": np.float64, "int": np.int64, "bool": np.bool_}
    array: NDArray[Any] = np.empty(count, dtypes.get(kind, object))
    array[:] = values
    return array


@st.composite
def batches(draw: st.DrawFn) -> ScoredRows:
    count = draw(st.integers(0, 5))
    labels = tuple(draw(st.lists(texts, max_size=3, unique=True)))
    flat = draw(st.lists(floats, min_size=count * len(labels), max_size=count * len(labels)))
    outputs = {name: draw(columns(count)) for name in draw(st.lists(texts, max_size=2, unique=True))}
    probabilities = np.array(flat, np.float64).reshape(count, len(labels)) if labels else None
    return scored(Scores(draw(columns(count)), labels, probabilities, outputs), draw(texts), draw(texts))


def record_by_record(rows: ScoredRows) -> list[dict[str, Any]]:
    """Return the bodies as the page on the wire format describes them, made the slow way."""
    bodies = []
    for row in range(len(rows)):
        scores = rows.scores
        body = {"schema": 1, "data_type": rows.data_type, "result": scores.result[row]}
        if scores.labels and scores.probabilities is not None:
            body["probabilities"] = dict(zip(scores.labels, scores.probabilities[row].tolist(), strict=True))
        if scores.outputs:
            body["outputs"] = {name: array[row] for name, array in scores.outputs.items()}
        body["model"] = {"name": "forest", "version": 42, "sha256": "ab" * 32, "label": "v2"}
        places = {"partition": rows.partitions[row], "offset": rows.offsets[row], "timestamp": rows.timestamps_ms[row]}
        body["source"] = {"topic": rows.topic, **places}
        bodies.append(body)
    return bodies


def by_orjson(bodies: list[dict[str, Any]]) -> list[bytes]:
    return [orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY) for body in bodies]


@given(batches())
def test_a_json_batch_is_byte_for_byte_what_orjson_writes_record_by_record(rows: ScoredRows) -> None:
    assert encoder_for(ResultFormat.JSON).encode(rows.alone()) == by_orjson(record_by_record(rows))


@pytest.mark.parametrize("distinct", [1, 5, 299, 600])
def test_rows_of_probabilities_that_repeat_are_what_orjson_writes(distinct: int) -> None:
    generator = np.random.default_rng(1)
    known = generator.choice(
        [0.0, -0.0, 0.1, 1 / 3, 1e-300, math.nan, math.inf, *generator.uniform(size=50)], (distinct, 4)
    )
    probabilities = known[np.arange(600) % distinct]
    rows = scored(Scores(np.zeros(600), ("a", 'b"', "ü", ""), probabilities))
    assert encoder_for(ResultFormat.JSON).encode(rows.alone()) == by_orjson(record_by_record(rows))


@given(batches(), st.data())
def test_data_types_in_one_batch_keep_their_own_names_and_models(rows: ScoredRows, data: st.DataObject) -> None:
    heads = data.draw(
        st.lists(
            st.builds(Head, texts, st.builds(ModelIdentity, texts, st.integers(0, 9), texts)), min_size=1, max_size=3
        )
    )
    codes = data.draw(st.lists(st.integers(0, len(heads) - 1), min_size=len(rows), max_size=len(rows)))
    bodies = record_by_record(rows)
    for body, code in zip(bodies, codes, strict=True):
        model = heads[code].model
        body["data_type"] = heads[code].data_type
        body["model"] = {"name": model.name, "version": model.version, "sha256": model.sha256, "label": model.label}
    mixed = replace(rows.alone(), heads=heads, codes=np.array(codes, np.intp))
    assert encoder_for(ResultFormat.JSON).encode(mixed) == by_orjson(bodies)


@given(batches())
def test_a_protobuf_batch_is_read_by_the_library_as_it_was_meant(rows: ScoredRows) -> None:
    values = encoder_for(ResultFormat.PROTOBUF).encode(rows.alone())
    bodies = record_by_record(rows)
    assert len(values) == len(bodies)
    for value, body in zip(values, bodies, strict=True):
        found = decode_result(value, ResultFormat.PROTOBUF)
        assert comparable(found.result) == comparable(body["result"])
        assert {name: comparable(item) for name, item in found.outputs.items()} == {
            name: comparable(item) for name, item in body.get("outputs", {}).items()
        }
        assert {name: comparable(item) for name, item in found.probabilities.items()} == {
            name: comparable(item) for name, item in body.get("probabilities", {}).items()
        }
        source = body["source"]
        assert (found.topic, found.partition, found.offset) == (source["topic"], source["partition"], source["offset"])
        assert (found.timestamp_ms, found.model, found.data_type) == (source["timestamp"], MODEL, rows.data_type)


def comparable(value: Any) -> tuple[str, object]:
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or is_nan(plain):
        return "missing", None
    return type(plain).__name__, plain
