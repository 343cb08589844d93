"""ONNX models that are attacks, or that no batch engine can promise anything of; ONNX Runtime never sees them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.onnx_check import MAX_NODES, read_model
from streamscore_cli.engines.onnx_trees import MAX_DEPTH
from tests.engines.onnx_graphs import (
    BOOL,
    FLOAT,
    GRAPH,
    INT,
    TENSOR,
    add_node,
    fixture_bytes,
    load_onnx,
    one_op,
    parsed,
    set_tensor,
    set_value,
)

Change = Callable[[Any], None]


def branching(hide: Change) -> Any:
    """Return a model with an If, of which `hide` changes the innermost of two nested branches."""
    model = one_op("Relu")
    set_value(model.graph.input.add(), "flag", BOOL, (1,))
    del model.graph.node[:]
    outer = add_node(model.graph, "If", ["flag"], ["y"])
    for name in ("then_branch", "else_branch"):
        branch = outer.attribute.add(name=name, type=GRAPH).g
        branch.name = name
        set_value(branch.output.add(), f"{name} y", FLOAT, None)
        inner = add_node(branch, "If", ["flag"], [f"{name} y"])
        for deeper in ("then_branch", "else_branch"):
            leaf = inner.attribute.add(name=deeper, type=GRAPH).g
            leaf.name = f"{name} {deeper}"
            set_value(leaf.output.add(), f"{name} {deeper} y", FLOAT, None)
            add_node(leaf, "Relu" if deeper == "then_branch" else "Neg", ["x"], [f"{name} {deeper} y"])
    hide(outer.attribute[1].g.node[0].attribute[1].g)
    return model


def external(tensor: Any) -> None:
    tensor.name = "weights"
    tensor.data_type = FLOAT
    tensor.dims.append(1)
    tensor.data_location = 1


def operator(op: str, domain: str = "") -> Change:
    def change(graph: Any) -> None:
        graph.node[0].op_type = op
        graph.node[0].domain = domain

    return change


def attribute(kind: int, fill: Change) -> Change:
    def change(graph: Any) -> None:
        fill(graph.node[0].attribute.add(name="hidden", type=kind))

    return change


def hollow(tensor: Any) -> None:
    set_tensor(tensor, "hollow", np.zeros(3, np.float32))
    tensor.dims[0] = 1 << 40


def negative(tensor: Any) -> None:
    set_tensor(tensor, "hollow", np.zeros(3, np.float32))
    tensor.dims[:] = [-1, -3]


def named_external(tensor: Any) -> None:
    external(tensor)
    tensor.ClearField("data_location")
    tensor.raw_data = b"1234"
    tensor.external_data.append(b"\x0a\x08location\x12\x0b/etc/passwd")


CASES: list[tuple[Change, type[ModelRejected], str]] = [
    (lambda g: external(g.initializer.add()), ModelRejected, "data in other files: tensor 'weights'"),
    (lambda g: named_external(g.initializer.add()), ModelRejected, "data in other files: tensor 'weights'"),
    (attribute(TENSOR, lambda a: external(a.t)), ModelRejected, r"data in other files: attribute 'hidden' \(node"),
    (attribute(9, lambda a: external(a.tensors.add())), ModelRejected, "data in other files: attribute 'hidden'"),
    (lambda g: hollow(g.initializer.add()), ModelRejected, r"'hollow' says 1.09951e\+12 elements"),
    (lambda g: negative(g.initializer.add()), ModelRejected, "negative size: tensor 'hollow'"),
    (operator("Gelu", "com.microsoft"), ModelRejected, "'Gelu' of the domain 'com.microsoft'"),
    (operator("PythonOp", "com.microsoft"), ModelRejected, "'PythonOp' of the domain 'com.microsoft'"),
    (operator("Mine", "my.company"), ModelRejected, "'Mine' of the domain 'my.company'"),
    (operator("Adam", "ai.onnx.preview.training"), ModelRejected, "'Adam' of the domain 'ai.onnx.preview.training'"),
    (operator("Loop"), ModelRejected, r"the loop 'Loop' \(node '(Relu|Neg) of "),
    (operator("Scan"), ModelRejected, "the loop 'Scan'"),
    (operator("SequenceMap"), ModelRejected, "the loop 'SequenceMap'"),
    (operator("RandomNormal"), ModelRejected, "'RandomNormal'.*answer differently each time"),
    (lambda g: g.sparse_initializer.append(b""), ModelUnsupported, "sparse tensors"),
    (attribute(11, lambda a: setattr(a, "sparse_tensor", b"")), ModelUnsupported, "sparse tensor: attribute 'hidden'"),
    (attribute(INT, lambda a: setattr(a, "ref_attr_name", "k")), ModelRejected, "refers to a function's"),
]


@pytest.mark.parametrize(("change", "error", "named"), CASES)
@pytest.mark.parametrize("depth", ["graph", "branch of a branch"])
def test_what_is_refused_wherever_it_is(change: Change, error: type[ModelRejected], named: str, depth: str) -> None:
    if depth == "graph":
        model = one_op("Relu")
        change(model.graph)
    else:
        model = branching(change)
    with pytest.raises(error, match=named) as caught:
        load_onnx(model.SerializeToString())
    assert caught.type is error


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        (lambda m: m.training_info.append(b""), ModelRejected, "training graph"),
        (lambda m: m.functions.append(b""), ModelUnsupported, "1 functions of its own.*inline_local_functions"),
        (lambda m: m.ClearField("graph"), ModelRejected, "no graph"),
        (lambda m: m.graph.ClearField("node"), ModelRejected, "no graph, or one without a node"),
    ],
)
def test_what_the_whole_model_may_not_have(change: Change, error: type[ModelRejected], named: str) -> None:
    model = one_op("Relu")
    change(model)
    with pytest.raises(error, match=named):
        load_onnx(model.SerializeToString())


def test_more_nodes_than_any_model_has() -> None:
    model = one_op("Relu")
    for place in range(MAX_NODES):
        model.graph.node.add(op_type="Relu", input=["x"], output=[str(place)])
    with pytest.raises(ModelRejected, match="more than 20,000 nodes"):
        load_onnx(model.SerializeToString())


@pytest.mark.parametrize("data", [b"", b"\x08", b"\x08\x08\x3a\xff\xff\xff\xff\x0f", b"\x0b" * 1000])
def test_bytes_that_are_no_onnx(data: bytes) -> None:
    with pytest.raises(ModelRejected, match="ONNX model"):
        load_onnx(data)


def test_graphs_nested_without_end_are_no_readable_model() -> None:
    data = b""
    for _ in range(300):  # Graph { node { attribute { g { ... } } } }
        for number in (0x32, 0x2A, 0x0A):
            length = len(data)
            size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
            data = bytes([number]) + size + data
    with pytest.raises(ModelRejected, match="no readable ONNX model"):
        load_onnx(b"\x08\x08\x3a" + bytes([len(data) & 127 | 128, len(data) >> 7]) + data)


def test_branches_are_fine_where_what_they_do_is() -> None:
    model = branching(lambda graph: None)
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_param = "n"
    servable = load_onnx(model.SerializeToString())
    for flag, wanted in ((True, 2.0), (False, -2.0)):
        columns = {"x": np.array([[0.0, 1.0, 2.0]]), "flag": np.array([flag], dtype=object)}
        scores = servable.score(Columns(1, columns))
        assert scores.probabilities is not None
        assert scores.probabilities[0, 2] == wanted


def test_what_nobody_checked_is_not_handed_on() -> None:
    model = parsed(fixture_bytes("forest_maps"))
    size = len(model.SerializeToString())
    model.MergeFromString(b"\x72\x0e\x0a\x03key\x12\x07unknown")  # metadata_props
    model.graph.MergeFromString(b"\x52\x07unknown")  # doc_string
    model.opset_import.add(domain="com.microsoft", version=1)
    data = model.SerializeToString()
    assert data.count(b"unknown") == 2
    checked = read_model(data).SerializeToString()
    assert b"unknown" not in checked
    assert b"com.microsoft" not in checked
    assert len(checked) <= size


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "onnx").glob("*.onnx")), ids=lambda path: path.stem)
def test_a_checked_model_is_the_same_model_to_onnx_runtime(path: Path) -> None:
    data = path.read_bytes()
    one, other = (
        onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        for model in (data, read_model(data).SerializeToString())
    )
    for mine, wanted in zip(
        other.get_inputs() + other.get_outputs(), one.get_inputs() + one.get_outputs(), strict=True
    ):
        assert (mine.name, mine.type, mine.shape) == (wanted.name, wanted.type, wanted.shape)
    feeds = {
        item.name: np.full((5, 1), "north", object) if item.type == "tensor(string)" else _random(item)
        for item in one.get_inputs()
    }
    for mine, wanted in zip(other.run(None, feeds), one.run(None, feeds), strict=True):
        assert repr(mine) == repr(wanted)


def _random(item: Any) -> Any:
    kind = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}[item.type]
    return (np.random.default_rng(3).random((5, item.shape[1])) * 20).astype(kind)


def forest_with(**changes: Any) -> bytes:
    """Return a real forest with some numbers of its lists changed: `nodes_nodeids=(place, number)`."""
    model = parsed(fixture_bytes("forest_tensor"))
    lists = {attribute.name: attribute for attribute in model.graph.node[0].attribute}
    for name, (place, number) in changes.items():
        lists[name].ints[place] = number
    data: bytes = model.SerializeToString()
    return data


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nodes_truenodeids": (1, 0)}, "lead back to where they came from"),
        ({"nodes_falsenodeids": (1, 1)}, "lead back to where they came from"),
        ({"nodes_truenodeids": (21, -(2**63))}, "negative or too large"),
        ({"nodes_falsenodeids": (1, 2**32)}, "negative or too large"),
        ({"nodes_treeids": (5, 2**31)}, "negative or too large"),
        ({"nodes_truenodeids": (1, 500)}, "leads to none that there is"),
        ({"nodes_nodeids": (5, 4)}, "two have the same number"),
    ],
)
def test_trees_that_a_walk_may_not_leave(changes: dict[str, tuple[int, int]], named: str) -> None:
    with pytest.raises(ModelRejected, match=rf"trees \(.*\) are not sound: .*{named}"):
        load_onnx(forest_with(**changes))


def test_trees_whose_lists_differ_in_length() -> None:
    model = parsed(fixture_bytes("forest_tensor"))
    modes = next(one for one in model.graph.node[0].attribute if one.name == "nodes_modes")
    del modes.strings[-1]
    with pytest.raises(ModelRejected, match="their lists differ in length"):
        load_onnx(model.SerializeToString())


def path_of(depth: int) -> Any:
    """Return a model of one tree of `depth` nodes from the root to the deepest leaf, a leaf beside each."""
    model = one_op("TreeEnsembleRegressor", sizes=("n", 1))
    node = model.graph.node[0]
    node.domain = "ai.onnx.ml"
    inner = range(0, 2 * (depth - 1), 2)
    count = len(inner) * 2 + 1
    modes = [b"BRANCH_LEQ" if at in inner else b"LEAF" for at in range(count)]
    lists = {
        "nodes_treeids": [0] * count,
        "nodes_nodeids": list(range(count)),
        "nodes_featureids": [0] * count,
        "nodes_truenodeids": [at + 2 if at in inner else 0 for at in range(count)],
        "nodes_falsenodeids": [at + 1 if at in inner else 0 for at in range(count)],
        "target_treeids": [0],
        "target_nodeids": [count - 1],
        "target_ids": [0],
    }
    for name, numbers in lists.items():
        node.attribute.add(name=name, type=7, ints=numbers)
    node.attribute.add(name="nodes_modes", type=8, strings=modes)
    node.attribute.add(name="nodes_values", type=6, floats=[0.5] * count)
    node.attribute.add(name="target_weights", type=6, floats=[3.0])
    node.attribute.add(name="n_targets", type=2, i=1)
    return model


def test_a_tree_as_deep_as_it_may_be_answers() -> None:
    servable = load_onnx(path_of(MAX_DEPTH).SerializeToString())
    assert servable.score(Columns(1, {"x": np.zeros(1)})).result.tolist() == [3.0]


def test_a_tree_that_would_end_the_process_is_refused() -> None:
    with pytest.raises(ModelRejected, match="they are 30,000 nodes deep, the limit is 1,000"):
        load_onnx(path_of(30_000).SerializeToString())


def test_a_node_that_two_lead_to_is_no_circle() -> None:
    model = path_of(5)
    lists = {attribute.name: attribute for attribute in model.graph.node[0].attribute}
    lists["nodes_falsenodeids"].ints[0] = 2
    assert load_onnx(model.SerializeToString()).score(Columns(1, {"x": np.zeros(1)})).result.tolist() == [3.0]


def trees_by_place(**changes: list[int]) -> bytes:
    """Return a model of one tree in the form of ai.onnx.ml 5: two nodes that ask, three leaves."""
    model = one_op("TreeEnsemble", sizes=("n", 1))
    model.opset_import[1].version = 5
    node = model.graph.node[0]
    node.domain = "ai.onnx.ml"
    lists = {
        "tree_roots": [0],
        "nodes_featureids": [0, 0],
        "nodes_truenodeids": [1, 0],
        "nodes_trueleafs": [0, 1],
        "nodes_falsenodeids": [2, 1],
        "nodes_falseleafs": [1, 1],
        "leaf_targetids": [0, 0, 0],
    }
    for name, numbers in (lists | changes).items():
        node.attribute.add(name=name, type=7, ints=numbers)
    set_tensor(node.attribute.add(name="nodes_splits", type=TENSOR).t, "", np.array([0.5, -0.5], np.float32))
    set_tensor(node.attribute.add(name="leaf_weights", type=TENSOR).t, "", np.array([1, 2, 3], np.float32))
    modes = node.attribute.add(name="nodes_modes", type=TENSOR).t
    modes.data_type = 2
    modes.dims.append(2)
    modes.raw_data = b"\0\0"
    for name, number in (("n_targets", 1), ("post_transform", 0), ("aggregate_function", 1)):
        node.attribute.add(name=name, type=INT, i=number)
    data: bytes = model.SerializeToString()
    return data


def test_trees_by_place_answer() -> None:
    scores = load_onnx(trees_by_place()).score(Columns(3, {"x": np.array([-1.0, 0.0, 1.0])}))
    assert scores.result.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nodes_truenodeids": [1, 0], "nodes_trueleafs": [0, 0]}, "lead back to where they came from"),
        ({"nodes_truenodeids": [7, 0]}, "leads to none that there is"),
        ({"nodes_truenodeids": [-1, 0]}, "negative or too large"),
        ({"nodes_trueleafs": [0]}, "their lists differ in length"),
    ],
)
def test_trees_by_place_that_are_not_sound(changes: dict[str, list[int]], named: str) -> None:
    with pytest.raises(ModelRejected, match=named):
        load_onnx(trees_by_place(**changes))
