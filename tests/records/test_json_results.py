"""JSON results are byte for byte what orjson writes for each alone, in batches of any size and shape."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.records.json_results import JsonResultEncoder
from streamscore_cli.records.scored_rows import Head, ScoredTogether
from tests.records.object_columns import objects, texts

LABELS = ("a", 'b"', "ü\u2028", "", "a label, of some length", "x" * 130, "\x00\n" * 90)
NUMBERS = (0.0, -0.0, 1.5, 0.1, float("nan"), float("inf"), -1e308, 5e-324, -2.2250738585072014e-308, 1e16, 12345.0)
INTEGERS = (0, 1, -1, 2**63 - 1, -(2**63))
SIZES = (1, 5, 63, 64, 65, 200, 767, 768, 769, 4000)
MODEL = ModelIdentity("forest", 42, "ab" * 32, "v2")


def by_orjson(rows: ScoredTogether) -> list[bytes]:
    """Return the bodies as the page on the wire format describes them, one object at a time."""
    scores = rows.scores
    result = scores.result.tolist()
    outputs = {name: array.tolist() for name, array in scores.outputs.items()}
    values = []
    for row, code in enumerate(rows.codes.tolist()):
        head = rows.heads[code]
        body: dict[str, Any] = {"schema": 1, "data_type": head.data_type, "result": result[row]}
        if scores.probabilities is not None:
            body["probabilities"] = dict(zip(scores.labels, scores.probabilities[row].tolist(), strict=True))
        if outputs:
            body["outputs"] = {name: column[row] for name, column in outputs.items()}
        model, timestamp_ms = head.model, int(rows.timestamps_ms[row])
        body["model"] = {"name": model.name, "version": model.version, "sha256": model.sha256, "label": model.label}
        body["source"] = {
            "topic": rows.topic,
            "partition": int(rows.partitions[row]),
            "offset": int(rows.offsets[row]),
            "timestamp": None if timestamp_ms == -1 else timestamp_ms,
        }
        values.append(orjson.dumps(body))
    return values


@st.composite
def columns(draw: st.DrawFn, count: int, dice: random.Random) -> NDArray[Any]:
    kind = draw(
        st.sampled_from(["float", "floats", "int", "bool", "label", "labels", "maybe", "none", "mixed", "free"])
    )
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4))
    numbers: dict[str, tuple[object, ...]] = {"float": NUMBERS, "int": INTEGERS, "bool": (True, False)}
    if kind in numbers:
        return np.array(dice.choices(numbers[kind], k=count))
    values: dict[str, list[object]] = {
        **texts(labels, count, dice),
        "none": [None] * count,
        "mixed": dice.choices([None, True, False, 1, 2**63 - 1, -(2**63), *NUMBERS, *labels], k=count),
    }
    return np.array([dice.random() for _ in range(count)]) if kind == "floats" else objects(values[kind])


heads = st.builds(
    Head, st.sampled_from(["wine", 'be"er', "", "d" * 200]), st.sampled_from([MODEL, ModelIdentity("", 0, "")])
)


@st.composite
def probabilities(draw: st.DrawFn, count: int, width: int, dice: random.Random) -> NDArray[np.float64]:
    """Return rows that are all the same, differ little, or differ all."""
    distinct = draw(st.sampled_from([1, 2, 14, 100, count // 2 + 1, count]))
    of = draw(st.sampled_from([NUMBERS, (0.0, 0.1, 0.2, 0.5), [dice.random() for _ in range(999)]]))
    known = np.array(dice.choices(of, k=distinct * width), np.float64).reshape(distinct, width)
    return known[np.arange(count) % distinct]


@st.composite
def batches(draw: st.DrawFn) -> ScoredTogether:
    dice = draw(st.randoms(use_true_random=True))
    count = draw(st.sampled_from(SIZES))
    labels = tuple(draw(st.lists(st.sampled_from(LABELS), max_size=3, unique=True)))
    names = draw(st.lists(st.sampled_from(["b", "a", 'a"b', "\uffff", "", "n" * 130]), max_size=2, unique=True))
    several = draw(st.lists(heads, min_size=1, max_size=3))
    offsets = draw(st.sampled_from([[7], [0, 9, 10], [2**31, 5, 2**63 - 1]]))
    return ScoredTogether(
        several,
        np.array(dice.choices(range(len(several)), k=count), np.intp),
        Scores(
            draw(columns(count, dice)),
            labels,
            draw(probabilities(count, len(labels), dice)) if labels else None,
            {name: draw(columns(count, dice)) for name in names},
        ),
        draw(st.sampled_from(["models_data", "", 't"' * 60])),
        np.array(dice.choices(draw(st.sampled_from([[0], [7, 8], [9, 10, 63]])), k=count), np.int64),
        np.array(dice.choices(offsets, k=count), np.int64),
        dice.choices(draw(st.sampled_from([[1_790_000_000_000], [0, 1], [-1], [-1, 5, -2]])), k=count),
    )


@settings(deadline=None)
@given(batches())
def test_a_batch_is_what_orjson_writes_result_by_result(rows: ScoredTogether) -> None:
    assert JsonResultEncoder().encode(rows) == by_orjson(rows)


def batch(count: int, scores: Scores) -> ScoredTogether:
    """Return rows of one partition that a topic has after another."""
    zeros = np.zeros(count, np.int64)
    offsets, timestamps_ms = np.arange(count) + 9_500, zeros + 1_790_000_000_000
    return ScoredTogether([Head("wine", MODEL)], zeros, scores, "models_data", zeros, offsets, timestamps_ms)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("distinct", [1, 5, 299, 4000])
def test_probabilities_that_repeat_or_not(count: int, distinct: int) -> None:
    generator = np.random.default_rng(1)
    matrix = generator.dirichlet(np.ones(6), distinct)[np.arange(count) % distinct]
    labels = tuple(str(label) for label in range(3, 9))
    scores = Scores(np.array(labels, object)[matrix.argmax(axis=1)], labels, matrix)
    rows = batch(count, scores)
    assert JsonResultEncoder().encode(rows) == by_orjson(rows)
    with_none = replace(rows, timestamps_ms=np.where(np.arange(count) % 3, rows.timestamps_ms, -1))
    assert JsonResultEncoder().encode(with_none) == by_orjson(with_none)


@pytest.mark.parametrize("count", SIZES)
def test_labels_of_one_row_longer_than_all_others(count: int) -> None:
    labels: list[object] = ["5"] * count
    labels[count // 2] = "a label that is rather long: " * 5000
    rows = batch(count, Scores(objects(labels)))
    assert JsonResultEncoder().encode(rows) == by_orjson(rows)


@pytest.mark.parametrize("count", SIZES)
def test_every_type_in_one_batch(count: int) -> None:
    """NaN and infinite become null, whatever the column."""
    row = np.arange(count)
    outputs = {
        "float": np.array(NUMBERS)[row % len(NUMBERS)],
        "single": (row / 7).astype(np.float32),
        "int": np.array(INTEGERS)[row % len(INTEGERS)],
        "bool": row % 3 == 0,
        "object": objects([(None, True, 1, "1", 1.0, 2**70)[place % 6] for place in row.tolist()]),
    }
    rows = batch(count, Scores(np.full(count, 0.5), outputs=outputs))
    single = [orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY) for value in outputs["single"]]
    for value, body, wanted in zip(JsonResultEncoder().encode(rows), single, row.tolist(), strict=True):
        assert b'"single":%b,' % body in value
        found = orjson.loads(value)["outputs"]
        number = NUMBERS[wanted % len(NUMBERS)]
        assert found["float"] == (number if np.isfinite(number) else None)
        assert (found["int"], found["bool"]) == (INTEGERS[wanted % len(INTEGERS)], wanted % 3 == 0)
        kept = (None, True, 1, "1", 1.0, 2.0**70)[wanted % 6]
        assert (type(found["object"]), found["object"]) == (type(kept), kept)
