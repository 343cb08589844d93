"""Derived fields: an expression's column under a name and in a declared type; expressions are compiled elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from streamscore_cli.engines.pmml.compiler import Compiler, Expression
from streamscore_cli.engines.pmml.document.element import Element, choice, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.fields.scope import Scope, references
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import beyond_integers, can_cast, cast
from streamscore_cli.engines.pmml.values.column import Column, merged
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, OP_TYPES, DataType, OpType

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
        source = self.expression.type
        column = cast(self.expression.evaluate(batch), source, self.type, batch, f"field {self.name!r}")
        if self.type is not DataType.INTEGER:
            return column
        reason = f"field {self.name!r} must be an integer of 32 bits, it is"
        beyond = batch.faults_of_values(beyond_integers(column.values), column.values, DataType.DOUBLE, reason)
        return Column(column.values, merged((column.faults, beyond)))


@dataclass(frozen=True, slots=True)
class Staged:
    """An expression far from the inputs: the columns on the way are evaluated first, as Python's stack is short."""

    expression: Expression
    stations: tuple[int, ...]

    @property
    def type(self) -> DataType:
        """Return the type of the cells."""
        return self.expression.type

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        for slot in self.stations:
            batch.column(slot)
        return self.expression.evaluate(batch)


def add_derived_fields(compiler: Compiler, parent: Element, scope: Scope) -> None:
    """Make the derived fields of a TransformationDictionary or LocalTransformations known in `scope`, lazily."""
    for element in parent.all("DerivedField"):
        name = required(element, "name")
        scope.add_lazy(name, element, partial(derived_field, compiler, element, scope))


def derived_field(compiler: Compiler, element: Element, scope: Scope) -> Field:
    """Compile a DerivedField."""
    fields = [scope.find(name) for name in references(element)]
    slots = [field.slot for field in fields if field is not None]
    deepest, compiler.deepest = compiler.deepest, compiler.depth
    expression = compiler.expression_in(element, scope)
    height = compiler.deepest - compiler.depth + 1
    compiler.deepest = max(deepest, compiler.deepest)
    stations = compiler.chains.stations(slots, height)
    name = element.get("name") or f"#{element.line}"
    field = column_of(compiler, element, Staged(expression, stations) if stations else expression, name)
    compiler.chains.add(field.slot, slots, height, stations)
    return field


def column_of(compiler: Compiler, element: Element, expression: Expression, name: str) -> Field:
    """Give an expression a column in the type that `element` declares, or in its own where that declares none."""
    kind = choice(
        element, "dataType" if element.get("dataType") is not None else "datatype", DATA_TYPES, expression.type
    )
    optype = choice(element, "optype", OP_TYPES, OpType.CONTINUOUS if kind.is_numeric else OpType.CATEGORICAL)
    if not can_cast(expression.type, kind):
        raise unsupported(element, f"makes a {kind} of a {expression.type}")
    source = expression if expression.type is kind else Converted(expression, kind, name)
    order = tuple(literal(value, required(value, "value"), kind, compiler.vocabulary) for value in element.all("Value"))
    return Field(name, kind, optype, compiler.column(source), order)
