"""NeuralNetwork by the specification's formulas: one neuron after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import number
from tests.engines.pmml.reference.expressions import as_type, evaluate, expression_of
from tests.engines.pmml.reference.links import divide, exp, logit, simplemax, softmax
from tests.engines.pmml.reference.prediction import Prediction, Site, largest
from tests.engines.pmml.reference.values import Fault

_ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "logistic": logit,
    "tanh": math.tanh,
    "identity": lambda z: z,
    "exponential": exp,
    "reciprocal": lambda z: divide(1.0, z),
    "square": lambda z: z * z,
    "Gauss": lambda z: exp(-z * z),
    "sine": lambda z: math.sin(z) if math.isfinite(z) else math.nan,
    "cosine": lambda z: math.cos(z) if math.isfinite(z) else math.nan,
    "Elliott": lambda z: z / (1 + abs(z)),
    "arctan": lambda z: 2 * math.atan(z) / math.pi,
    "rectifier": lambda z: max(0.0, z),
}


def predict(site: Site) -> Prediction:
    """Return the prediction; none where an input is missing."""
    state: dict[str, float] = {}
    for one in site.element.iterfind("NeuralInputs/NeuralInput"):
        derived = one[0]
        value = as_type(evaluate(site.document, expression_of(derived), site.scope), derived.attrib["dataType"])
        if value is None:
            return Prediction()
        assert not isinstance(value, str)
        state[one.attrib["id"]] = float(value)
    for layer in site.element.iterfind("NeuralLayer"):
        state.update(_layer(site.element, layer, state))
    outputs = list(site.element.iterfind("NeuralOutputs/NeuralOutput"))
    if site.function == "regression":
        return Prediction(_number(outputs[0], state))
    found = {expression_of(one[0]).attrib["value"]: state[one.attrib["outputNeuron"]] for one in outputs}
    if any(math.isnan(value) for value in found.values()):
        return Prediction()
    winner = largest(found)
    neuron = next(one for one in outputs if expression_of(one[0]).attrib["value"] == winner)
    return Prediction(winner, found, entities=[neuron.attrib["outputNeuron"]])


def _said(name: str, *elements: ET.Element) -> str:
    return next((one.attrib[name] for one in elements if name in one.attrib), "")


def _layer(network: ET.Element, layer: ET.Element, state: dict[str, float]) -> dict[str, float]:
    function = _said("activationFunction", layer, network)
    found = {}
    for neuron in layer.iterfind("Neuron"):
        found[neuron.attrib["id"]] = _neuron(network, layer, neuron, state, function)
    method = _said("normalizationMethod", layer, network)
    if method in {"softmax", "simplemax"}:
        values = (softmax if method == "softmax" else simplemax)(list(found.values()))
        return dict(zip(found, values, strict=True))
    return found


def _neuron(
    network: ET.Element, layer: ET.Element, neuron: ET.Element, state: dict[str, float], function: str
) -> float:
    pairs = [(number(one, "weight"), state[one.attrib["from"]]) for one in neuron.iterfind("Con")]
    if function == "radialBasis":
        width = float(_said("width", neuron, layer, network))
        altitude = float(_said("altitude", neuron, layer, network) or 1)
        z = sum((weight - value) ** 2 for weight, value in pairs) / (2 * width * width)
        return exp(len(pairs) * math.log(altitude) - z)
    z = 0.0
    for weight, value in pairs:
        z += weight * value
    z += number(neuron, "bias", 0.0)
    if function == "threshold":
        return 1.0 if z > float(_said("threshold", layer, network) or 0) else 0.0
    return _ACTIVATIONS[function](z)


def _number(output: ET.Element, state: dict[str, float]) -> float:
    value = state[output.attrib["outputNeuron"]]
    expression = expression_of(output[0])
    if expression.tag == "FieldRef":
        return value
    points = [(number(one, "orig"), number(one, "norm")) for one in expression]
    if expression.get("outliers", "asIs") != "asIs" and not points[0][1] <= value <= points[-1][1]:
        raise Fault("beyond the normalization")
    pieces = list(pairwise(points))
    low, high = next((piece for piece in pieces if value < piece[1][1]), pieces[-1])
    return low[0] + (value - low[1]) / (high[1] - low[1]) * (high[0] - low[0])
