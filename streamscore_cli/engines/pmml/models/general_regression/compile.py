"""GeneralRegressionModel: from its parameters, factors and covariates to linear predictors; nothing is scored here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Labels, Site
from streamscore_cli.engines.pmml.document.arrays import matrix as numbers_of
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    number,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.general_regression.model import (
    Amount,
    Binary,
    GeneralRegression,
    Linked,
    Multinomial,
    Ordinal,
)
from streamscore_cli.engines.pmml.models.general_regression.predictor import (
    Contrast,
    Covariate,
    Factor,
    Parameter,
    Predictor,
    Term,
)
from streamscore_cli.engines.pmml.models.general_regression.survival import Baseline, Needed, Survival
from streamscore_cli.engines.pmml.values.batch import Predicts
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import DataType

SHAPES: Shapes = {
    "GeneralRegressionModel": model_shape(
        "modelType targetReferenceCategory linkFunction linkParameter distParameter cumulativeLink"
        " trialsVariable trialsValue offsetVariable offsetValue endTimeVariable baselineStrataVariable",
        "ParameterList FactorList CovariateList PPMatrix ParamMatrix BaseCumHazardTables",
        "targetVariableName distribution modelDF startTimeVariable subjectIDVariable statusVariable",
        "PCovMatrix EventValues",
    ),
    "ParameterList": shape("", "Parameter"),
    "Parameter": shape("name referencePoint", "", "label"),
    "FactorList": shape("", "Predictor"),
    "CovariateList": shape("", "Predictor"),
    "Predictor": shape("name", "Categories Matrix", "contrastMatrixType"),
    "Categories": shape("", "Category"),
    "Category": shape("value"),
    "BaseCumHazardTables": shape("maxTime", "BaselineStratum BaselineCell"),
    "BaselineStratum": shape("value maxTime", "BaselineCell", "label"),
    "BaselineCell": shape("time cumHazard"),
    "PPMatrix": shape("", "PPCell"),
    "PPCell": shape("value predictorName parameterName targetCategory"),
    "ParamMatrix": shape("", "PCell"),
    "PCell": shape("targetCategory parameterName beta", "", "df"),
}

_LINKS = {
    name: name
    for name in ("identity", "log", "logc", "logit", "probit", "cloglog", "loglog", "negbin", "power", "oddspower")
}
_PARAMETERS = {"negbin": "distParameter", "power": "linkParameter", "oddspower": "linkParameter"}
_CUMULATIVE = {name: name for name in ("logit", "probit", "cloglog", "loglog", "cauchit")}
_COX = "CoxRegression"
_REGRESSIONS = {"regression", "generalLinear", "generalizedLinear"}
_CLASSIFICATIONS = {"generalizedLinear", "multinomialLogistic", "ordinalMultinomial"}
_KINDS = {name: name for name in _REGRESSIONS | _CLASSIFICATIONS | {_COX}}
_BINARY = 2

Terms = dict[str, tuple[Term, ...]]


@dataclass(frozen=True, slots=True)
class _Matrices:
    """Coefficients and terms by target category (None: those for all)."""

    site: Site
    betas: dict[float | None, list[tuple[str, float]]]
    terms: dict[float | None, Terms]

    def predictor(self, category: float | None, betas: list[tuple[str, float]]) -> Predictor:
        """Return the sum of these coefficients' parameters with the terms of a category."""
        terms = self.terms.get(category) or self.terms.get(None, {})
        return Predictor(tuple(Parameter(beta, terms.get(name, ())) for name, beta in betas))


def compile_general_regression(site: Site) -> Built:
    """Compile a GeneralRegressionModel."""
    if site.single:
        raise unsupported(site.element, "has mathContext='float'")
    kind = choice(site.element, "modelType", _KINDS)
    matrices = _matrices(site)
    if site.function == "regression":
        if kind not in _REGRESSIONS | {_COX}:
            raise unsupported(site.element, f"is a regression with modelType={kind!r}")
        if set(matrices.betas) - {None} or set(matrices.terms) - {None}:
            raise unsupported(site.element, "is a regression whose parameters have target categories")
        predictor = matrices.predictor(None, matrices.betas.get(None, []))
        if kind == _COX:
            return Built(_survival(site, matrices, predictor), regression_type(site))
        return Built(GeneralRegression(_mean(site, kind, predictor)), regression_type(site))
    if site.function != "classification" or kind not in _CLASSIFICATIONS:
        raise unsupported(site.element, f"has functionName={site.function!r:.40} and modelType={kind!r}")
    labels = labels_of(site, [])
    if len(labels.cells) < _BINARY or set(matrices.betas) - {None, *labels.cells}:
        raise unsupported(site.element, "does not say its categories as values of its target")
    model = _ordinal(site, matrices, labels) if kind == "ordinalMultinomial" else _nominal(site, matrices, labels, kind)
    return Built(model, site.target.type, labels, frozenset({PROBABILITY}))


def _survival(site: Site, matrices: _Matrices, predictor: Predictor) -> Survival:
    _demand_none(site, "offset", "trials")
    listed = child(site.element, "ParameterList").all("Parameter")
    points = {required(one, "name"): number(one, "referencePoint", 0.0) for one in listed}
    reference = sum(beta * points[name] for name, beta in matrices.betas.get(None, []))
    tables = child(site.element, "BaseCumHazardTables")
    time, strata = required(site.element, "endTimeVariable"), site.element.get("baselineStrataVariable")
    field = site.scope.field(time, site.element)
    if not field.type.is_numeric:
        raise unsupported(site.element, f"has the {field.type} {time!r:.60} as its endTimeVariable")
    if strata is None:
        return Survival(predictor, reference, Needed(field.slot, time), None, (), (_baseline(tables),))
    stratum = site.scope.field(strata, site.element)
    elements = list(tables.all("BaselineStratum"))
    vocabulary = site.compiler.vocabulary
    cells = tuple(literal(one, required(one, "value"), stratum.type, vocabulary) for one in elements)
    if len(set(cells)) != len(cells):
        raise rejected(tables, "has two baselines for one stratum")
    baselines = tuple(_baseline(one) for one in elements)
    return Survival(predictor, reference, Needed(field.slot, time), Needed(stratum.slot, strata), cells, baselines)


def _baseline(element: Element) -> Baseline:
    cells = sorted((number(one, "time"), number(one, "cumHazard")) for one in element.all("BaselineCell"))
    times, hazards = np.array([time for time, _ in cells]), np.array([hazard for _, hazard in cells])
    if not len(times) or not np.isfinite(times).all() or (np.diff(times) <= 0.0).any() or not (hazards >= 0.0).all():
        raise unsupported(element, "has no hazards at different times")
    return Baseline(times, hazards, number(element, "maxTime"))


def _nominal(site: Site, matrices: _Matrices, labels: Labels, kind: str) -> Predicts:
    reference = _reference(site, matrices, labels)
    categories = [cell for cell in labels.cells if cell != reference]
    predictors = tuple(_own(site, matrices, cell, alone=len(categories) == 1) for cell in categories)
    places = tuple(labels.cells.index(cell) for cell in categories)
    if kind == "multinomialLogistic":
        _demand_none(site, "offset", "trials")
        return Multinomial(predictors, places, labels.cells)
    if len(categories) != 1:
        raise unsupported(site.element, f"is a generalized linear model of {len(labels.cells)} categories")
    _demand_none(site, "trials")
    return Binary(_mean(site, kind, predictors[0]), places[0], labels.cells)


def _reference(site: Site, matrices: _Matrices, labels: Labels) -> float:
    """Return the category that has no parameters: the one that is named, or the one left over."""
    text = site.element.get("targetReferenceCategory")
    without = [cell for cell in labels.cells if cell not in matrices.betas]
    if text is not None:
        cell = label_cell(site, site.element, text)
        if cell not in without:
            raise unsupported(site.element, f"has parameters for {text!r:.60}, or no such category")
        return cell
    if len(without) != 1:
        raise unsupported(site.element, f"leaves {len(without)} categories without parameters where it needs one")
    return without[0]


def _own(site: Site, matrices: _Matrices, category: float, *, alone: bool) -> Predictor:
    betas = matrices.betas.get(category)
    if None in matrices.betas and (betas is not None or not alone):
        raise unsupported(child(site.element, "ParamMatrix"), "has parameters with and without a target category")
    if betas is None:
        betas = matrices.betas.get(None) if alone else None
    if betas is None:
        raise unsupported(child(site.element, "ParamMatrix"), "does not have the parameters of every category")
    return matrices.predictor(category, betas)


def _ordinal(site: Site, matrices: _Matrices, labels: Labels) -> Predicts:
    _demand_none(site, "trials")
    link = choice(site.element, "cumulativeLink", _CUMULATIVE)
    matrix = child(site.element, "ParamMatrix")
    if site.element.get("targetReferenceCategory") not in {None, labels.texts[-1]}:
        raise unsupported(site.element, "has another reference category than the last")
    for cell in labels.cells[:-1]:
        if len(matrices.betas.get(cell, [])) != 1:
            raise unsupported(matrix, "does not have one intercept for each category but the last")
    if labels.cells[-1] in matrices.betas:
        raise unsupported(matrix, "has parameters for the last category")
    shared = matrices.betas.get(None, [])
    offset = _amount(site, "offset")
    cumulative = tuple(
        Linked(matrices.predictor(cell, matrices.betas[cell] + shared), link, math.nan, offset, None)
        for cell in labels.cells[:-1]
    )
    return Ordinal(cumulative, labels.cells)


def _mean(site: Site, kind: str, predictor: Predictor) -> Linked:
    if kind != "generalizedLinear":
        _demand_none(site, "offset", "trials")
        return Linked(predictor, "identity", math.nan, None, None)
    link = choice(site.element, "linkFunction", _LINKS)
    parameter = number(site.element, _PARAMETERS[link]) if link in _PARAMETERS else math.nan
    return Linked(predictor, link, parameter, _amount(site, "offset"), _amount(site, "trials"))


def _amount(site: Site, what: str) -> Amount | None:
    name = site.element.get(f"{what}Variable")
    value = optional_number(site.element, f"{what}Value")
    if name is None:
        return None if value is None else Amount(value)
    if value is not None:
        raise unsupported(site.element, f"has both {what}Variable and {what}Value")
    field = site.scope.field(name, site.element)
    if not field.type.is_numeric or (what == "trials" and field.type is not DataType.INTEGER):
        raise unsupported(site.element, f"has the {field.type} {name!r} as its {what}Variable")
    return Amount(math.nan, field.slot, name)


def _demand_none(site: Site, *what: str) -> None:
    for one in what:
        if _amount(site, one) not in {None, Amount(0.0 if one == "offset" else 1.0)}:
            raise unsupported(site.element, f"has {one}s, which this modelType does not use")


def _matrices(site: Site) -> _Matrices:
    matrix = child(site.element, "ParamMatrix")
    known = {required(one, "name") for one in child(site.element, "ParameterList").all("Parameter")}
    betas: dict[float | None, list[tuple[str, float]]] = {}
    for one in matrix.all("PCell"):
        name = required(one, "parameterName")
        if name not in known:
            raise unsupported(one, f"is of the parameter {name!r:.60}, which is not listed")
        betas.setdefault(_category(site, one), []).append((name, number(one, "beta")))
    return _Matrices(site, betas, _terms(site))


def _terms(site: Site) -> dict[float | None, Terms]:
    factors, covariates = _predictors(site, "FactorList"), _predictors(site, "CovariateList")
    found: dict[float | None, Terms] = {}
    matrix = site.element.find("PPMatrix")
    for one in matrix.all("PPCell") if matrix is not None else ():
        predictor = required(one, "predictorName")
        if (predictor in factors) == (predictor in covariates):
            raise rejected(one, f"is of {predictor!r:.60}, which is not one of the factors or of the covariates")
        field = site.scope.field(predictor, one)
        term: Term
        if predictor in factors:
            term = _factor(site, one, factors[predictor], field)
        elif field.type.is_numeric:
            term = Covariate(field.slot, number(one, "value"))
        else:
            raise unsupported(one, f"takes the {field.type} {predictor!r} to a power")
        terms = found.setdefault(_category(site, one), {})
        name = required(one, "parameterName")
        terms[name] = (*terms.get(name, ()), term)
    return found


def _factor(site: Site, element: Element, predictor: Element, field: Field) -> Term:
    """Return the term of a cell that is of a factor: whether it is the cell's category, or the contrast to that."""
    vocabulary = site.compiler.vocabulary
    cell = literal(element, required(element, "value"), field.type, vocabulary)
    if predictor.find("Matrix") is None:
        return Factor(field.slot, cell)
    categories = list(child(predictor, "Categories").all("Category"))
    cells = tuple(literal(one, required(one, "value"), field.type, vocabulary) for one in categories)
    contrasts = numbers_of(child(predictor, "Matrix"))
    if contrasts.shape != (len(cells), len(cells)) or len(set(cells)) != len(cells):
        raise unsupported(predictor, "has a contrast matrix that is not one of its categories by its categories")
    if cell not in cells:
        raise unsupported(element, "is of a category without contrasts")
    return Contrast(field.slot, cells, tuple(contrasts[:, cells.index(cell)].tolist()), field.name)


def _predictors(site: Site, tag: str) -> dict[str, Element]:
    found = site.element.find(tag)
    return {required(one, "name"): one for one in found.all("Predictor")} if found is not None else {}


def _category(site: Site, element: Element) -> float | None:
    text = element.get("targetCategory")
    return None if text is None or site.function == "regression" else label_cell(site, element, text)
