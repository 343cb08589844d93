"""TensorFlow graphs and archives made for tests, good and malicious; TensorFlow is imported in the functions."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from streamscore_cli.engines.tensorflow_runtime import import_tensorflow

Tensor = Any


def frozen_graph(build: Callable[[Any, Tensor], Tensor], width: int = 3) -> bytes:
    """Return the bytes of a graph with the placeholder `x` of `width` floats, continued by `build(tf, x)`."""
    tf = import_tensorflow()
    graph = tf.Graph()
    with graph.as_default():
        build(tf, tf.compat.v1.placeholder(tf.float32, (None, width), name="x"))
    data: bytes = graph.as_graph_def().SerializeToString()
    return data


def pruned_to(data: bytes, output: str) -> bytes:
    """Return a graph cut to what one output needs, as the tools that freeze graphs do."""
    tf = import_tensorflow()
    graph = tf.compat.v1.GraphDef.FromString(data)
    pruned: bytes = tf.compat.v1.graph_util.extract_sub_graph(graph, [output]).SerializeToString()
    return pruned


def save_module(folder: Path, answer: Callable[[Any, Tensor, Tensor], Any], width: int = 3) -> Path:
    """Save a module with one weight matrix (all 2.0) whose serving signature is `answer(tf, x, weights)`."""
    tf = import_tensorflow()

    class Module(tf.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.weights = tf.Variable(np.full((width, 2), 2.0, dtype=np.float32))

        def __call__(self, x: Tensor) -> Any:
            return answer(tf, x, self.weights)

    module = Module()
    function = tf.function(module.__call__, input_signature=[tf.TensorSpec((None, width), tf.float32, name="x")])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": function})
    return folder


def zip_folder(folder: Path, prefix: str = "") -> bytes:
    """Zip a directory as `zip -r` does."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, prefix + str(path.relative_to(folder)))
    return buffer.getvalue()


def with_member(data: bytes, name: str, content: bytes = b"x", mode: int = stat.S_IFREG | 0o644) -> bytes:
    """Return the archive with one more member, of whatever name and kind."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, content)
    return buffer.getvalue()
