"""FieldRef, Constant and NormDiscrete: the expressions without tables or margins."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.compiler import Compiler, Expression
from streamscore_cli.engines.pmml.document.element import (
    Element,
    choice,
    demand,
    flag,
    optional_number,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column, truth
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, DataType

_WHOLE = re.compile(r"[-+]?[0-9]+")
_FRACTION = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NO_NUMBERS = {"NaN", "INF", "-INF", "Infinity", "-Infinity"}

SHAPES: Shapes = {
    "FieldRef": shape("field mapMissingTo"),
    "Constant": shape("dataType missing"),
    "NormDiscrete": shape("field value mapMissingTo method"),
}


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The column of a field."""

    slot: int
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        return batch.column(self.slot)


@dataclass(frozen=True, slots=True)
class Constant:
    """The same cell in every row."""

    value: float
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        return Column(batch.constant(self.value))


@dataclass(frozen=True, slots=True)
class OrElse:
    """An expression with a cell for where it is missing."""

    expression: Expression
    replacement: float
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = self.expression.evaluate(batch)
        return Column(np.where(np.isnan(values), self.replacement, values), faults)


@dataclass(frozen=True, slots=True)
class Indicator:
    """1 where a field has a value, 0 where it has another, missing where it is missing."""

    slot: int
    value: float
    type: DataType = DataType.DOUBLE

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = batch.column(self.slot)
        return Column(truth(values == self.value, values), faults)


def compile_field_ref(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile a FieldRef."""
    field = scope.field(required(element, "field"), element)
    return or_else(compiler, element, FieldValue(field.slot, field.type))


def compile_constant(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile a Constant; without a dataType it is of the first type that its text is a literal of."""
    del scope
    text = element.text
    kind = choice(element, "dataType", DATA_TYPES, _type_of(text))
    if flag(element, "missing", default=False):
        return Constant(math.nan, kind)
    if element.get("dataType") is None and text in _NO_NUMBERS:
        raise unsupported(element, f"is {text!r} and says no type")
    cell = literal(element, text, kind, compiler.vocabulary)
    if kind is DataType.INTEGER and not cell.is_integer():
        raise unsupported(element, f"is {text!r:.40}, which is no integer")
    return Constant(cell, kind)


def compile_norm_discrete(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile a NormDiscrete."""
    demand(element, "method", "indicator")
    field = scope.field(required(element, "field"), element)
    cell = literal(element, required(element, "value"), field.type, compiler.vocabulary)
    indicator = Indicator(field.slot, cell)
    replacement = optional_number(element, "mapMissingTo")
    return indicator if replacement is None else OrElse(indicator, replacement, DataType.DOUBLE)


def or_else(compiler: Compiler, element: Element, expression: Expression) -> Expression:
    """Return the expression with the element's mapMissingTo, where it has one."""
    text = element.get("mapMissingTo")
    if text is None:
        return expression
    return OrElse(expression, literal(element, text, expression.type, compiler.vocabulary), expression.type)


def constant_of(compiler: Compiler, expression: Expression) -> Constant | None:
    """Return the constant that an expression is, itself or as an argument of a user-defined function."""
    source: object = expression
    while isinstance(source, FieldValue):
        source = compiler.columns[source.slot]
    return source if isinstance(source, Constant) else None


def _type_of(text: str) -> DataType:
    """Return the type of a constant that says none, as JPMML reads it: without a point no double."""
    if _WHOLE.fullmatch(text):
        return DataType.INTEGER
    return DataType.DOUBLE if _FRACTION.fullmatch(text) else DataType.STRING
