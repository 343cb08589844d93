"""NaiveBayesModel: from counts and distributions to arrays of logarithms; nothing is scored here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Site
from streamscore_cli.engines.pmml.document.element import Element, child, number, rejected, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, check, shape
from streamscore_cli.engines.pmml.fields.derived import derived_field
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape
from streamscore_cli.engines.pmml.models.naive_bayes.model import Counted, Distributed, Evidence, NaiveBayes
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import OpType

T = TypeVar("T")

_STATS: Shapes = {
    "TargetValueStats": shape("", "TargetValueStat"),
    "TargetValueStat": shape("value", "GaussianDistribution PoissonDistribution"),
    "GaussianDistribution": shape("mean variance"),
    "PoissonDistribution": shape("mean"),
}

SHAPES: Shapes = {
    "NaiveBayesModel": model_shape("threshold", "BayesInputs BayesOutput"),
    "BayesInputs": shape("", "BayesInput"),
    "BayesInput": shape("fieldName", "DerivedField PairCounts TargetValueStats"),
    "BayesOutput": shape("fieldName", "TargetValueCounts"),
    "PairCounts": shape("value", "TargetValueCounts"),
    "TargetValueCounts": shape("", "TargetValueCount"),
    "TargetValueCount": shape("value count"),
    **_STATS,
}

_IN_EXTENSIONS: Shapes = {"BayesInput": shape("fieldName", "TargetValueStats"), **_STATS}
"""Before PMML 4.2 continuous fields stood in Extensions, which the check of the document does not look into.

They mean what R's e1071, which writes them, does: the threshold is taken for a density of zero, not for a small one.
"""


def compile_naive_bayes(site: Site) -> Built:
    """Compile a NaiveBayesModel."""
    element = site.element
    if site.function != "classification" or site.single:
        raise unsupported(element, "is no classification in 64-bit arithmetic")
    output = child(element, "BayesOutput")
    if site.target.name not in {None, output.get("fieldName") or site.target.name}:
        raise rejected(output, f"is not of the target {site.target.name!r}")
    counts = _counts(site, child(output, "TargetValueCounts"))
    threshold = number(element, "threshold")
    if not 0 <= threshold < math.inf or not any(counts.values()):
        raise rejected(element, "has a negative threshold or no counts of its target")
    labels = labels_of(site, _texts(output))
    compiler = _Compiler(site, counts, _log(threshold))
    inputs = _inputs(child(element, "BayesInputs"))
    evidence = tuple(compiler.evidence(one, hidden=hidden) for one, hidden in inputs)
    priors = np.array([_log(count) for count in counts.values()])
    places = tuple(labels.cells.index(cell) for cell in counts)
    model = NaiveBayes(evidence, priors, labels.cells, places)
    return Built(model, site.target.type, labels, frozenset({PROBABILITY}))


def _inputs(inputs: Element) -> Iterator[tuple[Element, bool]]:
    """Yield the inputs, and whether each is hidden in an Extension."""
    for one in inputs.children:
        if one.tag == "BayesInput":
            yield one, False
        elif one.tag == "Extension":
            for hidden in one.all("BayesInput"):
                check(hidden, _IN_EXTENSIONS)
                yield hidden, True


def _counts(site: Site, element: Element) -> dict[float, float]:
    """Return the counts by class."""
    counts: dict[float, float] = {}
    for one in element.all("TargetValueCount"):
        cell, count = label_cell(site, one, required(one, "value")), number(one, "count")
        if cell in counts or not 0 <= count < math.inf:
            raise rejected(one, "is a second count of its category, or negative")
        counts[cell] = count
    return counts


def _texts(output: Element) -> list[str]:
    return [required(one, "value") for one in child(output, "TargetValueCounts").all("TargetValueCount")]


def _log(value: float) -> float:
    return math.log(value) if value else -math.inf


class _Compiler:
    """Compiles the inputs of one model: the counts by class of its output, the logarithm of its threshold."""

    def __init__(self, site: Site, counts: dict[float, float], floor: float) -> None:
        self._site = site
        self._priors = counts
        self._floor = floor

    def evidence(self, element: Element, *, hidden: bool) -> Evidence:
        """Compile a BayesInput."""
        pairs, stats = list(element.all("PairCounts")), element.find("TargetValueStats")
        field = self._field(element)
        if stats is None and pairs:
            return self._counted(element, field, pairs)
        if stats is None or pairs or not field.type.is_numeric or element.find("DerivedField") is not None:
            raise rejected(element, "needs either counts or, for a number, distributions")
        return self._distributed(field, stats, hidden=hidden)

    def _field(self, element: Element) -> Field:
        name = required(element, "fieldName")
        derived = element.find("DerivedField")
        if derived is None:
            return self._site.scope.field(name, element)
        cut = derived.find("Discretize")
        if cut is None or cut.get("field") != name:
            raise unsupported(derived, f"does not discretize the field {name!r}")
        if derived.get("dataType") is not None or derived.get("datatype") is not None:
            return derived_field(self._site.compiler, derived, self._site.scope)
        expression = self._site.compiler.expression(cut, self._site.scope)
        return Field(name, expression.type, OpType.CATEGORICAL, self._site.compiler.column(expression))

    def _counted(self, element: Element, field: Field, pairs: list[Element]) -> Counted:
        found: dict[float, list[float]] = {}
        for pair in pairs:
            cell = literal(pair, required(pair, "value"), field.type, self._site.compiler.vocabulary)
            if cell in found:
                raise rejected(pair, "counts a value again")
            counts = _counts(self._site, child(pair, "TargetValueCounts"))
            found[cell] = self._by_class(pair, counts, 0.0)
        cells = sorted(found)
        logs = np.zeros((len(cells) + 1, len(self._priors)))
        totals = [sum(counts) for counts in zip(*found.values(), strict=True)]
        for row, cell in enumerate(cells):
            shares = zip(found[cell], totals, strict=True)
            logs[row] = [_log(count / total) if count else self._floor for count, total in shares]
        if not any(totals):
            raise rejected(element, "has no count but zero")
        return Counted(field.slot, np.array(cells), logs)

    def _distributed(self, field: Field, stats: Element, *, hidden: bool) -> Distributed:
        found: dict[float, tuple[float, float]] = {}
        for one in stats.all("TargetValueStat"):
            cell = label_cell(self._site, one, required(one, "value"))
            if cell in found:
                raise rejected(one, "is a second distribution of its category")
            found[cell] = _distribution(one)
        chosen = self._by_class(stats, found, (0.0, 1.0))
        means, variances = np.array(chosen).T
        poisson = variances < 0
        return Distributed(field.slot, means, np.where(poisson, 1.0, variances), poisson, self._floor, hidden)

    def _by_class(self, element: Element, found: dict[float, T], default: T) -> list[T]:
        """Return what is said of each class; of an impossible one nothing needs to be said.

        Whether an absent count is a zero is read in two ways, so it is refused.
        """
        if not found.keys() <= self._priors.keys():
            raise unsupported(element, "has a category that the model's output has not")
        if any(count and cell not in found for cell, count in self._priors.items()):
            raise unsupported(element, "says nothing of one of the categories")
        return [found.get(cell, default) for cell in self._priors]


def _distribution(element: Element) -> tuple[float, float]:
    """Return mean and variance; a negative variance says Poisson."""
    one = child(element, "GaussianDistribution", "PoissonDistribution")
    mean = number(one, "mean")
    if one.tag == "PoissonDistribution":
        if not 0 < mean < math.inf:
            raise rejected(one, "needs a positive mean")
        return mean, -1.0
    variance = number(one, "variance")
    if not 0 < variance < math.inf or math.isinf(mean):
        raise rejected(one, "needs a finite mean and a positive variance")
    return mean, variance
