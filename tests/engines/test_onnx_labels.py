"""Class labels that graphs tell, in the ways in which converters write them; answers are ONNX Runtime's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.core.failures import Cause
from streamscore_cli.serving.admission import warm_up
from tests.engines.onnx_graphs import (
    FLOAT,
    INT64,
    INTS,
    STRING,
    STRINGS,
    add_node,
    fixture_bytes,
    load_onnx,
    new_model,
    parsed,
    set_tensor,
    set_value,
)

ML = "ai.onnx.ml"
POINTS = np.array([[0.25, 0.5, 0.125], [2.0, 1.0, 0.0]])


def zipped(labels: list[str] | list[int]) -> Any:
    """Return a model that names the columns of its input."""
    model = new_model()
    set_value(model.graph.input.add(), "x", FLOAT, ("n", 3))
    output = model.graph.output.add(name="z")
    output.type.sequence_type.elem_type.map_type.key_type = STRING if isinstance(labels[0], str) else INT64
    output.type.sequence_type.elem_type.map_type.value_type.tensor_type.elem_type = FLOAT
    node = add_node(model.graph, "ZipMap", ["x"], ["z"], ML)
    if isinstance(labels[0], str):
        texts = [str(label).encode() for label in labels]
        node.attribute.add(name="classlabels_strings", type=STRINGS, strings=texts)
    else:
        node.attribute.add(name="classlabels_int64s", type=INTS, ints=labels)
    return model


def test_maps_alone_answer_the_likeliest_label() -> None:
    scores = load_onnx(zipped(["red", "grün", "blue"]).SerializeToString()).score(Columns(2, {"x": POINTS}))
    assert scores.labels == ("red", "grün", "blue")
    assert scores.result.tolist() == ["grün", "red"]
    assert scores.probabilities is not None
    assert scores.probabilities.tolist() == POINTS.tolist()


def test_maps_need_no_other_operators_than_those_of_machine_learning() -> None:
    model = zipped([7, -8, 9])
    kept = [opset for opset in model.opset_import if opset.domain == ML]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    assert load_onnx(model.SerializeToString()).score(Columns(2, {"x": POINTS})).labels == ("7", "-8", "9")


def test_labels_that_are_not_as_many_as_the_probabilities_are_refused() -> None:
    with pytest.raises(ModelRejected, match="output 'z' has 3 probabilities for 2 labels"):
        warm_up(load_onnx(zipped(["red", "blue"]).SerializeToString()))


def test_maps_are_nothing_that_a_graph_can_go_on_with() -> None:
    model = zipped(["red", "green", "blue"])
    add_node(model.graph, "Identity", ["z"], ["again"])
    model.graph.output.add(name="again").type.CopyFrom(model.graph.output[0].type)
    with pytest.raises(ModelRejected, match=r"Type 'seq\(map\(string,tensor\(float\)\)\)' .* of operator \(Identity\)"):
        load_onnx(model.SerializeToString())


def by_place(names: str, probabilities: int = 3) -> Any:
    """Return a model that picks the label by the place of the largest number, as converters of networks do."""
    model = new_model()
    graph = model.graph
    set_value(graph.input.add(), "x", FLOAT, ("n", 3))
    set_value(graph.output.add(), "label", INT64, None)
    set_value(graph.output.add(), "p", FLOAT, ("n", probabilities))
    set_tensor(graph.initializer.add(), "names", np.array([30, 40, 50], np.int64))
    set_tensor(graph.initializer.add(), "flat", np.array([-1], np.int64))
    add_node(graph, "Identity", ["x"], ["p"]) if probabilities == 3 else add_node(graph, "Concat", ["x", "x"], ["p"])
    if probabilities != 3:
        graph.node[0].attribute.add(name="axis", type=2, i=1)
    place = add_node(graph, "ArgMax", ["x"], ["place"])
    place.attribute.add(name="axis", type=2, i=1)
    add_node(graph, "ArrayFeatureExtractor", [names, "place"], ["picked"], ML)
    add_node(graph, "Reshape", ["picked", "flat"], ["shaped"])
    add_node(graph, "Cast", ["shaped"], ["label"]).attribute.add(name="to", type=2, i=INT64)
    return model


def test_labels_that_are_picked_by_place() -> None:
    scores = load_onnx(by_place("names").SerializeToString()).score(Columns(2, {"x": POINTS}))
    assert scores.labels == ("30", "40", "50")
    assert scores.result.tolist() == [40, 30]
    assert scores.outputs == {}


def test_numbers_whose_labels_are_not_told_are_further_outputs() -> None:
    scores = load_onnx(by_place("names", probabilities=6).SerializeToString()).score(Columns(2, {"x": POINTS}))
    assert scores.labels == ()
    assert scores.result.tolist() == [40, 30]
    assert list(scores.outputs) == [f"p[{place}]" for place in range(6)]
    assert scores.outputs["p[4]"].tolist() == [0.5, 1.0]


def test_a_classifiers_probabilities_may_come_before_its_label() -> None:
    model = parsed(fixture_bytes("forest_tensor"))
    label, probabilities = model.graph.output
    model.graph.ClearField("output")
    model.graph.output.extend([probabilities, label])
    scores = load_onnx(model.SerializeToString()).score(Columns(2, {"wine": np.full((2, 11), 5.0)}))
    assert scores.labels == ("3", "4", "5", "6", "7", "8")
    assert scores.result.dtype == np.int64
    assert scores.outputs == {}


def test_a_label_without_its_probabilities_being_numbers_fails() -> None:
    points = POINTS.copy()
    points[0, 1] = np.nan
    scores = load_onnx(by_place("names").SerializeToString()).score(Columns(2, {"x": points}))
    assert [(failure.row, failure.cause) for failure in scores.failures] == [(0, Cause.SCORING_FAILED)]
    assert scores.result[1] == 30
