"""Predicates: data that computes, for every row, true, false or unknown; who branches on them is decided elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from streamscore_cli.engines.pmml.compiler import Compiler
from streamscore_cli.engines.pmml.document.arrays import strings
from streamscore_cli.engines.pmml.document.element import Element, child, choice, rejected, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch, Computes
from streamscore_cli.engines.pmml.values.column import (
    Cells,
    Column,
    Flags,
    among,
    conjunction,
    disjunction,
    merged,
    truth,
)
from streamscore_cli.engines.pmml.values.types import DataType, OpType

PREDICATES = "SimplePredicate SimpleSetPredicate CompoundPredicate True False"

SHAPES: Shapes = {
    "SimplePredicate": shape("field operator value"),
    "SimpleSetPredicate": shape("field booleanOperator", "Array"),
    "CompoundPredicate": shape("booleanOperator", PREDICATES),
    "True": shape(),
    "False": shape(),
}


class Operator(StrEnum):
    """The operators of a SimplePredicate."""

    EQUAL = "equal"
    NOT_EQUAL = "notEqual"
    LESS_THAN = "lessThan"
    LESS_OR_EQUAL = "lessOrEqual"
    GREATER_THAN = "greaterThan"
    GREATER_OR_EQUAL = "greaterOrEqual"
    IS_MISSING = "isMissing"
    IS_NOT_MISSING = "isNotMissing"


_OPERATORS = {operator.value: operator for operator in Operator}
_UNARY = {Operator.IS_MISSING, Operator.IS_NOT_MISSING}
_EQUALITY = {Operator.EQUAL, Operator.NOT_EQUAL}
_COMPARE: dict[Operator, Callable[[Cells, float], Cells]] = {
    Operator.EQUAL: lambda cells, value: truth(cells == value, cells),
    Operator.NOT_EQUAL: lambda cells, value: truth(cells != value, cells),
    Operator.LESS_THAN: lambda cells, value: truth(cells < value, cells),
    Operator.LESS_OR_EQUAL: lambda cells, value: truth(cells <= value, cells),
    Operator.GREATER_THAN: lambda cells, value: truth(cells > value, cells),
    Operator.GREATER_OR_EQUAL: lambda cells, value: truth(cells >= value, cells),
    Operator.IS_MISSING: lambda cells, _: np.isnan(cells).astype(np.float64),
    Operator.IS_NOT_MISSING: lambda cells, _: (~np.isnan(cells)).astype(np.float64),
}


@dataclass(frozen=True, slots=True)
class Simple:
    """A field compared with a value; `order` ranks the cells of an ordinal, whose value is then a rank."""

    slot: int
    operator: Operator
    value: float
    order: tuple[float, ...] = ()

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = batch.column(self.slot)
        return Column(_COMPARE[self.operator](ranks(values, self.order), self.value), faults)


@dataclass(frozen=True, slots=True)
class Member:
    """A field that has one of some values, or with `inside` false none of them."""

    slot: int
    members: tuple[float, ...]
    inside: bool

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = batch.column(self.slot)
        return Column(truth(np.isin(values, self.members) == self.inside, values), faults)


@dataclass(frozen=True, slots=True)
class Always:
    """True or False."""

    value: float

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        return Column(batch.constant(self.value))


class Joint(StrEnum):
    """How a CompoundPredicate joins its parts."""

    AND = "and"
    OR = "or"
    XOR = "xor"
    SURROGATE = "surrogate"


_JOINTS = {joint.value: joint for joint in Joint}


@dataclass(frozen=True, slots=True)
class Compound:
    """Several predicates joined."""

    joint: Joint
    parts: tuple[Computes, ...]

    def evaluate(self, batch: Batch) -> Column:
        """Return the column; a later part fails no row that an earlier one has decided."""
        columns = [part.evaluate(batch) for part in self.parts]
        terms = [column.values for column in columns]
        faults = columns[0].faults
        for place in range(1, len(columns)):
            open_rows = ~self._decided(self._joined(terms[:place]))
            faults = merged((faults, among(columns[place].faults, open_rows)))
        return Column(self._joined(terms), faults)

    def _joined(self, terms: list[Cells]) -> Cells:
        if self.joint is Joint.AND:
            return conjunction(terms)
        if self.joint is Joint.OR:
            return disjunction(terms)
        if self.joint is Joint.XOR:
            odd: Cells = np.mod(np.add.reduce(np.stack(terms), axis=0), 2.0)
            return odd
        result = terms[0]
        for term in terms[1:]:
            result = np.where(np.isnan(result), term, result)
        return result

    def _decided(self, value: Cells) -> Flags:
        decided: Flags = ~np.isnan(value)
        if self.joint is Joint.AND:
            decided = value == 0
        elif self.joint is Joint.OR:
            decided = value == 1
        elif self.joint is Joint.XOR:
            decided = np.isnan(value)
        return decided


def ranks(values: Cells, order: tuple[float, ...]) -> Cells:
    """Return the place of each cell in `order`, NaN for what is not in it; without an order the cells themselves."""
    if not order:
        return values
    result = np.full(len(values), math.nan)
    for rank, cell in enumerate(order):
        result[values == cell] = rank
    return result


def compile_simple(compiler: Compiler, element: Element, scope: Scope) -> Computes:
    """Compile a SimplePredicate."""
    field = scope.field(required(element, "field"), element)
    operator = choice(element, "operator", _OPERATORS)
    if operator in _UNARY:
        return Simple(field.slot, operator, 0.0)
    value = operand(compiler, element, field, required(element, "value"))
    if operator in _EQUALITY or _is_continuous(field):
        return Simple(field.slot, operator, value)
    if field.optype is OpType.ORDINAL and value in field.order:
        return Simple(field.slot, operator, float(field.order.index(value)), field.order)
    raise unsupported(element, f"orders the values of the {field.optype} {field.type} {field.name!r}")


def operand(compiler: Compiler, element: Element, field: Field, text: str) -> float:
    """Return the cell a field is compared with; a fraction may be compared with an integer."""
    return literal(element, text, field.type, compiler.vocabulary)


def compile_member(compiler: Compiler, element: Element, scope: Scope) -> Computes:
    """Compile a SimpleSetPredicate."""
    field = scope.field(required(element, "field"), element)
    inside = choice(element, "booleanOperator", {"isIn": True, "isNotIn": False})
    texts = strings(child(element, "Array"))
    return Member(field.slot, tuple(operand(compiler, element, field, text) for text in texts), inside)


def compile_compound(compiler: Compiler, element: Element, scope: Scope) -> Computes:
    """Compile a CompoundPredicate."""
    joint = choice(element, "booleanOperator", _JOINTS)
    parts = tuple(compiler.predicate(part, scope) for part in element.children if part.tag != "Extension")
    if len(parts) < 1:
        raise rejected(element, "joins nothing")
    return Compound(joint, parts)


def compile_true(compiler: Compiler, element: Element, scope: Scope) -> Computes:
    """Compile a True."""
    del compiler, element, scope
    return Always(1.0)


def compile_false(compiler: Compiler, element: Element, scope: Scope) -> Computes:
    """Compile a False."""
    del compiler, element, scope
    return Always(0.0)


def _is_continuous(field: Field) -> bool:
    return field.type is not DataType.STRING and (field.optype is not OpType.ORDINAL or not field.order)
