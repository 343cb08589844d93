from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.crayfish import DISTINCT, FLOATS, payloads
from benchmarks.made_network import network


def test_a_payload_is_what_the_crayfish_benchmark_sends() -> None:
    found = payloads()
    assert len(found) == len(set(found)) == DISTINCT
    for payload in found:
        body = json.loads(payload)
        assert list(body) == ["creationTimestamp", "dataPointSz1", "dataPointSz2", "dataPoint", "prediction"]
        assert (body["dataPointSz1"], body["dataPointSz2"], body["prediction"]) == (1, FLOATS, None)
        *numbers, behind = body["dataPoint"].split(",")
        assert behind == ""
        values = np.array([float(number) for number in numbers])
        assert values.shape == (FLOATS,)
        assert np.array_equal(values.astype(np.float32).astype(str), numbers)


def test_the_made_network_has_the_shape_of_the_original() -> None:
    pytest.importorskip("onnx", reason="onnx makes it")
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime runs it")
    session = onnxruntime.InferenceSession(network(), providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    assert (given.name, given.shape) == ("input", ["batch_size", 1, FLOATS])
    draw = np.random.default_rng(3).random((5, 1, FLOATS), dtype=np.float32)
    [found] = session.run(None, {"input": draw})
    assert found.shape == (5, 10)
    assert len(np.unique(found)) == 50
