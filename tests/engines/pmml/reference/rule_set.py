"""RuleSetModel by the specification's text: rules in order, and the three ways to choose among them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import Scope, number
from tests.engines.pmml.reference.predicates import holds, predicate_of
from tests.engines.pmml.reference.prediction import Prediction, Shares, Site, largest


def predict(site: Site) -> Prediction:
    """Return the prediction."""
    rules = site.element.find("RuleSet")
    assert rules is not None
    criterion = rules[0].attrib["criterion"]
    fired: list[ET.Element] = []
    for one in rules:
        fired += _fired(one, site.scope)
    if not fired:
        default = rules.get("defaultScore")
        confidence = {} if default is None else {default: number(rules, "defaultConfidence")}
        return Prediction(default, confidences=confidence)
    if criterion == "weightedSum":
        return _summed(fired)
    winner = fired[0] if criterion == "firstHit" else max(fired, key=_weight)
    shares: Shares = {}
    for rule in sorted(fired, key=_weight, reverse=True) if criterion == "weightedMax" else fired:
        shares.setdefault(rule.attrib["score"], number(rule, "confidence", 1.0))
    return Prediction(winner.attrib["score"], confidences=shares, entities=[winner.attrib["id"]])


def _weight(rule: ET.Element) -> float:
    return number(rule, "weight", 1.0)


def _fired(rule: ET.Element, scope: Scope) -> list[ET.Element]:
    if rule.tag not in {"SimpleRule", "CompoundRule"} or not holds(predicate_of(rule), scope):
        return []
    if rule.tag == "SimpleRule":
        return [rule]
    return [found for inner in rule for found in _fired(inner, scope)]


def _summed(fired: list[ET.Element]) -> Prediction:
    sums: Shares = {}
    for rule in fired:
        sums[rule.attrib["score"]] = sums.get(rule.attrib["score"], 0.0) + _weight(rule)
    winner = largest(sums)
    rule = max((rule for rule in fired if rule.attrib["score"] == winner), key=_weight)
    shares = {label: total / len(fired) for label, total in sums.items()}
    return Prediction(winner, confidences=shares, entities=[rule.attrib["id"]])
