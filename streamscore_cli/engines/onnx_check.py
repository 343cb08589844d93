"""The bytes of an ONNX model as a checked message, before ONNX Runtime sees any of it; it runs nothing.

What is known is copied, what is not is dropped: the run time gets the message that was checked, written anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from google.protobuf.message import DecodeError

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.onnx_schema import OnnxMessage, model_class
from streamscore_cli.engines.onnx_trees import TREES, check_trees

ML_DOMAIN = "ai.onnx.ml"
DOMAINS = frozenset({"", "ai.onnx", ML_DOMAIN})
"""Whose operators are pure computation: the ONNX standard's own."""

MAX_NODES = 20_000
"""Nodes of all graphs of a model; ONNX Runtime takes 16 s to load that many where each takes the one before twice."""

MAX_TENSORS = 100_000

_ELEMENTS_A_VALUE = 4  # the smallest elements have two bits, four in a byte of raw_data or a number of int32_data
_LOOPS = frozenset({"Loop", "Scan", "SequenceMap"})
_RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)
_EXTERNAL = 1
_VALUES = ("raw_data", "float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")


def read_model(data: bytes) -> OnnxMessage:
    """Parse and check a model; raises `ModelRejected` for what is unsafe, `ModelUnsupported` for what is not taken.

    Refused: operators that are not of the ONNX standard, functions, loops, random numbers, tensors that are in other
    files or larger than their data, sparse tensors, trees that do not end, training. The branches of If are checked as
    the graph itself is.
    """
    try:
        model = model_class().FromString(data)
    except DecodeError as error:
        raise ModelRejected(f"The model is no readable ONNX model: {error}.") from None
    model.DiscardUnknownFields()
    _check_whole(model)
    nodes = tensors = 0
    for graph in graphs_of(model.graph):
        nodes += len(graph.node)
        tensors += len(graph.initializer)
        if nodes > MAX_NODES or tensors > MAX_TENSORS:
            raise ModelRejected(f"The ONNX model has more than {MAX_NODES:,} nodes or {MAX_TENSORS:,} tensors.")
        _check_graph(graph)
    kept = [opset for opset in model.opset_import if opset.domain in DOMAINS]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return model


def graphs_of(graph: OnnxMessage) -> Iterator[OnnxMessage]:
    """Yield the graph and all graphs in its nodes; how deep they nest is limited by protobuf's parser."""
    waiting = [graph]
    while waiting:
        one = waiting.pop()
        yield one
        for node in one.node:
            for attribute in node.attribute:
                waiting.extend([attribute.g] if attribute.HasField("g") else [])
                waiting.extend(attribute.graphs)


def _check_whole(model: OnnxMessage) -> None:
    if not model.HasField("graph") or not model.graph.node:
        raise ModelRejected("The ONNX model has no graph, or one without a node.")
    if model.training_info:
        raise ModelRejected("The ONNX model has a training graph.", "Export it for inference.")
    if model.functions:
        raise ModelUnsupported(
            f"The ONNX model has {len(model.functions)} functions of its own.",
            "Inline them before publishing: onnx.inliner.inline_local_functions.",
        )


def _check_graph(graph: OnnxMessage) -> None:
    if graph.sparse_initializer:
        raise ModelUnsupported("The ONNX model has sparse tensors.", "Export it with dense ones.")
    for tensor in graph.initializer:
        _check_tensor(tensor, f"tensor '{tensor.name!s:.100}'")
    for node in graph.node:
        _check_node(node)
        for attribute in node.attribute:
            _check_attribute(attribute, _place(node))


def _check_node(node: OnnxMessage) -> None:
    if node.domain not in DOMAINS:
        raise ModelRejected(
            f"The ONNX model has the operator '{node.op_type!s:.100}' of the domain '{node.domain!s:.100}' "
            f"({_place(node)}); only those of the ONNX standard (ai.onnx, ai.onnx.ml) are taken.",
            "Export the model without operators of its own or of a run time's.",
        )
    if node.op_type in _LOOPS:
        raise ModelRejected(
            f"The ONNX model has the loop '{node.op_type}' ({_place(node)}): nothing tells whether and when it ends.",
            "Export the model with its loops unrolled.",
        )
    if node.op_type in _RANDOM:
        raise ModelRejected(
            f"The ONNX model has the operator '{node.op_type}' ({_place(node)}): it would answer differently each time."
        )
    if node.domain == ML_DOMAIN and node.op_type in TREES:
        check_trees(node, _place(node))


def _check_attribute(attribute: OnnxMessage, place: str) -> None:
    what = f"attribute '{attribute.name!s:.100}' ({place})"
    if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
        raise ModelUnsupported(f"The ONNX model has a sparse tensor: {what}.", "Export it with dense ones.")
    if attribute.HasField("ref_attr_name"):
        raise ModelRejected(f"The ONNX model's {what} refers to a function's, and there is no function.")
    if attribute.HasField("t"):
        _check_tensor(attribute.t, what)
    for tensor in attribute.tensors:
        _check_tensor(tensor, what)


def _check_tensor(tensor: OnnxMessage, what: str) -> None:
    if tensor.data_location == _EXTERNAL or tensor.external_data:
        raise ModelRejected(
            f"The ONNX model keeps data in other files: {what}.",
            "Save it as one file: onnx.save(model, path, save_as_external_data=False).",
        )
    if tensor.HasField("segment"):
        raise ModelUnsupported(f"The ONNX model has a tensor in segments: {what}.")
    if any(size < 0 for size in tensor.dims):
        raise ModelRejected(f"The ONNX model has a tensor of negative size: {what}.")
    elements = math.prod(tensor.dims)
    stored = sum(len(getattr(tensor, name)) for name in _VALUES)
    if elements > _ELEMENTS_A_VALUE * stored:
        raise ModelRejected(f"The ONNX model's {what} says {elements:.6g} elements, and there is data for fewer.")


def _place(node: OnnxMessage) -> str:
    if node.name:
        return f"node '{node.name!s:.100}'"
    return f"the node that makes '{next(iter(node.output), '')!s:.100}'"
