"""A network of the shape of the Crayfish benchmark's, with random weights, for where `../shared` is absent."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

WIDTHS = (784, 32, 32, 32, 32, 10)
OPSET = 14
IR_VERSION = 7
SEED = 7


def network() -> bytes:
    """Return 784 inputs as (batch, 1, 784), four hidden layers of 32 with ReLU, and 10 outputs, as ONNX."""
    from onnx import TensorProto, helper, numpy_helper

    draw = np.random.default_rng(SEED)
    shape = numpy_helper.from_array(np.array([-1, WIDTHS[0]], np.int64), "shape")
    nodes, weights, last = [helper.make_node("Reshape", ["input", "shape"], ["flat"])], [shape], "flat"
    final = len(WIDTHS) - 2
    for layer, (fed, given) in enumerate(pairwise(WIDTHS)):
        matrix = draw.normal(0, fed**-0.5, (given, fed)).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"weight{layer}"))
        weights.append(numpy_helper.from_array(np.zeros(given, np.float32), f"bias{layer}"))
        name = "output" if layer == final else f"sum{layer}"
        inputs = [last, f"weight{layer}", f"bias{layer}"]
        nodes.append(helper.make_node("Gemm", inputs, [name], transB=1))
        if layer < final:
            last = f"active{layer}"
            nodes.append(helper.make_node("Relu", [name], [last]))
    graph = helper.make_graph(
        nodes,
        "ffnn",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch_size", 1, WIDTHS[0]])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch_size", WIDTHS[-1]])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    made: bytes = model.SerializeToString()
    return made
