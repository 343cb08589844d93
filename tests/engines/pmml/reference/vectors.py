"""SupportVectorMachineModel by the specification's formulas: one machine after the other."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import number
from tests.engines.pmml.reference.links import exp, power
from tests.engines.pmml.reference.prediction import Prediction, Shares, Site, largest
from tests.engines.pmml.reference.values import Fault, read

_KERNELS = {"LinearKernelType", "PolynomialKernelType", "RadialBasisKernelType", "SigmoidKernelType"}


def predict(site: Site) -> Prediction:
    """Return the prediction; a row with a missing value fails."""
    kernel = next(one for one in site.element if one.tag in _KERNELS)
    row = _vector(site)
    machines = list(site.element.iterfind("SupportVectorMachine"))
    values = [_value(site.element, machine, kernel, row) for machine in machines]
    if site.function == "regression":
        return Prediction(values[0])
    if site.element.get("classificationMethod") == "OneAgainstAll":
        return _against_all(site.element, machines, values)
    votes: Shares = {}
    for machine, value in zip(machines, values, strict=True):
        threshold = number(machine, "threshold", number(site.element, "threshold", 0.0))
        chosen = machine.attrib["targetCategory" if value < threshold else "alternateTargetCategory"]
        votes[chosen] = votes.get(chosen, 0.0) + 1
    return Prediction(largest(votes))


def _against_all(model: ET.Element, machines: list[ET.Element], values: list[float]) -> Prediction:
    most = model.get("maxWins") == "true"
    found = {one.attrib["targetCategory"]: value for one, value in zip(machines, values, strict=True)}
    return Prediction((max if most else min)(found, key=lambda label: found[label]))


def _vector(site: Site) -> list[float]:
    fields = site.element.find("VectorDictionary/VectorFields")
    assert fields is not None
    found = []
    for one in fields:
        field = site.scope.field(one.get("field") or one.attrib["name"])
        value = field.ask()
        if value is None:
            raise Fault("a vector field is missing")
        if one.tag == "CategoricalPredictor":
            found.append(number(one, "coefficient") if value == read(one.attrib["value"], field.kind) else 0.0)
        else:
            assert not isinstance(value, str)
            found.append(float(value))
    return found


def _value(model: ET.Element, machine: ET.Element, kernel: ET.Element, row: list[float]) -> float:
    vectors = {
        one.attrib["id"]: [float(word) for word in (one[0].text or "").split()]
        for one in model.iterfind("VectorDictionary/VectorInstance")
    }
    named = [one.attrib["vectorId"] for one in machine.iterfind("SupportVectors/SupportVector")]
    coefficients = machine.find("Coefficients")
    assert coefficients is not None
    total = 0.0
    for name, one in zip(named, coefficients, strict=True):
        total += number(one, "value") * _kernel(kernel, row, vectors[name])
    return total + number(coefficients, "absoluteValue", 0.0)


def _kernel(kernel: ET.Element, row: list[float], vector: list[float]) -> float:
    dot = 0.0
    for x, y in zip(row, vector, strict=True):
        dot += x * y
    gamma, coef0 = number(kernel, "gamma", 1.0), number(kernel, "coef0", 1.0)
    if kernel.tag == "LinearKernelType":
        return dot
    if kernel.tag == "PolynomialKernelType":
        return power(gamma * dot + coef0, number(kernel, "degree", 1.0))
    if kernel.tag == "SigmoidKernelType":
        return math.tanh(gamma * dot + coef0)
    return exp(-gamma * sum(power(x - y, 2) for x, y in zip(row, vector, strict=True)))
