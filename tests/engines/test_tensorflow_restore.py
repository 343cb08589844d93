"""SavedModels that read files which are not theirs, really built, against checkpoints that TensorFlow wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamscore_cli.core.columns import Columns
from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.tensorflow_restore import check_restores
from streamscore_cli.engines.tensorflow_runtime import import_tensorflow
from tests.engines.graphs import zip_folder
from tests.engines.wine import load

pytestmark = pytest.mark.tensorflow

SECRET = 42.0
Prefix = Callable[[Any, Any, str], Any]
"""What makes the path to restore from, of (tf, the saver's path, the foreign path)."""


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """Return the prefix of a checkpoint that is not the model's and holds the weight 42."""
    return str(write_checkpoint(tmp_path / "elsewhere", SECRET))


def write_checkpoint(folder: Path, value: float) -> Path:
    tf = import_tensorflow()
    folder.mkdir(parents=True)
    path = folder / "variables"
    tf.raw_ops.SaveV2(prefix=str(path), tensor_names=["w"], shape_and_slices=[""], tensors=[tf.constant(value)])
    return path


def build_model(folder: Path, foreign: str, prefix: Prefix, place: str) -> bytes:
    """Return an archive of a model y = sum(x) * w whose variable w is 2 in its files; `place`: restore or start.

    Either step restores from the path that `prefix` makes.
    """
    tf = import_tensorflow()
    write_checkpoint(folder / "variables", 2.0)
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, (None, 3), name="x")
        path = tf.compat.v1.placeholder_with_default("model", (), name="path")
        weight = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=(), shared_name="w")
        y = tf.reduce_sum(x, axis=1) * tf.raw_ops.ReadVariableOp(resource=weight, dtype=tf.float32)

        def restore(prefix: Any, name: str) -> None:
            (value,) = tf.raw_ops.RestoreV2(
                prefix=prefix, tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32]
            )
            with tf.control_dependencies([tf.raw_ops.AssignVariableOp(resource=weight, value=value)]):
                tf.no_op(name=name)

        restore(path if place == "start" else prefix(tf, path, foreign), "restore")
        if place == "start":
            restore(prefix(tf, path, foreign), "start")
    save(folder, graph, y.name, start="start" if place == "start" else "")
    return zip_folder(folder)


def save(folder: Path, graph: Any, output: str, start: str) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    model = SavedModel()
    meta = model.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    meta.graph_def.CopyFrom(graph.as_graph_def())
    meta.saver_def.filename_tensor_name, meta.saver_def.restore_op_name = "path:0", "restore"
    if start:
        meta.collection_def["saved_model_main_op"].node_list.value.append(start)
    signature = meta.signature_def["serving_default"]
    for infos, name, tensor in ((signature.inputs, "x", "x:0"), (signature.outputs, "y", output)):
        found = graph.get_tensor_by_name(tensor)
        infos[name].name, infos[name].dtype = tensor, found.dtype.as_datatype_enum
        infos[name].tensor_shape.CopyFrom(found.shape.as_proto())
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())


def through_function(tf: Any, path: Any) -> Any:
    return tf.function(tf.identity)(path)


OWN: dict[str, Prefix] = {
    "the placeholder": lambda tf, path, _: path,
    "handed on": lambda tf, path, _: tf.identity(tf.identity(path)),
}
FOREIGN: dict[str, Prefix] = {
    "a constant": lambda tf, _, foreign: tf.constant(foreign),
    "a constant handed on": lambda tf, _, foreign: tf.identity(tf.constant(foreign)),
    "another placeholder": lambda tf, _, foreign: tf.compat.v1.placeholder_with_default(foreign, ()),
    "joined": lambda tf, path, foreign: tf.strings.join([tf.strings.substr(path, 0, 0), foreign]),
    "a choice": lambda tf, path, foreign: tf.where(tf.equal(path, "x"), path, foreign),
    "a function's result": lambda tf, path, foreign: through_function(tf, tf.constant(foreign)),
}


@pytest.mark.parametrize("prefix", OWN)
def test_a_model_restores_its_own_variables(tmp_path: Path, foreign: str, prefix: str) -> None:
    servable = load(build_model(tmp_path / "model", foreign, OWN[prefix], "restore"))
    assert servable.score(Columns(1, {"x": np.ones((1, 3))})).result.tolist() == [6.0]


@pytest.mark.parametrize("prefix", FOREIGN)
def test_no_model_restores_from_another_path(tmp_path: Path, foreign: str, prefix: str) -> None:
    data = build_model(tmp_path / "model", foreign, FOREIGN[prefix], "restore")
    with pytest.raises(ModelRejected, match=r"'RestoreV2' \(node '.*another path than the one of the model's own"):
        load(data)


@pytest.mark.parametrize("prefix", [*OWN, *FOREIGN])
def test_nothing_is_restored_by_what_runs_at_the_start(tmp_path: Path, foreign: str, prefix: str) -> None:
    data = build_model(tmp_path / "model", foreign, (OWN | FOREIGN)[prefix], "start")
    with pytest.raises(ModelRejected, match=r"'RestoreV2' \(node '.*not allowed in what is used for starting"):
        load(data)


def calling_graph(*prefixes: str) -> Any:
    """Return a graph that calls one restoring function, through another, for each prefix: "path" is the saver's."""
    tf = import_tensorflow()

    def restore(path: Any) -> Any:
        return tf.raw_ops.RestoreV2(prefix=path, tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32])[0]

    inner = tf.function(restore)
    outer = tf.function(lambda other, path: inner(tf.identity(path)))
    graph = tf.Graph()
    with graph.as_default():
        path = tf.compat.v1.placeholder(tf.string, (), name="path")
        for prefix in prefixes:
            outer(tf.constant("/a"), path if prefix == "path" else tf.constant(prefix))
    return graph.as_graph_def()


def test_the_path_is_followed_through_functions() -> None:
    check_restores(calling_graph("path"), "path:0")
    check_restores(calling_graph("path", "path"), "path:0")
    for prefixes in (("/etc",), ("path", "/etc"), ("/etc", "path")):
        with pytest.raises(ModelRejected, match=r"'RestoreV2' \(node '.*of the function '"):
            check_restores(calling_graph(*prefixes), "path:0")
    with pytest.raises(ModelRejected, match="'RestoreV2'"):
        check_restores(calling_graph("path"), "")


def test_a_branch_does_not_hand_the_path_on() -> None:
    tf = import_tensorflow()

    def restore(path: Any) -> Any:
        return tf.raw_ops.RestoreV2(prefix=path, tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32])[0]

    graph = tf.Graph()
    with graph.as_default():
        path = tf.compat.v1.placeholder(tf.string, (), name="path")
        tf.cond(tf.equal(path, "x"), lambda: restore(path), lambda: restore(tf.constant("/etc")))
    with pytest.raises(ModelRejected, match="'RestoreV2'"):
        check_restores(graph.as_graph_def(), "path:0")
