"""NaiveBayesModel by the specification's formulas: products of counts' shares and densities."""

from __future__ import annotations

import math
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import number
from tests.engines.pmml.reference.links import power, softmax
from tests.engines.pmml.reference.prediction import Prediction, Site, largest
from tests.engines.pmml.reference.values import read


def predict(site: Site) -> Prediction:
    """Return the prediction; a missing or uncounted value says nothing."""
    logs = {
        one.attrib["value"]: math.log(number(one, "count"))
        for one in site.element.iterfind("BayesOutput/TargetValueCounts/TargetValueCount")
    }
    threshold = number(site.element, "threshold")
    for one in site.element.iterfind("BayesInputs/BayesInput"):
        field = site.scope.field(one.attrib["fieldName"])
        value = field.ask()
        if value is None:
            continue
        stats = one.find("TargetValueStats")
        if stats is not None:
            assert not isinstance(value, str)
            _add_densities(logs, stats, float(value), threshold)
            continue
        pairs = [pair for pair in one.iterfind("PairCounts") if read(pair.attrib["value"], field.kind) == value]
        if pairs:
            _add_counts(logs, one, pairs[0], threshold)
    names = list(logs)
    shares = dict(zip(names, softmax(list(logs.values())), strict=True))
    return Prediction(largest(shares), shares)


def _add_densities(logs: dict[str, float], stats: ET.Element, value: float, threshold: float) -> None:
    for one in stats:
        mean, variance = number(one[0], "mean"), number(one[0], "variance")
        log = -power(value - mean, 2) / (2 * variance) - math.log(2 * math.pi * variance) / 2
        logs[one.attrib["value"]] += max(log, math.log(threshold))


def _counts(pair: ET.Element) -> dict[str, float]:
    return {one.attrib["value"]: number(one, "count") for one in pair.iter("TargetValueCount")}


def _add_counts(logs: dict[str, float], bayes_input: ET.Element, pair: ET.Element, threshold: float) -> None:
    every = [_counts(one) for one in bayes_input.iterfind("PairCounts")]
    for label, count in _counts(pair).items():
        total = sum(one[label] for one in every)
        share = count / total if total else 0.0
        logs[label] += math.log(share if share else threshold)
