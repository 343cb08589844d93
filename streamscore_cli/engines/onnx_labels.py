"""Class labels in an ONNX graph: what ZipMap would name is told once, not in a map a record; it runs nothing."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from streamscore_cli.engines.onnx_check import ML_DOMAIN, graphs_of
from streamscore_cli.engines.onnx_schema import OnnxMessage

Labels = tuple[str, ...]

_LABEL_ATTRIBUTES = ("classlabels_strings", "classlabels_ints", "classlabels_int64s")
_PASSING = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
_FLOAT, _STRING, _INT32, _INT64 = 1, 8, 6, 7


@dataclass(frozen=True, slots=True)
class ClassLabels:
    """Labels of probabilities: by the name of an output that has these (`maps`) or that has the label (`answers`)."""

    maps: dict[str, Labels]
    answers: dict[str, Labels]


def take_class_labels(model: OnnxMessage) -> ClassLabels:
    """Put Identity in place of every ZipMap that makes an output, and return what labels the outputs have.

    The output then is the table of probabilities, columns in the order of the labels.
    """
    graph = model.graph
    taken = {name for one in graphs_of(graph) for node in one.node for name in node.input}
    outputs = {output.name: output for output in graph.output}
    maps: dict[str, Labels] = {}
    for node in graph.node:
        name = node.output[0] if len(node.output) == 1 else ""
        if _is_ml(node, "ZipMap") and name in outputs and name not in taken:
            maps[name] = _labels_of(node)
            _make_identity(node, outputs[name])
    makers = {name: node for node in graph.node for name in node.output}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    found = {name: _traced(name, makers, constants) for name in outputs if name not in maps}
    return ClassLabels(maps, {name: labels for name, labels in found.items() if labels})


def _is_ml(node: OnnxMessage, op_type: str) -> bool:
    return bool(node.domain == ML_DOMAIN and node.op_type == op_type)


def _make_identity(node: OnnxMessage, output: OnnxMessage) -> None:
    node.op_type = "Identity"
    node.domain = ""
    del node.attribute[:]
    output.ClearField("type")
    output.type.tensor_type.elem_type = _FLOAT


def _traced(name: str, makers: dict[str, OnnxMessage], constants: dict[str, OnnxMessage]) -> Labels:
    """Return the labels of which an output is one a record, as far as the way that common converters take is known."""
    seen: set[str] = set()
    while name in makers and name not in seen:
        seen.add(name)
        node = makers[name]
        if node.domain == ML_DOMAIN:
            return _labels_given(node, name, constants)
        if node.op_type not in _PASSING or not node.input:
            break
        name = node.input[0]
    return ()


def _labels_given(node: OnnxMessage, name: str, constants: dict[str, OnnxMessage]) -> Labels:
    if node.op_type == "ArrayFeatureExtractor" and node.input and node.input[0] in constants:
        return _values(constants[node.input[0]])
    return _labels_of(node) if len(node.output) > 1 and name == node.output[0] else ()


def _labels_of(node: OnnxMessage) -> Labels:
    by_name = {attribute.name: attribute for attribute in node.attribute}
    for attribute in (by_name[name] for name in _LABEL_ATTRIBUTES if name in by_name):
        if attribute.strings or attribute.ints:
            return tuple(_text(value) for value in (attribute.strings or attribute.ints))
    return ()


def _values(tensor: OnnxMessage) -> Labels:
    if tensor.data_type == _STRING:
        return tuple(map(_text, tensor.string_data))
    if tensor.data_type == _INT64:
        return tuple(map(str, tensor.int64_data or _unpacked("q", tensor.raw_data)))
    if tensor.data_type == _INT32:
        return tuple(map(str, tensor.int32_data or _unpacked("i", tensor.raw_data)))
    return ()


def _unpacked(kind: str, data: bytes) -> tuple[int, ...]:
    count = len(data) // struct.calcsize(f"<{kind}")
    return struct.unpack_from(f"<{count}{kind}", data)


def _text(value: bytes | int) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
