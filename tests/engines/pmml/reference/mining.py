"""MiningModel by the specification's text: the segments that take part, and what their predictions make together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import number
from tests.engines.pmml.reference.predicates import holds, predicate_of
from tests.engines.pmml.reference.prediction import Prediction, Shares, Site, largest

_SUMS = {"sum", "weightedSum"}
_CHAINS = {"modelChain", "multiModelChain"}


@dataclass
class Vote:
    """A segment's weight and prediction."""

    weight: float
    prediction: Prediction

    @property
    def number(self) -> float:
        """Return the predicted number."""
        assert isinstance(self.prediction.value, int | float)
        return float(self.prediction.value)


def predict(site: Site) -> Prediction:
    """Return the prediction."""
    segmentation = site.element.find("Segmentation")
    assert segmentation is not None
    method = segmentation.attrib["multipleModelMethod"]
    treatment = segmentation.get("missingPredictionTreatment", "continue")
    votes = []
    for place, segment in enumerate(segmentation.iterfind("Segment")):
        if not holds(predicate_of(segment), site.scope):
            continue
        prediction = _scored(site, segment, chained=method in _CHAINS)
        if prediction.value is None and treatment == "returnMissing":
            return Prediction()
        if method == "selectFirst" and (prediction.value is not None or treatment != "skipSegment"):
            return replace(prediction, entities=[segment.get("id", str(place + 1))])
        votes.append(Vote(number(segment, "weight", 1.0), prediction))
    if method == "selectFirst":
        return Prediction()
    if method in _CHAINS:
        return votes[-1].prediction if votes else Prediction()
    return _together(site, segmentation, method, votes)


def _scored(site: Site, segment: ET.Element, *, chained: bool) -> Prediction:
    model = next(one for one in segment if one.find("MiningSchema") is not None)
    prediction, outputs = site.inner(model, site.scope, site.target)
    for one in outputs if chained else ():
        site.scope.fields[one.name] = one.field
    return prediction


def _together(site: Site, segmentation: ET.Element, method: str, votes: list[Vote]) -> Prediction:
    treatment = segmentation.get("missingPredictionTreatment", "continue")
    there = [vote for vote in votes if vote.prediction.value is not None]
    lacking = len(there) < len(votes)
    if not there and not (votes and treatment == "skipSegment" and method in _SUMS):
        return Prediction()
    if treatment == "skipSegment" and lacking:
        total = sum(vote.weight for vote in votes)
        gone = sum(vote.weight for vote in votes if vote.prediction.value is None)
        if gone / total > number(segmentation, "missingThreshold", 1.0):
            return Prediction()
    if treatment == "continue" and lacking and not method.endswith("ajorityVote"):
        return Prediction()
    if site.function == "classification":
        return _voted(site, method, there, _mute(method, votes) if treatment == "continue" else 0.0)
    return Prediction(_METHODS[method](there))


def _voted(site: Site, method: str, there: list[Vote], mute: float) -> Prediction:
    weighted = method.startswith("weighted")
    totals: Shares = {}
    for vote in there:
        weight = vote.weight if weighted else 1.0
        for label, share in _ballot(method, vote.prediction).items():
            totals[label] = totals.get(label, 0.0) + weight * share
    if mute > max(totals.values()):
        return Prediction()
    whole = sum(vote.weight if weighted else 1.0 for vote in there)
    shares = {label: total / whole for label, total in totals.items()}
    return Prediction(largest(totals, site.labels), shares)


def _mute(method: str, votes: list[Vote]) -> float:
    """Return the votes of the segments without a prediction."""
    gone = [vote.weight for vote in votes if vote.prediction.value is None]
    return sum(gone) if method.startswith("weighted") else float(len(gone))


def _ballot(method: str, prediction: Prediction) -> Shares:
    if "ote" in method:
        return {str(prediction.value): 1.0}
    assert prediction.probabilities is not None
    return prediction.probabilities


def _weighted_median(votes: list[Vote]) -> float:
    half, running = sum(vote.weight for vote in votes) / 2, 0.0
    for vote in sorted(votes, key=lambda vote: vote.number):
        running += vote.weight
        if running >= half:
            return vote.number
    return math.nan


def _sum(votes: list[Vote]) -> float:
    total = 0.0
    for vote in votes:
        total += vote.number
    return total


def _weighted_sum(votes: list[Vote]) -> float:
    total = 0.0
    for vote in votes:
        total += vote.weight * vote.number
    return total


_METHODS: dict[str, Callable[[list[Vote]], float]] = {
    "sum": _sum,
    "weightedSum": _weighted_sum,
    "average": lambda votes: _sum(votes) / len(votes),
    "weightedAverage": lambda votes: _weighted_sum(votes) / sum(vote.weight for vote in votes),
    "median": lambda votes: statistics.median(vote.number for vote in votes),
    "weightedMedian": _weighted_median,
    "max": lambda votes: max(vote.number for vote in votes),
}
