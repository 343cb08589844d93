"""Frozen TensorFlow graphs: the bytes of a GraphDef as a checked `GraphProgram`; it runs nothing."""

from __future__ import annotations

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.tensorflow_check import GraphDef, NodeDef, check_frozen, node_of, without_devices
from streamscore_cli.engines.tensorflow_length import check_calls
from streamscore_cli.engines.tensorflow_program import GraphProgram, InputTensor, OutputTensor, Shape, shape_of
from streamscore_cli.engines.tensorflow_runtime import import_tensorflow

_INPUT_OPS = {"Placeholder", "PlaceholderV2"}
_NO_ANSWER_OPS = {"NoOp", "Assert", "Const", "PlaceholderWithDefault", *_INPUT_OPS}
_PASSING_OPS = {"Identity", "StopGradient", "Cast", "CheckNumerics"}


def read_frozen_graph(data: bytes) -> GraphProgram:
    """Parse and check a frozen graph: inputs are its placeholders, outputs the nodes that no other takes.

    Raises `ModelRejected` for what is no GraphDef or has an operation that is not allowed, `ModelUnsupported` where
    there is no input, `MissingDependency` without TensorFlow.
    """
    import_tensorflow()
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework.graph_pb2 import GraphDef as GraphMessage

    try:
        graph = GraphMessage.FromString(data)
    except DecodeError as error:
        raise ModelRejected(f"The model is no readable TensorFlow GraphDef: {error}.") from None
    check_frozen(graph)
    check_calls(graph)
    taken = {node_of(item) for node in graph.node for item in node.input}
    return GraphProgram(
        without_devices(graph),
        tuple(_input(graph, node) for node in graph.node if node.op in _INPUT_OPS and node.name in taken),
        tuple(
            OutputTensor(node.name, node.name)
            for node in graph.node
            if node.name not in taken and node.op not in _NO_ANSWER_OPS
        ),
    )


def _input(graph: GraphDef, node: NodeDef) -> InputTensor:
    declared: Shape = shape_of(node.attr["shape"].shape) if "shape" in node.attr else None
    # Old exporters leave the shape out, or write it as that of a single number.
    shape = declared or _shape_by_weights(graph, node.name)
    return InputTensor(node.name, f"{node.name}:0", node.attr["dtype"].type, shape)


def _shape_by_weights(graph: GraphDef, name: str) -> Shape:
    """Return (-1, k) for an input that is first multiplied with weights of k rows, else None."""
    by_name = {node.name: node for node in graph.node}
    for node in graph.node:
        if node.op == "MatMul" and _source(by_name, node.input[0]) == name:
            weights = by_name.get(_source(by_name, node.input[1]))
            if weights is not None and weights.op == "Const":
                sizes = weights.attr["value"].tensor.tensor_shape.dim
                return (-1, int(sizes[1 if node.attr["transpose_b"].b else 0].size))
    return None


def _source(by_name: dict[str, NodeDef], tensor: str) -> str:
    """Return the node that a tensor comes from, past those that only hand it on."""
    name = node_of(tensor)
    seen = set()
    while name in by_name and by_name[name].op in _PASSING_OPS and name not in seen:
        seen.add(name)
        name = node_of(by_name[name].input[0])
    return name
