"""RegressionModel by the specification's formulas: one table after the other."""

from __future__ import annotations

import math
from itertools import pairwise
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import Scope, number
from tests.engines.pmml.reference.links import LINKS, power, simplemax, softmax
from tests.engines.pmml.reference.prediction import Prediction, Site, largest
from tests.engines.pmml.reference.values import read


def predict(site: Site) -> Prediction:
    """Return the prediction; none where a number that is needed is missing."""
    tables = list(site.element.iterfind("RegressionTable"))
    values = []
    for table in tables:
        value = _linear(table, site.scope)
        if value is None or math.isnan(value):
            return Prediction()
        values.append(value)
    method = site.element.get("normalizationMethod", "none")
    if site.function == "regression":
        return Prediction(LINKS[method](values[0]))
    shares = _normalized(site, method, values)
    if any(math.isnan(share) for share in shares):
        return Prediction()
    found = {table.attrib["targetCategory"]: share for table, share in zip(tables, shares, strict=True)}
    return Prediction(largest(found), found)


def _linear(table: ET.Element, scope: Scope) -> float | None:
    total = 0.0
    for one in table:
        term = {"NumericPredictor": _numeric, "CategoricalPredictor": _category, "PredictorTerm": _product}[one.tag]
        value = term(one, scope)
        if value is None:
            return None
        total += value
    return total + number(table, "intercept")


def _numeric(one: ET.Element, scope: Scope) -> float | None:
    value = scope.number(one.attrib["name"])
    return None if value is None else number(one, "coefficient") * power(value, number(one, "exponent", 1))


def _category(one: ET.Element, scope: Scope) -> float:
    field = scope.field(one.attrib["name"])
    same = field.ask() == read(one.attrib["value"], field.kind)
    return number(one, "coefficient") if same else 0.0


def _product(one: ET.Element, scope: Scope) -> float | None:
    result = number(one, "coefficient")
    for reference in one.iterfind("FieldRef"):
        value = scope.number(reference.attrib["field"])
        if value is None:
            return None
        result *= value
    return result


def _normalized(site: Site, method: str, values: list[float]) -> list[float]:
    data = site.document.data[site.target or ""]
    if method == "softmax":
        return softmax(values)
    if method == "simplemax":
        return simplemax(values)
    linked = [LINKS[method](value) for value in values]
    ordinal, binary = data.attrib["optype"] == "ordinal", len(values) == 2
    if method == "none" and (ordinal or binary):
        linked = [min(1.0, max(0.0, one)) for one in linked]
    if ordinal:
        steps = [0.0, *linked[:-1], 1.0]
        return [high - low for low, high in pairwise(steps)]
    if binary:
        return [linked[0], 1 - linked[0]]
    if method == "none":
        return [*linked[:-1], 1 - sum(linked[:-1])]
    return simplemax(linked)
