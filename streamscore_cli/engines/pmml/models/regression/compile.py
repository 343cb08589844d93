"""RegressionModel: from its tables and predictors to arrays; nothing is scored here."""

from __future__ import annotations

import math

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    choice,
    number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.regression.model import Classification, Regression
from streamscore_cli.engines.pmml.models.regression.table import Categories, Product, Table
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import OpType, to_float32

SHAPES: Shapes = {
    "RegressionModel": model_shape("normalizationMethod", "RegressionTable", "modelType targetFieldName"),
    "RegressionTable": shape("intercept targetCategory", "NumericPredictor CategoricalPredictor PredictorTerm"),
    "NumericPredictor": shape("name exponent coefficient"),
    "CategoricalPredictor": shape("name value coefficient"),
    "PredictorTerm": shape("name coefficient", "FieldRef"),
}

_NORMALIZATIONS = {
    name: name for name in ("none", "simplemax", "softmax", "logit", "probit", "cloglog", "exp", "loglog", "cauchit")
}
_OF_REGRESSION = {"none", "softmax", "logit", "exp", "probit", "cloglog", "loglog", "cauchit"}
_OF_ORDINAL = {"none", "logit", "probit", "cloglog", "loglog", "cauchit"}
_OF_BINARY = {"simplemax", "softmax"} | _OF_ORDINAL
_OF_MANY = {"none", "simplemax", "softmax", "logit"}
_OF_SINGLE = {"none", "simplemax", "softmax", "logit", "exp"}
_BINARY = 2


def compile_regression(site: Site) -> Built:
    """Compile a RegressionModel."""
    if site.function == "regression":
        return Built(compile_table(site, site.element), regression_type(site))
    if site.function != "classification":
        raise unsupported(site.element, f"has functionName={site.function!r:.40}")
    return _classification(site, list(site.element.all("RegressionTable")), _method(site, site.element))


def compile_table(site: Site, element: Element) -> Regression:
    """Return the regression that is the only table of an element."""
    tables, method = list(element.all("RegressionTable")), _method(site, element)
    if len(tables) != 1 or method not in _OF_REGRESSION:
        raise unsupported(element, f"is a regression with {len(tables)} tables and the normalization {method}")
    return Regression(_table(site, tables[0]), "logit" if method == "softmax" else method)


def _method(site: Site, element: Element) -> str:
    method = choice(element, "normalizationMethod", _NORMALIZATIONS, "none")
    if site.single and method not in _OF_SINGLE:
        raise unsupported(element, f"has the normalization {method} and mathContext='float'")
    return method


def _classification(site: Site, tables: list[Element], method: str) -> Built:
    categories = [required(table, "targetCategory") for table in tables]
    cells = [label_cell(site, site.element, text) for text in categories]
    ordinal = site.target.optype is OpType.ORDINAL
    if len(tables) <= 1 or len(set(cells)) != len(cells):
        raise rejected(site.element, "needs two tables or more, of different categories")
    allowed = _OF_ORDINAL if ordinal else _OF_BINARY if len(tables) == _BINARY else _OF_MANY
    if method not in allowed:
        raise unsupported(site.element, f"is a classification with the normalization {method}")
    labels = labels_of(site, categories)
    places = tuple(labels.cells.index(cell) for cell in cells)
    compiled = tuple(_table(site, table) for table in tables)
    model = Classification(compiled, method, ordinal, labels.cells, places, site.single)
    return Built(model, site.target.type, labels, frozenset({PROBABILITY}))


def _table(site: Site, element: Element) -> Table:
    numeric = list(element.all("NumericPredictor"))
    fields = [site.scope.field(required(one, "name"), one) for one in numeric]
    for one, field in zip(numeric, fields, strict=True):
        if not field.type.is_numeric:
            raise unsupported(one, f"multiplies the {field.type} {field.name!r}")
    return Table(
        _number(site, element, "intercept"),
        tuple(field.slot for field in fields),
        np.array([_number(site, one, "coefficient") for one in numeric], dtype=np.float64),
        np.array([number(one, "exponent", 1.0) for one in numeric], dtype=np.float64),
        _categories(site, element),
        tuple(_product(site, one) for one in element.all("PredictorTerm")),
        site.single,
    )


def _number(site: Site, element: Element, name: str) -> float:
    value = number(element, name)
    return to_float32(value) if site.single else value


def _categories(site: Site, table: Element) -> tuple[Categories, ...]:
    groups: dict[int, dict[float, float]] = {}
    for one in table.all("CategoricalPredictor"):
        field = site.scope.field(required(one, "name"), one)
        cell = literal(one, required(one, "value"), field.type, site.compiler.vocabulary)
        group = groups.setdefault(field.slot, {})
        if cell in group:
            raise rejected(one, f"gives a second coefficient to {one.get('value')!r:.60}")
        group[cell] = _number(site, one, "coefficient")
    return tuple(_sorted(slot, group) for slot, group in groups.items())


def _sorted(slot: int, group: dict[float, float]) -> Categories:
    cells = np.array(sorted(group))
    return Categories(slot, cells, np.array([group[cell] for cell in cells.tolist()]))


def _product(site: Site, element: Element) -> Product:
    fields = [site.scope.field(required(one, "field"), one) for one in element.all("FieldRef")]
    if not fields or not all(field.type.is_numeric for field in fields):
        raise unsupported(element, "multiplies what are no numbers")
    coefficient = _number(site, element, "coefficient")
    if math.isnan(coefficient):
        raise rejected(element, "has no coefficient")
    return Product(tuple(field.slot for field in fields), coefficient)
