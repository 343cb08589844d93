"""RuleSetModel: from nested rules to steps in document order; nothing is scored here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape
from streamscore_cli.engines.pmml.models.rule_set.model import Criterion, RuleSet, Step
from streamscore_cli.engines.pmml.predicates.predicate import PREDICATES
from streamscore_cli.engines.pmml.values.prediction import CONFIDENCE

_RULES = "SimpleRule CompoundRule"

SHAPES: Shapes = {
    "RuleSetModel": model_shape("", "RuleSet"),
    "RuleSet": shape(
        "defaultScore defaultConfidence",
        f"RuleSelectionMethod {_RULES}",
        "recordCount nbCorrect",
        "ScoreDistribution",
    ),
    "RuleSelectionMethod": shape("criterion"),
    "SimpleRule": shape("id score confidence weight", PREDICATES, "recordCount nbCorrect", "ScoreDistribution"),
    "CompoundRule": shape("", f"{PREDICATES} {_RULES}"),
}

_CRITERIA = {kind.value: kind for kind in Criterion}


@dataclass(slots=True)
class _Rules:
    steps: list[Step] = field(default_factory=list)
    simple: list[Element] = field(default_factory=list)


def compile_rule_set(site: Site) -> Built:
    """Compile a RuleSetModel; of several selection methods the first is the one to use."""
    element = site.element
    if site.function != "classification" or site.single:
        raise unsupported(element, "is no classification in 64-bit arithmetic")
    rule_set = child(element, "RuleSet")
    criterion = choice(child(rule_set, "RuleSelectionMethod"), "criterion", _CRITERIA)
    rules = _Rules()
    for one in rule_set.all("SimpleRule", "CompoundRule"):
        _add(site, one, -1, rules)
    scores = [required(rule, "score") for rule in rules.simple]
    default = rule_set.get("defaultScore")
    labels = labels_of(site, [*scores, *([] if default is None else [default])])
    cells = [label_cell(site, rule, score) for rule, score in zip(rules.simple, scores, strict=True)]
    model = RuleSet(
        tuple(rules.steps),
        np.array([labels.cells.index(cell) for cell in cells], dtype=np.intp),
        np.array([_finite(rule, "weight") for rule in rules.simple], dtype=np.float64),
        np.array([_finite(rule, "confidence") for rule in rules.simple], dtype=np.float64),
        criterion,
        labels.cells,
        math.nan if default is None else label_cell(site, rule_set, default),
        number(rule_set, "defaultConfidence", math.nan),
    )
    ids = tuple(rule.get("id") or str(place + 1) for place, rule in enumerate(rules.simple))
    return Built(model, site.target.type, labels, frozenset({CONFIDENCE}), ids)


def _add(site: Site, element: Element, parent: int, rules: _Rules) -> None:
    """Add a rule and the rules within it."""
    predicate = site.compiler.predicate(site.compiler.predicate_of(element), site.scope)
    place = len(rules.steps)
    simple = element.tag == "SimpleRule"
    rules.steps.append(Step(predicate, parent, simple))
    rules.simple.extend([element] if simple else [])
    for inner in element.all("SimpleRule", "CompoundRule"):
        _add(site, inner, place, rules)


def _finite(rule: Element, name: str) -> float:
    value = number(rule, name, 1.0)
    if not math.isfinite(value):
        raise rejected(rule, f"has {name}={value}")
    return value
