"""Small ONNX models written by hand for tests: graphs of chosen operators, and real models changed in one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from streamscore_cli.core.models import Artifact, ModelFormat
from streamscore_cli.engines.onnx_engine import OnnxEngine
from streamscore_cli.engines.onnx_schema import model_class

FOLDER = Path(__file__).parent / "onnx"
FLOAT, INT64, STRING, BOOL, DOUBLE = 1, 7, 8, 9, 11
OPSET = 17
ML_OPSET = 3
GRAPH, TENSOR, INT, STRINGS, INTS = 5, 4, 2, 8, 7

Sizes = Sequence[int | str] | None


def fixture_bytes(name: str) -> bytes:
    return (FOLDER / f"{name}.onnx").read_bytes()


def parsed(data: bytes) -> Any:
    return model_class().FromString(data)


def load_onnx(data: bytes) -> Any:
    return OnnxEngine().load(Artifact.of(ModelFormat.ONNX, data))


def new_model() -> Any:
    """Return a model without nodes."""
    model = model_class()(ir_version=8)
    model.opset_import.add(domain="", version=OPSET)
    model.opset_import.add(domain="ai.onnx.ml", version=ML_OPSET)
    model.graph.name = "test"
    return model


def set_value(value: Any, name: str, elem_type: int, sizes: Sizes) -> None:
    """Describe an input or output; a size that is text is open."""
    value.name = name
    value.type.tensor_type.elem_type = elem_type
    for size in sizes or ():
        dim = value.type.tensor_type.shape.dim.add()
        if isinstance(size, int):
            dim.dim_value = size
        else:
            dim.dim_param = size


def add_node(graph: Any, op: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "") -> Any:
    return graph.node.add(op_type=op, input=inputs, output=outputs, domain=domain, name=f"{op} of {outputs[0]}")


def set_tensor(tensor: Any, name: str, values: NDArray[Any]) -> None:
    kinds = {"float32": FLOAT, "int64": INT64, "float64": DOUBLE}
    tensor.name = name
    tensor.data_type = kinds[values.dtype.name]
    tensor.dims.extend(values.shape)
    tensor.raw_data = values.tobytes()


def one_op(op: str, elem_type: int = FLOAT, sizes: Sizes = ("n", 3), out_type: int | None = None) -> Any:
    """Return a model of one operator from `x` to `y`."""
    model = new_model()
    set_value(model.graph.input.add(), "x", elem_type, sizes)
    set_value(model.graph.output.add(), "y", elem_type if out_type is None else out_type, None)
    add_node(model.graph, op, ["x"], ["y"])
    return model
