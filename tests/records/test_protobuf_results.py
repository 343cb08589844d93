"""Protobuf results are byte for byte what the protobuf library writes, in batches of any size and shape."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores
from streamscore_cli.records.pb.score_result_pb2 import ScoreResult
from streamscore_cli.records.protobuf_results import ProtobufResultEncoder
from streamscore_cli.records.scored_rows import Head, ScoredRows, ScoredTogether
from tests.records.object_columns import objects, texts

LABELS = ("a", "bb", "ü", "", "a label of some length", "x" * 130, "x" * 600)
NUMBERS = (0.0, -0.0, 1.5, float("nan"), float("inf"), -1e308, 5e-324)
INTEGERS = (0, 1, -1, 2**63 - 1, -(2**63))
SIZES = (1, 5, 31, 32, 33, 200)


def by_the_library(rows: ScoredTogether) -> list[bytes]:
    """Return the results as the library writes them, one message at a time."""
    scores = rows.scores
    values = []
    for row, code in enumerate(rows.codes.tolist()):
        model = rows.heads[code].model
        found = ScoreResult(schema=1, data_type=rows.heads[code].data_type)
        set_value(found.result, scores.result.tolist()[row])
        if scores.probabilities is not None:
            found.labels.extend(scores.labels)
            found.probabilities.extend(scores.probabilities[row].tolist())
        for name, array in scores.outputs.items():
            set_value(found.outputs[name], array.tolist()[row])
        found.model.SetInParent()
        found.model.name, found.model.version = model.name, model.version
        found.model.sha256, found.model.label = model.sha256, model.label
        found.source.topic, found.source.partition = rows.topic, rows.partitions[row]
        found.source.offset, found.source.timestamp = rows.offsets[row], rows.timestamps_ms[row]
        found.source.SetInParent()
        values.append(found.SerializeToString(deterministic=True))
    return values


def set_value(found: ScoreResult.Value, value: object) -> None:
    match value:
        case None:
            found.SetInParent()
        case str():
            found.label = value
        case bool():
            found.flag = value
        case int() if -(2**63) <= value < 2**63:
            found.integer = value
        case int() | float():
            found.value = value
        case _:
            pytest.fail(f"{value!r} is no result")


@st.composite
def columns(draw: st.DrawFn, count: int, dice: random.Random) -> NDArray[Any]:
    kind = draw(st.sampled_from(["float", "int", "bool", "label", "labels", "maybe", "mixed", "free"]))
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4))
    numbers: dict[str, tuple[object, ...]] = {"float": NUMBERS, "int": INTEGERS, "bool": (True, False)}
    if kind in numbers:
        return np.array(dice.choices(numbers[kind], k=count))
    values: dict[str, list[object]] = {
        **texts(labels, count, dice),
        "mixed": dice.choices([None, True, False, 1, 2**63, -(2**63), *NUMBERS, *labels], k=count),
    }
    return objects(values[kind])


heads = st.builds(
    Head,
    st.sampled_from(["wine", "beer", "", "d" * 200]),
    st.sampled_from([ModelIdentity("forest", 42, "ab" * 32, "v2"), ModelIdentity("", 0, "")]),
)


@st.composite
def batches(draw: st.DrawFn) -> ScoredTogether:
    dice = draw(st.randoms(use_true_random=True))
    count = draw(st.sampled_from(SIZES))
    labels = tuple(draw(st.lists(st.sampled_from(LABELS), max_size=3, unique=True)))
    probabilities = np.array(dice.choices(NUMBERS, k=count * len(labels)), np.float64).reshape(count, len(labels))
    names = draw(
        st.lists(st.sampled_from(["b", "a", "ab", "\uffff", "\U00010000", "", "n" * 130]), max_size=3, unique=True)
    )
    outputs = {name: draw(columns(count, dice)) for name in names}
    result = draw(columns(count, dice))
    numbers = st.sampled_from([[0], [7], [0, 7], [2**31 - 1, 0, 1]])
    several = draw(st.lists(heads, min_size=1, max_size=3))
    return ScoredTogether(
        several,
        np.array(dice.choices(range(len(several)), k=count), np.intp),
        Scores(result, labels, probabilities if labels else None, outputs),
        draw(st.sampled_from(["models_data", "", "t" * 120])),
        dice.choices(draw(numbers), k=count),
        dice.choices([*draw(numbers), *draw(st.sampled_from([[], [2**40]]))], k=count),
        dice.choices([*draw(numbers), *draw(st.sampled_from([[], [-1]]))], k=count),
    )


@settings(deadline=None)
@given(batches())
def test_the_bytes_are_those_of_the_library(rows: ScoredTogether) -> None:
    assert ProtobufResultEncoder().encode(rows) == by_the_library(rows)


@pytest.mark.parametrize("count", [4000, 10_000])
def test_a_batch_that_is_laid_out_in_several_parts(count: int) -> None:
    generator = np.random.default_rng(1)
    names = ("3", "4", "five", "six")
    result = objects([names[place] for place in generator.integers(0, 4, count)])
    scores = Scores(result, names, generator.uniform(size=(count, len(names))))
    model = ModelIdentity("forest", 42, "ab" * 32, "v2")
    partitions = generator.integers(0, 4, count).tolist()
    rows = ScoredRows("wine", scores, model, "models_data", partitions, list(range(count)), [5] * count).alone()
    assert ProtobufResultEncoder().encode(rows) == by_the_library(rows)
    several = [Head(f"wine {place}", ModelIdentity("forest", place, "ab" * 32)) for place in range(150)]
    mixed = replace(rows, heads=several, codes=generator.integers(0, len(several), count))
    assert ProtobufResultEncoder().encode(mixed) == by_the_library(mixed)
