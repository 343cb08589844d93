"""TreeModel by the specification's text: one node at a time."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import Scope, number
from tests.engines.pmml.reference.predicates import holds, predicate_of
from tests.engines.pmml.reference.prediction import Prediction, Site


def predict(site: Site) -> Prediction:
    """Return the prediction."""
    root = site.element.find("Node")
    assert root is not None
    node = _leaf(site.element, root, site.scope) if holds(predicate_of(root), site.scope) else None
    if node is None or node.get("score") is None:
        return Prediction()
    score = node.attrib["score"]
    if site.function == "regression":
        return Prediction(float(score))
    return Prediction(score, _shares(site, node), entities=[node.get("id", "")])


def _leaf(tree: ET.Element, node: ET.Element, scope: Scope) -> ET.Element | None:
    strategy = tree.get("missingValueStrategy", "none")
    while node.find("Node") is not None:
        following = None
        for child in node.iterfind("Node"):
            value = holds(predicate_of(child), scope)
            if value is None and strategy != "none":
                following = _at_unknown(node, strategy)
                if following is None or strategy == "lastPrediction":
                    return following
                break
            if value:
                following = child
                break
        if following is None:
            return node if tree.get("noTrueChildStrategy") == "returnLastPrediction" else None
        node = following
    return node


def _at_unknown(node: ET.Element, strategy: str) -> ET.Element | None:
    if strategy == "lastPrediction":
        return node
    if strategy == "defaultChild":
        return next(one for one in node.iterfind("Node") if one.get("id") == node.attrib["defaultChild"])
    return None


def _shares(site: Site, node: ET.Element) -> dict[str, float] | None:
    told = list(node.iterfind("ScoreDistribution"))
    if not told:
        return None
    shares = dict.fromkeys(site.labels, 0.0)
    total = sum(number(one, "recordCount") for one in told)
    for one in told:
        share = one.get("probability")
        shares[one.attrib["value"]] = number(one, "recordCount") / total if share is None else float(share)
    return shares
