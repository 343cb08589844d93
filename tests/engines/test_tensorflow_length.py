"""Graphs that never end, or are bigger than anything, and those that only have loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected, TimedOut
from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.engine import Servable
from streamscore_cli.engines.tensorflow_engine import TensorFlowEngine
from streamscore_cli.engines.tensorflow_length import check_calls, has_loop
from streamscore_cli.engines.tensorflow_runtime import import_tensorflow
from streamscore_cli.engines.tensorflow_session import TimeLimits
from tests.engines.graphs import frozen_graph, pruned_to, save_module, zip_folder
from tests.engines.wine import load

pytestmark = pytest.mark.tensorflow
LIMITS = TimeLimits(ready_s=0.2, batch_s=0.2)


def endless_if_negative(tf: Any, x: Any) -> Any:
    """Add 1 to the sum until it is positive, or for ever where it starts below zero."""

    def body(total: Any) -> Any:
        return tf.where(total < 0.0, total, total + 1.0)

    return tf.while_loop(lambda total: tf.reduce_any(total <= 0.0), body, [tf.reduce_sum(x, axis=1)])


def loop_data(*, lowered: bool) -> bytes:
    """Return the graph of a loop that TensorFlow takes apart (lowered) or calls as it is."""
    data = pruned_to(frozen_graph(lambda tf, x: tf.identity(endless_if_negative(tf, x)[0], name="y")), "y")
    graph = import_tensorflow().compat.v1.GraphDef.FromString(data)
    for node in graph.node:
        if not lowered:
            node.attr.pop("_lower_using_switch_merge", None)
    whole: bytes = graph.SerializeToString()
    return whole


def load_limited(data: bytes, model_format: ModelFormat = ModelFormat.TENSORFLOW) -> Servable:
    return TensorFlowEngine(time_limits=LIMITS).load(Artifact.of(model_format, data))


def rows(*sums: float) -> Columns:
    return Columns(len(sums), {"x": np.array([[value, 0.0, 0.0] for value in sums])})


@pytest.mark.parametrize("lowered", [True, False])
def test_a_batch_that_never_ends_is_late_and_the_next_is_answered(*, lowered: bool) -> None:
    data = loop_data(lowered=lowered)
    servable = load_limited(data)
    assert servable.score(rows(0.0, 5.0)).result.tolist() == [1.0, 6.0]
    sha256 = Artifact.of(ModelFormat.TENSORFLOW, data).sha256
    with pytest.raises(TimedOut, match=rf"TensorFlow model {sha256[:12]} did not answer 2 records within 0\.2 s"):
        servable.score(rows(0.0, -1.0))
    assert servable.score(rows(0.0, 5.0)).result.tolist() == [1.0, 6.0]
    servable.close()


def test_a_start_that_never_ends_refuses_the_model(tmp_path: Path) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    tf = import_tensorflow()
    folder = save_module(tmp_path / "model", lambda tf, x, weights: tf.matmul(x, weights))
    model = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    meta = model.meta_graphs[0]
    graph = tf.Graph()
    with graph.as_default():
        tf.identity(endless_if_negative(tf, tf.constant([[-1.0, 0.0, 0.0]]))[0], name="for_ever")
    for node in graph.as_graph_def().node:
        node.name = node.name if node.name == "for_ever" else f"loop/{node.name}"
        node.input[:] = [f"loop/{name}" for name in node.input]
        meta.graph_def.node.append(node)
    meta.graph_def.library.function.extend(graph.as_graph_def().library.function)
    meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = "for_ever"
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(ModelRejected, match=r"did not get ready within 0\.2 s"):
        load_limited(zip_folder(folder), ModelFormat.TENSORFLOW_SAVED_MODEL)


def test_loops_are_seen_wherever_they_are(data_dir: Path) -> None:
    graph_def = import_tensorflow().compat.v1.GraphDef
    assert has_loop(graph_def.FromString(loop_data(lowered=True)))
    plain = graph_def.FromString((data_dir / "winequality_neural_network.pb").read_bytes())
    assert not has_loop(plain)
    plain.library.function.add().node_def.add(name="loop", op="While")
    assert has_loop(plain)
    old = graph_def()
    old.node.add(name="loop", op="NextIteration")
    assert has_loop(old)


def calls_of(*pairs: tuple[str, list[str]]) -> Any:
    """Return a graph with a call of the first function, and functions that call others."""
    graph = import_tensorflow().compat.v1.GraphDef()
    graph.node.add(name="call", op=pairs[0][0])
    for name, called in pairs:
        function = graph.library.function.add()
        function.signature.name = name
        for place, other in enumerate(called):
            function.node_def.add(name=f"n{place}", op="PartitionedCall").attr["f"].func.name = other
    return graph


def test_functions_that_call_themselves_are_refused() -> None:
    check_calls(calls_of(("a", ["b", "c"]), ("b", ["c"]), ("c", [])))
    with pytest.raises(ModelRejected, match=r"function '[ab]' calls itself"):
        check_calls(calls_of(("a", ["b"]), ("b", ["a"])))


def test_functions_that_grow_beyond_measure_are_refused() -> None:
    doubling = [(f"f{place}", [f"f{place + 1}"] * 2) for place in range(40)]
    with pytest.raises(ModelRejected, match=r"has 2\.2e\+12 nodes, the limit is 10,000,000"):
        check_calls(calls_of(*doubling, ("f40", [])))


WIDE = 10**12


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (
            lambda tf, x: tf.reduce_sum(tf.compat.v1.placeholder(tf.float32, (None, WIDE), name="z"), axis=1),
            "input 'z' takes 1,000,000,000,000 numbers a record, the limit is 1,000,000",
        ),
        (
            lambda tf, x: tf.compat.v1.placeholder(tf.float32, (None, 1001, 1000), name="z") * 2.0,
            "input 'z' takes 1,001,000 numbers a record",
        ),
        (
            lambda tf, x: [tf.reduce_sum(tf.compat.v1.placeholder(tf.float32, (None, 600_000)), 1) for _ in range(2)],
            "graph takes 1,200,003 numbers a record",
        ),
        (
            lambda tf, x: tf.tile(x, [1, WIDE], name="y"),
            "output 'y' gives 3,000,000,000,000 numbers a record, the limit is 1,000,000",
        ),
    ],
)
def test_what_is_too_wide_is_refused_before_anything_is_made_of_that_size(build: Any, named: str) -> None:
    def build_with_x(tf: Any, x: Any) -> Any:
        build(tf, x)
        return tf.reduce_sum(x, axis=1)

    with pytest.raises(ModelRejected, match=named):
        load(frozen_graph(build_with_x))


def test_the_widest_that_may_be(data_dir: Path) -> None:
    data = frozen_graph(lambda tf, x: tf.reduce_sum(x, axis=1), width=1_000_000)
    assert load(data).score(Columns(1, {"x": np.ones((1, 1_000_000))})).result.tolist() == [1_000_000.0]
