"""Distances and similarities by the specification's formulas, and the two kinds of model that use them."""

from __future__ import annotations

import math
import statistics
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import number
from tests.engines.pmml.reference.links import divide, exp, power
from tests.engines.pmml.reference.prediction import Prediction, Shares, Site
from tests.engines.pmml.reference.values import Fault, Value, read

_SIMILARITIES = {"simpleMatching", "jaccard", "tanimoto", "binarySimilarity"}


def cluster(site: Site) -> Prediction:
    """Return the nearest cluster; a row fails where nothing can be compared."""
    fields = [one for one in site.element.iterfind("ClusteringField") if one.get("isCenterField") != "false"]
    measure = _measure(site.element)
    weights = site.element.find("MissingValueWeights/Array")
    importance = [float(word) for word in (weights.text or "").split()] if weights is not None else [1.0] * len(fields)
    row = [site.scope.number(one.attrib["field"]) for one in fields]
    there = sum(q for q, value in zip(importance, row, strict=True) if value is not None)
    if not there:
        raise Fault("nothing to compare")
    found: Shares = {}
    for place, one in enumerate(site.element.iterfind("Cluster")):
        center = [float(word) for word in (one.findtext("Array") or "").split()]
        found[one.get("id", str(place + 1))] = _apart(measure, fields, row, center, sum(importance) / there)
    if any(math.isnan(value) for value in found.values()):
        raise Fault("undefined")
    pick = max if measure.tag in _SIMILARITIES else min
    winner = pick(found, key=lambda label: found[label])
    return Prediction(winner, affinities=found, entities=[winner])


def _measure(model: ET.Element) -> ET.Element:
    measure = model.find("ComparisonMeasure")
    assert measure is not None
    measure[0].set("compareFunction", measure.get("compareFunction", "absDiff"))
    return measure[0]


def _apart(
    measure: ET.Element, fields: list[ET.Element], row: list[float | None], center: list[float], adjustment: float
) -> float:
    pairs = [(one, value, other) for one, value, other in zip(fields, row, center, strict=True) if value is not None]
    if measure.tag in _SIMILARITIES:
        if len(pairs) < len(row) or any(x not in {0.0, 1.0} for _, x, _ in pairs):
            raise Fault("neither 0 nor 1")
        return _similarity(measure.tag, [(x == 1, y == 1) for _, x, y in pairs])
    terms = [
        (
            number(one, "fieldWeight", 1.0),
            _compared(one.get("compareFunction") or measure.attrib["compareFunction"], one, x, y),
        )
        for one, x, y in pairs
    ]
    if measure.tag == "chebychev":
        return max(w * abs(c) for w, c in terms) * adjustment
    p = {"cityBlock": 1.0, "minkowski": number(measure, "p-parameter", 2.0)}.get(measure.tag, 2.0)
    total = 0.0
    for w, c in terms:
        total += w * power(abs(c), p)
    if measure.tag in {"squaredEuclidean", "cityBlock"}:
        return total * adjustment
    return power(total * adjustment, 1 / p)


def _compared(function: str, field: ET.Element, x: float, y: float) -> float:
    if function == "gaussSim":
        return exp(-math.log(2) * power(x - y, 2) / number(field, "similarityScale") ** 2)
    if function == "delta":
        return 0.0 if x == y else 1.0
    return (1.0 if x == y else 0.0) if function == "equal" else x - y


def _similarity(tag: str, pairs: list[tuple[bool, bool]]) -> float:
    both, neither = sum(x and y for x, y in pairs), sum(not x and not y for x, y in pairs)
    other = len(pairs) - both - neither
    above, below = {
        "simpleMatching": (both + neither, both + neither + other),
        "jaccard": (both, both + other),
        "tanimoto": (both + neither, both + neither + 2 * other),
    }[tag]
    return above / below if below else math.nan


def neighbours(site: Site) -> Prediction:
    """Return what the nearest training records say; a row fails where nothing can be compared."""
    inputs = list(site.element.iterfind("KNNInputs/KNNInput"))
    measure = _measure(site.element)
    row = [site.scope.number(one.attrib["field"]) for one in inputs]
    there = sum(value is not None for value in row)
    if not there:
        raise Fault("nothing to compare")
    columns = {one.attrib["field"]: one.attrib["column"] for one in site.element.iter("InstanceField")}
    records = [{cell.tag: cell.text or "" for cell in one} for one in site.element.iter("row")]
    apart = []
    for record in records:
        point = [_numeric(site, one.attrib["field"], record[columns[one.attrib["field"]]]) for one in inputs]
        apart.append(_apart(measure, inputs, row, point, len(inputs) / there))
    order = sorted(range(len(records)), key=lambda place: apart[place])[
        : int(number(site.element, "numberOfNeighbors"))
    ]
    told = [(apart[place], records[place][columns[site.target or ""]]) for place in order]
    ids = [records[place][columns[site.element.attrib["instanceIdVariable"]]] for place in order]
    every = [record[columns[site.target or ""]] for record in records]
    return Prediction(_asked(site, told, every), entities=ids)


def _numeric(site: Site, name: str, text: str) -> float:
    value = read(text, site.scope.field(name).kind)
    assert not isinstance(value, str)
    assert value is not None
    return float(value)


def _asked(site: Site, told: list[tuple[float, str]], every: list[str]) -> Value:
    if site.function == "regression":
        method = site.element.get("continuousScoringMethod", "average")
        numbers = [float(text) for _, text in told]
        if method == "median":
            return statistics.median(numbers)
        weights = [_weight(site, far) if method == "weightedAverage" else 1.0 for far, _ in told]
        value = divide(sum(w * x for w, x in zip(weights, numbers, strict=True)), sum(weights))
        return None if math.isnan(value) else value
    weighted = site.element.get("categoricalScoringMethod") == "weightedMajorityVote"
    votes: Shares = {}
    for far, text in told:
        votes[text] = votes.get(text, 0.0) + (_weight(site, far) if weighted else 1.0)
    order = sorted(votes, key=lambda text: (-every.count(text), text))
    return str(read(max(order, key=lambda text: votes[text]), "string"))


def _weight(site: Site, far: float) -> float:
    return divide(1.0, far + number(site.element, "threshold", 0.001))
