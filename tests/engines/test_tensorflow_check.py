"""Malicious graphs, really built, that are refused before TensorFlow runs them: no marker file appears."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.tensorflow_runtime import import_tensorflow
from tests.engines.graphs import frozen_graph, save_module, zip_folder
from tests.engines.wine import load

pytestmark = pytest.mark.tensorflow

Build = Callable[[Any, Any], Any]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Return the path that a malicious graph writes to, if it is run."""
    return tmp_path / "marker"


def evils(tf: Any, marker: str) -> dict[str, Build]:
    """Return graphs by the operation that makes them malicious."""

    def touch(x: Any) -> Any:
        Path(marker).touch()
        return x

    return {
        "WriteFile": lambda _, x: after(tf, tf.io.write_file(marker, "x"), x),
        "ReadFile": lambda _, x: after(tf, tf.io.read_file(marker), x),
        "PyFunc": lambda _, x: tf.reshape(tf.compat.v1.py_func(touch, [x], tf.float32), (-1, 3)),
        "EagerPyFunc": lambda _, x: tf.reshape(tf.py_function(touch, [x], tf.float32), (-1, 3)),
        "PrintV2": lambda _, x: after(tf, tf.print("x", output_stream=f"file://{marker}"), x),
        "SaveV2": lambda _, x: after(tf, tf.raw_ops.SaveV2(**save(tf, marker)), x),
        "MatchingFiles": lambda _, x: after(tf, tf.io.matching_files("/*"), x),
        "HashTableV2": lambda _, x: after(tf, tf.raw_ops.HashTableV2(key_dtype=tf.int64, value_dtype=tf.int64), x),
    }


def save(tf: Any, marker: str) -> dict[str, Any]:
    return {"prefix": marker, "tensor_names": ["a"], "shape_and_slices": [""], "tensors": [tf.constant(1.0)]}


def after(tf: Any, operation: Any, x: Any) -> Any:
    with tf.control_dependencies([operation]):
        return tf.identity(x, name="y")


EVIL_OPS = [
    "WriteFile", "ReadFile", "PyFunc", "EagerPyFunc", "PrintV2", "SaveV2", "MatchingFiles", "HashTableV2",
]  # fmt: skip


@pytest.mark.parametrize("op", EVIL_OPS)
def test_a_frozen_graph(marker: Path, op: str) -> None:
    tf = import_tensorflow()
    data = frozen_graph(evils(tf, str(marker))[op])
    with pytest.raises(ModelRejected, match=rf"operation '{op}' \(node '"):
        load(data)
    assert not marker.exists()


@pytest.mark.parametrize("op", EVIL_OPS)
def test_a_function_of_a_frozen_graph(marker: Path, op: str) -> None:
    tf = import_tensorflow()

    def build(_: Any, x: Any) -> Any:
        return tf.identity(tf.function(lambda v: evils(tf, str(marker))[op](tf, v))(x), name="y")

    with pytest.raises(ModelRejected, match=rf"operation '{op}' \(node '.*' of the function '"):
        load(frozen_graph(build))
    assert not marker.exists()


def test_a_branch_of_a_condition(marker: Path) -> None:
    def build(tf: Any, x: Any) -> Any:
        def evil() -> Any:
            return after(tf, tf.io.write_file(str(marker), "x"), x)

        return tf.identity(tf.cond(tf.reduce_sum(x) > 1e9, evil, lambda: x), name="y")

    with pytest.raises(ModelRejected, match="operation 'WriteFile'"):
        load(frozen_graph(build))
    assert not marker.exists()


@pytest.mark.parametrize("op", EVIL_OPS)
def test_the_serving_signature_of_a_saved_model(tmp_path: Path, marker: Path, op: str) -> None:
    def answer(tf: Any, x: Any, weights: Any) -> Any:
        return tf.matmul(evils(tf, str(marker))[op](tf, x), weights)

    data = zip_folder(save_module(tmp_path / "model", answer))
    with pytest.raises(ModelRejected, match=f"operation '{op}'"):
        load(data)
    assert not marker.exists()


def saved_model_of(folder: Path) -> Any:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    return SavedModel.FromString((folder / "saved_model.pb").read_bytes())


def plain_model(folder: Path) -> Path:
    return save_module(folder, lambda tf, x, weights: tf.matmul(x, weights))


def test_a_plain_saved_model_has_saving_operations_and_loads(tmp_path: Path) -> None:
    folder = plain_model(tmp_path / "model")
    graph = saved_model_of(folder).meta_graphs[0].graph_def
    ops = {node.op for function in graph.library.function for node in function.node_def}
    assert {"SaveV2", "MergeV2Checkpoints", "ShardedFilename"} <= ops
    scores = load(zip_folder(folder)).score(Columns(1, {"x": np.array([[1.0, 2.0, 3.0]])}))
    assert scores.probabilities is not None
    assert scores.probabilities.tolist() == [[12.0, 12.0]]


@pytest.mark.parametrize("place", ["start", "restore", "signature"])
def test_the_saving_function_where_it_would_run(tmp_path: Path, place: str) -> None:
    folder = plain_model(tmp_path / "model")
    model = saved_model_of(folder)
    meta = model.meta_graphs[0]
    saver = meta.saver_def.save_tensor_name
    if place == "start":
        meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = saver.partition(":")[0]
    elif place == "restore":
        meta.saver_def.restore_op_name = saver.partition(":")[0]
    else:
        meta.signature_def["serving_default"].outputs["output_0"].name = saver
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(ModelRejected, match="not allowed in what is used for"):
        load(zip_folder(folder))


def test_a_function_that_nothing_calls(tmp_path: Path, marker: Path) -> None:
    tf = import_tensorflow()
    folder = plain_model(tmp_path / "model")
    model = saved_model_of(folder)
    stray = tf.function(lambda: tf.io.read_file(str(marker))).get_concrete_function()
    model.meta_graphs[0].graph_def.library.function.append(stray.function_def)
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(ModelRejected, match="operation 'ReadFile'"):
        load(zip_folder(folder))
    assert not marker.exists()


def test_a_frozen_graph_with_variables_is_refused() -> None:
    def build(tf: Any, x: Any) -> Any:
        return x * tf.raw_ops.ReadVariableOp(
            resource=tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=()), dtype=tf.float32
        )

    with pytest.raises(ModelRejected, match=r"'VarHandleOp'.*a graph without variables"):
        load(frozen_graph(build))


def test_devices_do_not_matter() -> None:
    def build(tf: Any, x: Any) -> Any:
        with tf.device("/job:worker/task:3/device:GPU:7"):
            return tf.reduce_sum(x, axis=1, name="y")

    assert load(frozen_graph(build)).score(Columns(1, {"x": np.ones((1, 3))})).result.tolist() == [3.0]
