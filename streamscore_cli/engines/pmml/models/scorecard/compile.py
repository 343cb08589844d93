"""Scorecard: from characteristics and attributes to points and reasons; nothing is scored here."""

from __future__ import annotations

import math

from streamscore_cli.engines.pmml.compiler import Built, Expression, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    flag,
    integer,
    number,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.derived import EXPRESSIONS
from streamscore_cli.engines.pmml.models.assembly import model_shape, regression_type
from streamscore_cli.engines.pmml.models.scorecard.model import REASON, Attribute, Characteristic, Scorecard
from streamscore_cli.engines.pmml.predicates.predicate import PREDICATES
from streamscore_cli.engines.pmml.values.types import DataType

SHAPES: Shapes = {
    "Scorecard": model_shape(
        "initialScore useReasonCodes reasonCodeAlgorithm baselineScore", "Characteristics", "baselineMethod"
    ),
    "Characteristics": shape("", "Characteristic"),
    "Characteristic": shape("name reasonCode baselineScore", "Attribute"),
    "Attribute": shape("reasonCode partialScore", f"ComplexPartialScore {PREDICATES}"),
    "ComplexPartialScore": shape("", EXPRESSIONS),
}

_MOST_RANKS = 1_000
_SIGNS = {"pointsBelow": 1.0, "pointsAbove": -1.0}


def compile_scorecard(site: Site) -> Built:
    """Compile a Scorecard."""
    element = site.element
    if site.function != "regression" or site.single:
        raise unsupported(element, "is no regression in 64-bit arithmetic")
    told = flag(element, "useReasonCodes", default=True)
    sign = choice(element, "reasonCodeAlgorithm", _SIGNS, 1.0)
    compiler = _Compiler(site, told=told)
    characteristics = tuple(
        compiler.characteristic(one) for one in child(element, "Characteristics").all("Characteristic")
    )
    if not characteristics:
        raise rejected(element, "has no characteristics")
    codes = tuple(site.compiler.vocabulary.code(text) for text in compiler.reasons)
    ranks = max(len(codes), _ranks(element)) if told else 0
    model = Scorecard(characteristics, _finite(element, "initialScore", 0.0), codes, sign, ranks)
    names = [REASON, *(f"{REASON}{rank}" for rank in range(2, ranks + 1))] if told else []
    return Built(model, regression_type(site), extras=dict.fromkeys(names, DataType.STRING))


def _ranks(element: Element) -> int:
    """Return the last rank of a reason that the model's Output asks for."""
    output = element.find("Output")
    last = 0
    for one in output.all("OutputField") if output is not None else ():
        if one.get("feature") == REASON:
            last = max(last, integer(one, "rank", 1))
            if last > _MOST_RANKS:
                raise unsupported(one, f"asks for the reason of rank {last}")
    return last


def _finite(element: Element, name: str, default: float | None = None) -> float:
    value = number(element, name, default)
    if not math.isfinite(value):
        raise rejected(element, f"has {name}={value}")
    return value


class _Compiler:
    """Compiles the characteristics of one scorecard and collects its reasons."""

    def __init__(self, site: Site, *, told: bool) -> None:
        self._site = site
        self._told = told
        self._baseline = optional_number(site.element, "baselineScore")
        self.reasons: list[str] = []

    def characteristic(self, element: Element) -> Characteristic:
        """Compile a Characteristic."""
        attributes = tuple(self._attribute(one, element) for one in element.all("Attribute"))
        if not attributes:
            raise rejected(element, "has no attributes")
        baseline = self._baseline if element.get("baselineScore") is None else _finite(element, "baselineScore")
        if baseline is None and self._told:
            raise rejected(element, "has reason codes and no baseline score")
        name = element.get("name") or f"#{element.line}"
        return Characteristic(name, attributes, 0.0 if baseline is None else baseline)

    def _attribute(self, element: Element, around: Element) -> Attribute:
        compiler = self._site.compiler
        predicate = compiler.predicate(compiler.predicate_of(element), self._site.scope)
        return Attribute(predicate, self._points(element), self._reason(element, around))

    def _points(self, element: Element) -> float | Expression:
        said = element.find("ComplexPartialScore")
        if said is None:
            return _finite(element, "partialScore")
        expression = self._site.compiler.expression_in(said, self._site.scope)
        if not expression.type.is_numeric:
            raise unsupported(said, f"gives points of the type {expression.type}")
        return expression

    def _reason(self, element: Element, around: Element) -> int:
        if not self._told:
            return 0
        text = element.get("reasonCode") or required(around, "reasonCode")
        if text not in self.reasons:
            self.reasons.append(text)
        return self.reasons.index(text)
