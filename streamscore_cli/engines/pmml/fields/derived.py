"""Derived fields: an expression's column under a name and in a declared type; expressions are compiled elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from streamscore_cli.engines.pmml.compiler import Compiler, Expression
from streamscore_cli.engines.pmml.document.element import Element, choice, rejected, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import can_cast, cast
from streamscore_cli.engines.pmml.values.column import Column
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, OP_TYPES, DataType

EXPRESSIONS = (
    "FieldRef Constant NormContinuous NormDiscrete Discretize MapValues Apply TextIndex Aggregate Lag FieldColumnPair"
)

SHAPES: Shapes = {
    "TransformationDictionary": shape("", "DefineFunction DerivedField"),
    "LocalTransformations": shape("", "DerivedField"),
    "DerivedField": shape("name dataType optype datatype", f"{EXPRESSIONS} Value", "displayName"),
}


@dataclass(frozen=True, slots=True)
class Converted:
    """An expression's column in another type."""

    expression: Expression
    type: DataType
    name: str

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        return cast(self.expression.evaluate(batch), self.expression.type, self.type, batch, f"field {self.name!r}")


def add_derived_fields(compiler: Compiler, parent: Element, scope: Scope) -> None:
    """Make the derived fields of a TransformationDictionary or LocalTransformations known in `scope`, lazily."""
    for element in parent.all("DerivedField"):
        name = required(element, "name")
        scope.add_lazy(name, element, partial(derived_field, compiler, element, scope))


def derived_field(compiler: Compiler, element: Element, scope: Scope) -> Field:
    """Compile a DerivedField."""
    expression = compiler.expression_in(element, scope)
    name = element.get("name") or f"#{element.line}"
    return column_of(compiler, element, expression, name)


def column_of(compiler: Compiler, element: Element, expression: Expression, name: str) -> Field:
    """Give an expression a column in the type that `element` declares."""
    if element.get("dataType") is None and element.get("datatype") is None:
        raise rejected(element, "has no dataType")
    kind = choice(element, "dataType" if element.get("dataType") is not None else "datatype", DATA_TYPES)
    optype = choice(element, "optype", OP_TYPES)
    if not can_cast(expression.type, kind):
        raise unsupported(element, f"makes a {kind} of a {expression.type}")
    source = expression if expression.type is kind else Converted(expression, kind, name)
    order = tuple(literal(value, required(value, "value"), kind, compiler.vocabulary) for value in element.all("Value"))
    return Field(name, kind, optype, compiler.column(source), order)
