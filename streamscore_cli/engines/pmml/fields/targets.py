"""Targets: what is done to a model's raw prediction; how a model predicts is not known here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Compiler, Target
from streamscore_cli.engines.pmml.document.element import (
    Element,
    choice,
    number,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.values.batch import Batch, Predicts
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells, Column
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Prediction
from streamscore_cli.engines.pmml.values.types import DataType, to_float32

SHAPES: Shapes = {
    "Targets": shape("", "Target"),
    "Target": shape("field optype castInteger min max rescaleConstant rescaleFactor", "TargetValue"),
    "TargetValue": shape("value displayValue priorProbability defaultValue"),
}


class Whole(StrEnum):
    """How a prediction becomes a whole number."""

    NO = "no"
    ROUND = "round"
    CEILING = "ceiling"
    FLOOR = "floor"


_TREATMENTS = ("castInteger", "min", "max", "rescaleConstant", "rescaleFactor")
_REPLACEMENTS = ("defaultValue", "priorProbability")
_PASSED_ON = {"modelChain", "multiModelChain", "selectFirst"}
_WHOLE = {kind.value: kind for kind in Whole}


@dataclass(frozen=True, slots=True)
class Rescaled:
    """A regression's value, or `default` where there is none: bounded, rescaled and made whole, in this order."""

    model: Predicts
    low: float
    high: float
    factor: float
    constant: float
    whole: Whole
    default: float
    single: bool

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction."""
        prediction = self.model.predict(batch)
        values = prediction.value.values
        if not math.isnan(self.default):
            values = np.where(np.isnan(values), self.default, values)
        return replace(prediction, value=Column(self._treat(values), prediction.value.faults))

    def _treat(self, values: Cells) -> Cells:
        fit = rounded if self.single else _same
        values = np.clip(values, self.low, self.high)
        if self.factor != 1.0:
            values = fit(values * self.factor)
        if self.constant != 0.0:
            values = fit(values + self.constant)
        if self.whole is Whole.ROUND:
            return np.floor(values + 0.5)
        if self.whole is Whole.CEILING:
            return np.ceil(values)
        return np.floor(values) if self.whole is Whole.FLOOR else values


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A regression whose value is rounded to 32 bits, as that of a segment with a target of type float is."""

    model: Predicts

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction."""
        prediction = self.model.predict(batch)
        values, faults = prediction.value
        return replace(prediction, value=Column(rounded(values), faults))


@dataclass(frozen=True, slots=True)
class WithPriors:
    """A classification that answers the prior probabilities where the model has no prediction."""

    model: Predicts
    label: float
    priors: tuple[float, ...]

    def predict(self, batch: Batch) -> Prediction:
        """Return the prediction."""
        prediction = self.model.predict(batch)
        values, faults = prediction.value
        absent = np.isnan(values)
        probabilities = prediction.distributions.get(PROBABILITY)
        if probabilities is None:
            probabilities = np.full((batch.length, len(self.priors)), math.nan)
        distributions = {
            **prediction.distributions,
            PROBABILITY: np.where(absent[:, None], np.array(self.priors), probabilities),
        }
        value = Column(np.where(absent, self.label, values), faults)
        return replace(prediction, value=value, distributions=distributions)


def with_targets(
    compiler: Compiler, model: Element, built: Built, target: Target, function: str, *, single: bool
) -> Built:
    """Return the model with what the Targets of `model` say of its target, if anything."""
    element = target_element(model, target)
    if element is None:
        return built
    _refuse_passed_on(model, element)
    if function == "regression":
        return _regression(element, built, target, single=single)
    for name in _TREATMENTS:
        if element.get(name) is not None:
            raise unsupported(element, f"has {name} in a {function} model")
    return _with_priors(compiler, element, built) if function == "classification" else built


def _refuse_passed_on(model: Element, element: Element) -> None:
    """Refuse to treat an answer that is that of one segment: JPMML passes it on as it is."""
    segmentation = model.find("Segmentation")
    method = "" if segmentation is None else required(segmentation, "multipleModelMethod").removeprefix("x-")
    treats = any(element.get(name) is not None for name in _TREATMENTS)
    replaces = any(value.get(name) is not None for value in element.all("TargetValue") for name in _REPLACEMENTS)
    if method in _PASSED_ON and (treats or replaces):
        raise unsupported(element, f"treats the answer of a {method}")


def target_element(model: Element, target: Target) -> Element | None:
    """Return the Target of the field that a model predicts; one without a field is that of a target without a name.

    Those of other fields do nothing, as in JPMML.
    """
    targets = model.find("Targets")
    found = [] if targets is None else [one for one in targets.all("Target") if one.get("field") == target.name]
    if len(found) > 1:
        raise rejected(found[1], f"is the second of the field {target.name!r}")
    return found[0] if found else None


def _regression(element: Element, built: Built, target: Target, *, single: bool) -> Built:
    whole = choice(element, "castInteger", _WHOLE, Whole.NO)
    values = list(element.all("TargetValue"))
    defaults = [one for one in (optional_number(value, "defaultValue") for value in values) if one is not None]
    if len(defaults) > 1:
        raise unsupported(element, "has several default values")
    fit = to_float32 if single else float
    rescaled = Rescaled(
        built.model,
        number(element, "min", -math.inf),
        number(element, "max", math.inf),
        fit(number(element, "rescaleFactor", 1.0)),
        fit(number(element, "rescaleConstant", 0.0)),
        whole,
        defaults[0] if defaults else math.nan,
        single,
    )
    counts = whole is not Whole.NO and target.type is DataType.INTEGER  # a whole double is a double, as in JPMML
    return replace(built, model=rescaled, type=DataType.INTEGER if counts else built.type)


def _with_priors(compiler: Compiler, element: Element, built: Built) -> Built:
    priors: dict[float, float] = {}
    values = list(element.all("TargetValue"))
    for value in values:
        prior = optional_number(value, "priorProbability")
        if value.get("defaultValue") is not None:
            raise unsupported(value, "has a default value in a classification model")
        if prior is not None:
            priors[literal(value, required(value, "value"), built.type, compiler.vocabulary)] = prior
    if not priors:
        return built
    total = sum(priors.values())
    if not set(priors) <= set(built.labels.cells) or len(priors) != len(values) or not 0 < total < math.inf:
        raise unsupported(element, "has prior probabilities for other categories than the model, or not for all values")
    label = max(priors, key=lambda cell: priors[cell])
    return replace(
        built,
        model=WithPriors(built.model, label, tuple(priors.get(cell, 0.0) / total for cell in built.labels.cells)),
        distributions=built.distributions | {PROBABILITY},
    )


def _same(values: Cells) -> Cells:
    return values
