"""Scorecard by the specification's text: the first attribute that holds of each characteristic, and the reasons."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import number
from tests.engines.pmml.reference.expressions import evaluate, expression_of
from tests.engines.pmml.reference.predicates import holds, predicate_of
from tests.engines.pmml.reference.prediction import Prediction, Site
from tests.engines.pmml.reference.values import Fault


def predict(site: Site) -> Prediction:
    """Return the score; a row fails where a characteristic has no attribute that holds, or one without points."""
    card = site.element
    total = number(card, "initialScore", 0.0)
    lost: dict[str, float] = {}
    for characteristic in card.iterfind("Characteristics/Characteristic"):
        attribute = next((one for one in characteristic if holds(predicate_of(one), site.scope)), None)
        points = None if attribute is None else _points(site, attribute)
        if attribute is None or points is None:
            raise Fault("a characteristic has no points")
        total += points
        if card.get("useReasonCodes") != "false":
            code = attribute.get("reasonCode") or characteristic.attrib["reasonCode"]
            baseline = number(characteristic, "baselineScore", number(card, "baselineScore", 0.0))
            below = card.get("reasonCodeAlgorithm", "pointsBelow") == "pointsBelow"
            lost[code] = lost.get(code, 0.0) + (baseline - points if below else points - baseline)
    ranked = sorted((code for code in lost if lost[code] >= 0), key=lambda code: -lost[code])
    codes = {f"reasonCode{rank + 1}" if rank else "reasonCode": code for rank, code in enumerate(ranked)}
    return Prediction(total, extras=dict(codes))


def _points(site: Site, attribute: ET.Element) -> float | None:
    complex_score = attribute.find("ComplexPartialScore")
    if complex_score is None:
        return number(attribute, "partialScore")
    value = evaluate(site.document, expression_of(complex_score), site.scope)
    assert not isinstance(value, str)
    return None if value is None else float(value)
