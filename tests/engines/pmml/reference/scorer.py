"""Scores one row with a document the slow and obvious way: fields, model, targets, outputs; no arrays, no tricks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference import (
    distances,
    general_regression,
    mining,
    naive_bayes,
    neural,
    regression,
    rule_set,
    scorecard,
    tree,
    vectors,
)
from tests.engines.pmml.reference.document import Document, Field, Row, Scope, mining_fields, number
from tests.engines.pmml.reference.expressions import as_type, derive, evaluate, expression_of
from tests.engines.pmml.reference.prediction import Prediction, Shares, Site, Told
from tests.engines.pmml.reference.values import Fault, Value

MODELS: dict[str, Callable[[Site], Prediction]] = {
    "TreeModel": tree.predict,
    "MiningModel": mining.predict,
    "RegressionModel": regression.predict,
    "GeneralRegressionModel": general_regression.predict,
    "NeuralNetwork": neural.predict,
    "RuleSetModel": rule_set.predict,
    "Scorecard": scorecard.predict,
    "SupportVectorMachineModel": vectors.predict,
    "ClusteringModel": distances.cluster,
    "NearestNeighborModel": distances.neighbours,
    "NaiveBayesModel": naive_bayes.predict,
}


@dataclass
class Answer:
    """What a document answers for one row; `fault` says why it cannot, and then the rest means nothing.

    `rounded`: the shares are sums over segments, in which what is equal may differ in the last digit.
    """

    value: Value = None
    probabilities: Shares | None = None
    outputs: dict[str, Value] = field(default_factory=dict)
    fault: str | None = None
    rounded: bool = False


def score(document: Document, row: Row) -> Answer:
    """Return the answer for one row."""
    try:
        prediction, outputs = _model(document, document.model, row, Scope(), None)
        told = {one.name: one.field.ask() for one in outputs if one.final}
    except Fault as fault:
        return Answer(fault=str(fault))
    rounded = document.model.tag == "MiningModel"
    return Answer(prediction.value, prediction.probabilities, told, rounded=rounded)


def _model(
    document: Document, element: ET.Element, row: Row, around: Scope, wanted: str | None
) -> tuple[Prediction, list[Told]]:
    """Return a model's prediction and its output fields."""
    schema = element.find("MiningSchema")
    assert schema is not None
    scope = mining_fields(document, schema, row, around)
    if not around.fields:
        derive(document, document.root.find("TransformationDictionary"), scope)
    derive(document, element.find("LocalTransformations"), scope)
    target = _target(schema) or wanted

    def inner(model: ET.Element, inside: Scope, name: str | None) -> tuple[Prediction, list[Told]]:
        return _model(document, model, row, inside, name)

    site = Site(document, element, scope, target, inner)
    prediction = _with_target(site, MODELS[element.tag](site))
    return prediction, _outputs(site, prediction)


def _target(schema: ET.Element) -> str | None:
    named = (one for one in schema if one.get("usageType") in {"target", "predicted"})
    return next((one.attrib["name"] for one in named), None)


def _with_target(site: Site, prediction: Prediction) -> Prediction:
    """Return what the Target makes of a prediction: default, bounds, factor, constant, whole number."""
    element = site.element.find("Targets/Target")
    if element is None:
        return prediction
    if site.function == "classification":
        return _priors(element, prediction)
    values = [one.attrib["defaultValue"] for one in element.iterfind("TargetValue") if "defaultValue" in one.attrib]
    value = prediction.value if prediction.value is not None or not values else float(values[0])
    if value is None:
        return prediction
    assert isinstance(value, int | float)
    value = min(max(float(value), number(element, "min", -math.inf)), number(element, "max", math.inf))
    value = value * number(element, "rescaleFactor", 1.0) + number(element, "rescaleConstant", 0.0)
    whole = element.get("castInteger")
    if whole is not None and math.isfinite(value):
        value = {"round": lambda x: math.floor(x + 0.5), "ceiling": math.ceil, "floor": math.floor}[whole](value)
    return replace(prediction, value=value)


def _priors(element: ET.Element, prediction: Prediction) -> Prediction:
    priors = {one.attrib["value"]: number(one, "priorProbability") for one in element.iterfind("TargetValue")}
    if prediction.value is not None or not priors:
        return prediction
    return replace(prediction, value=max(priors, key=lambda label: priors[label]), probabilities=priors)


def _outputs(site: Site, prediction: Prediction) -> list[Told]:
    found = []
    inside = Scope(site.scope)
    for one in site.element.iterfind("Output/OutputField"):
        kind = one.get("dataType") or "double"
        made = _output(site, one, prediction, inside)
        value = as_type(made, kind) if one.get("dataType") else made
        told = Field(kind, one.get("optype", "continuous"), _constantly(value))
        inside.fields[one.attrib["name"]] = told
        found.append(Told(one.attrib["name"], told, final=one.get("isFinalResult") != "false"))
    return found


def _constantly(value: Value) -> Callable[[], Value]:
    return lambda: value


def _output(site: Site, one: ET.Element, prediction: Prediction, scope: Scope) -> Value:
    feature = one.get("feature", "predictedValue")
    if feature == "predictedValue":
        return prediction.value
    if feature in {"transformedValue", "decision"}:
        return evaluate(site.document, expression_of(one), scope)
    rank = int(one.get("rank", "1")) - 1
    if feature in {"entityId", "clusterId"}:
        return prediction.entities[rank] if rank < len(prediction.entities) else None
    name = feature if rank == 0 else f"{feature}{rank + 1}"
    if name in prediction.extras:
        return prediction.extras[name]
    shares = {
        "probability": prediction.probabilities,
        "confidence": prediction.confidences,
        "affinity": prediction.affinities,
    }.get(feature)
    if shares is None or prediction.value is None:
        return None
    label = one.get("value") or str(prediction.value)
    return shares.get(label, 0.0)
