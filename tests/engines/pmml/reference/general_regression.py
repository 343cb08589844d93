"""GeneralRegressionModel by the specification's formulas: parameters, their products, and the link."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import number
from tests.engines.pmml.reference.links import LINKS, divide, exp, logit, power, softmax
from tests.engines.pmml.reference.prediction import Prediction, Site, largest
from tests.engines.pmml.reference.values import Fault, Value, read


def predict(site: Site) -> Prediction:
    """Return the prediction; none where a factor or covariate is missing."""
    kind = site.element.attrib["modelType"]
    try:
        if site.function == "regression":
            return Prediction(_mean(site, kind, None))
        if kind == "multinomialLogistic":
            return _classified(site, softmax([_linear(site, one) for one in site.labels]))
        if kind == "ordinalMultinomial":
            return _classified(site, _ordinal(site))
        told = {one.get("targetCategory") for one in site.element.iterfind("ParamMatrix/PCell")}
        first = next(one for one in site.labels if one in told)
        mean = _mean(site, kind, first)
        return _classified(site, [mean if one == first else 1 - mean for one in site.labels])
    except _MissingTerm:
        return Prediction()


class _MissingTerm(Exception):
    """A factor or covariate without a value."""


def _classified(site: Site, shares: list[float]) -> Prediction:
    if any(math.isnan(share) for share in shares):
        return Prediction()
    found = dict(zip(site.labels, shares, strict=True))
    told = {one.get("targetCategory") for one in site.element.iterfind("ParamMatrix/PCell")}
    return Prediction(largest(found, sorted(found, key=lambda label: label not in told)), found)


def _ordinal(site: Site) -> list[float]:
    link = LINKS[site.element.attrib["cumulativeLink"]]
    below = [link(_linear(site, one, None) + _amount(site, "offset", 0.0)) for one in site.labels[:-1]]
    steps = [0.0, *below, 1.0]
    return [high - low for low, high in pairwise(steps)]


def _mean(site: Site, kind: str, category: str | None) -> float:
    value = _linear(site, category)
    if kind != "generalizedLinear":
        return value
    value += _amount(site, "offset", 0.0)
    return _inverse(site.element)(value) * _amount(site, "trials", 1.0)


def _inverse(element: ET.Element) -> Callable[[float], float]:
    link = element.attrib["linkFunction"]
    d, c = number(element, "linkParameter"), number(element, "distParameter")
    if link == "negbin":
        return lambda y: divide(1.0, c * (exp(-y) - 1))
    if link == "power":
        return exp if d == 0 else lambda y: power(y, 1 / d)
    if link == "oddspower":
        return logit if d == 0 else lambda y: 1 / (1 + power(1 + d * y, -1 / d))
    return LINKS[link]


def _amount(site: Site, what: str, default: float) -> float:
    name = site.element.get(f"{what}Variable")
    if name is None:
        return number(site.element, f"{what}Value", default)
    value = site.scope.number(name)
    if value is None:
        raise Fault(f"{name} is missing")
    return value


def _linear(site: Site, *categories: str | None) -> float:
    """Return the sum of the parameters of these categories, each times its product."""
    total = 0.0
    cells = list(site.element.iterfind("ParamMatrix/PCell"))
    for category in categories:
        for cell in cells:
            if cell.get("targetCategory") == category:
                total += number(cell, "beta") * _term(site, cell.attrib["parameterName"])
    return total


def _term(site: Site, parameter: str) -> float:
    """Return a parameter's product; its factors come first, and one that does not match makes it 0, as in JPMML."""
    cells = [one for one in site.element.iterfind("PPMatrix/PPCell") if one.get("parameterName") == parameter]
    factors = {one.attrib["name"] for one in site.element.iterfind("FactorList/Predictor")}
    for cell in cells:
        if cell.attrib["predictorName"] in factors:
            field = site.scope.field(cell.attrib["predictorName"])
            if _there(field.ask()) != read(cell.attrib["value"], field.kind):
                return 0.0
    result = 1.0
    for cell in cells:
        if cell.attrib["predictorName"] not in factors:
            value = _there(site.scope.value(cell.attrib["predictorName"]))
            assert not isinstance(value, str)
            result *= power(float(value), number(cell, "value"))
    return result


def _there(value: Value) -> float | str:
    if value is None:
        raise _MissingTerm
    return value
