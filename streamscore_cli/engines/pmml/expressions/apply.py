"""Apply: built-in functions on columns, user-defined functions by substitution, `if`; the functions are in a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from streamscore_cli.engines.pmml.compiler import Compiler, Expression
from streamscore_cli.engines.pmml.document.element import Element, choice, rejected, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, OnMissing
from streamscore_cli.engines.pmml.expressions.functions.table import FUNCTIONS
from streamscore_cli.engines.pmml.expressions.plain import Constant, FieldValue, OrElse, constant_of
from streamscore_cli.engines.pmml.fields.derived import EXPRESSIONS, Converted, Staged, column_of
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field, Invalid
from streamscore_cli.engines.pmml.fields.prepare import Prepared
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.cast import beyond_integers, can_cast
from streamscore_cli.engines.pmml.values.column import Column, among, merged, missing_in_any
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, OP_TYPES, DataType, parse_cell, show_number

SHAPES: Shapes = {
    "Apply": shape("function mapMissingTo defaultValue invalidValueTreatment", EXPRESSIONS),
    "DefineFunction": shape("name optype dataType", f"ParameterField {EXPRESSIONS}"),
    "ParameterField": shape("name optype dataType", "", "displayName"),
}


class OnInvalid(StrEnum):
    """What becomes of a result that is no number."""

    RETURN_INVALID = "returnInvalid"
    AS_IS = "asIs"
    AS_MISSING = "asMissing"


_BRANCHES = 3
_OF_VALIDITY = {"isValid", "isNotValid"}
_ON_INVALID = {kind.value: kind for kind in OnInvalid}


@dataclass(frozen=True, slots=True)
class Applied:
    """A built-in function on the columns of its arguments."""

    function: str
    arguments: tuple[Expression, ...]
    type: DataType
    map_missing_to: float
    on_invalid: OnInvalid

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        function = FUNCTIONS[self.function]
        columns = [argument.evaluate(batch) for argument in self.arguments]
        cells = [column.values for column in columns]
        call = Call(tuple(argument.type for argument in self.arguments), batch)
        with np.errstate(all="ignore"):
            values = function.compute(cells, call)
        if self.type is DataType.INTEGER:
            values = np.where(beyond_integers(values), math.nan, values)
        faults = merged([*(column.faults for column in columns), *call.failed])
        absent = missing_in_any(cells)
        if not math.isnan(self.map_missing_to):
            values, absent = np.where(absent, self.map_missing_to, values), np.zeros(batch.length, dtype=bool)
        if function.on_missing is OnMissing.MISSING:
            values = np.where(absent, math.nan, values)
        elif function.on_missing is OnMissing.FAULT:
            reason = f"function {self.function!r} cannot accept a missing value"
            faults = merged((faults, batch.faults(absent, reason)))
        if self.on_invalid is OnInvalid.RETURN_INVALID:
            wrong = np.isnan(values) & ~absent
            faults = merged((faults, batch.faults(wrong, f"function {self.function!r} has no valid result")))
        return Column(values, faults)


@dataclass(frozen=True, slots=True)
class If:
    """The first branch where the condition is true, the second elsewhere; the branch not taken cannot fail."""

    condition: Expression
    then: Expression
    otherwise: Expression | None
    type: DataType
    map_missing_to: float

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        test, then = self.condition.evaluate(batch), self.then.evaluate(batch)
        other = Column(batch.constant(math.nan)) if self.otherwise is None else self.otherwise.evaluate(batch)
        taken, absent = test.values == 1, np.isnan(test.values)
        values = np.where(taken, then.values, other.values)
        faults = merged((test.faults, among(then.faults, taken), among(other.faults, ~taken & ~absent)))
        if math.isnan(self.map_missing_to):
            return Column(values, merged((faults, batch.faults(absent, "function 'if' cannot accept a missing value"))))
        absent |= np.isnan(values) & (taken if self.otherwise is None else True)
        return Column(np.where(absent, self.map_missing_to, values), faults)


@dataclass(frozen=True, slots=True)
class Called:
    """A user-defined function that is not asked where an argument is missing."""

    body: Expression
    arguments: tuple[Expression, ...]
    map_missing_to: float
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        columns = [argument.evaluate(batch) for argument in self.arguments]
        absent = (
            missing_in_any([column.values for column in columns]) if columns else np.zeros(batch.length, dtype=bool)
        )
        values, faults = self.body.evaluate(batch)
        given = merged(column.faults for column in columns)
        return Column(np.where(absent, self.map_missing_to, values), merged((given, among(faults, ~absent))))


def compile_apply(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile an Apply."""
    name = required(element, "function").removeprefix("x-")
    arguments = [compiler.expression(child, scope) for child in element.children if child.tag != "Extension"]
    if name in compiler.functions:
        body = _defined(compiler, element, name, arguments)
        mapped = _map_missing_to(compiler, element, body.type)
        called = body if math.isnan(mapped) else Called(body, tuple(arguments), mapped, body.type)
        return _or_default(compiler, element, called)
    if name == "if":
        return _or_default(compiler, element, _if(compiler, element, arguments))
    function = FUNCTIONS.get(name)
    if function is None:
        raise unsupported(element, f"applies the function {name!r}, which it does not know")
    return _or_default(compiler, element, _applied(compiler, element, name, function, arguments))


def _applied(
    compiler: Compiler, element: Element, name: str, function: Function, arguments: list[Expression]
) -> Expression:
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        raise rejected(element, f"gives {len(arguments)} arguments to the function {name!r}")
    if function.aligned:
        arguments = _aligned(compiler, arguments)
    types = tuple(argument.type for argument in arguments)
    kind = function.result(types)
    if kind is None:
        raise unsupported(element, f"applies the function {name!r} to the types {', '.join(types)}")
    if function.constants is not None:
        wrong = function.constants(types, [_constant_text(compiler, argument) for argument in arguments])
        if wrong is not None:
            raise unsupported(element, f"applies the function {name!r} {wrong}")
    if name in _OF_VALIDITY and may_be_invalid(compiler, arguments[0]):
        raise unsupported(element, f"applies the function {name!r} to a field whose invalid values are kept")
    on_invalid = choice(element, "invalidValueTreatment", _ON_INVALID, OnInvalid.RETURN_INVALID)
    return Applied(name, tuple(arguments), kind, _map_missing_to(compiler, element, kind), on_invalid)


def may_be_invalid(compiler: Compiler, source: object) -> bool:
    """Tell whether an expression may hand on a value of an input that is invalid and kept as it is."""
    if isinstance(source, Prepared):
        return source.on_invalid is Invalid.AS_IS and bool(source.valid or source.intervals or source.invalid)
    if isinstance(source, FieldValue):
        return may_be_invalid(compiler, compiler.columns[source.slot])
    if isinstance(source, OrElse | Converted | Staged):
        return may_be_invalid(compiler, source.expression)
    if isinstance(source, If):
        return may_be_invalid(compiler, source.then) or may_be_invalid(compiler, source.otherwise)
    if isinstance(source, Called):
        return may_be_invalid(compiler, source.body)
    return source is not None and not isinstance(source, Applied | Constant)


def _aligned(compiler: Compiler, arguments: list[Expression]) -> list[Expression]:
    """Give arguments the type of the first one that is no constant, whose text says no type."""
    kinds = [argument.type for argument in arguments if constant_of(compiler, argument) is None]
    if not kinds:
        return arguments
    return [_in_type(compiler, argument, kinds[0]) for argument in arguments]


def _in_type(compiler: Compiler, argument: Expression, kind: DataType) -> Expression:
    constant = constant_of(compiler, argument)
    if constant is None:
        return _converted(argument, kind)
    if constant.type is kind:
        return argument
    if math.isnan(constant.value):
        return Constant(math.nan, kind)
    if constant.type.is_numeric and kind.is_numeric:
        return argument
    cell = parse_cell(_text_of(compiler, constant), kind, compiler.vocabulary.code)
    return argument if cell is None else Constant(cell, kind)


def _converted(argument: Expression, kind: DataType) -> Expression:
    """Make a column of strings beside numbers numbers, and the other way round."""
    if DataType.STRING in {argument.type, kind} and (argument.type.is_numeric or kind.is_numeric):
        return Converted(argument, kind, "a compared value")
    return argument


def _constant_text(compiler: Compiler, argument: Expression) -> str | None:
    constant = constant_of(compiler, argument)
    return None if constant is None or math.isnan(constant.value) else _text_of(compiler, constant)


def _text_of(compiler: Compiler, constant: Constant) -> str:
    if constant.type is DataType.STRING:
        return compiler.vocabulary.words[int(constant.value)]
    return show_number(constant.value, constant.type)


def _if(compiler: Compiler, element: Element, arguments: list[Expression]) -> Expression:
    if len(arguments) not in {2, _BRANCHES}:
        raise rejected(element, f"gives {len(arguments)} arguments to the function 'if'")
    condition, then = arguments[0], arguments[1]
    otherwise = arguments[2] if len(arguments) == _BRANCHES else None
    if condition.type is not DataType.BOOLEAN:
        raise unsupported(element, f"has a condition of type {condition.type}")
    kind = then.type if otherwise is None else _common(element, then, otherwise)
    return If(condition, then, otherwise, kind, _map_missing_to(compiler, element, kind))


def _common(element: Element, then: Expression, otherwise: Expression) -> DataType:
    if then.type is otherwise.type or _is_missing(otherwise):
        return then.type
    if _is_missing(then):
        return otherwise.type
    if then.type.is_numeric and otherwise.type.is_numeric:
        return DataType.DOUBLE
    raise unsupported(element, f"has one branch of type {then.type} and one of {otherwise.type}")


def _is_missing(expression: Expression) -> bool:
    return isinstance(expression, Constant) and math.isnan(expression.value)


def _map_missing_to(compiler: Compiler, element: Element, kind: DataType) -> float:
    text = element.get("mapMissingTo")
    return math.nan if text is None else literal(element, text, kind, compiler.vocabulary)


def _or_default(compiler: Compiler, element: Element, expression: Expression) -> Expression:
    text = element.get("defaultValue")
    if text is None:
        return expression
    return OrElse(expression, literal(element, text, expression.type, compiler.vocabulary), expression.type)


def _defined(compiler: Compiler, element: Element, name: str, arguments: list[Expression]) -> Expression:
    definition = compiler.functions[name]
    parameters = list(definition.all("ParameterField"))
    if name in compiler.calls or len(parameters) != len(arguments):
        raise unsupported(element, f"calls the function {name!r} from within itself or with {len(arguments)} arguments")
    inside = Scope()
    for parameter, argument in zip(parameters, arguments, strict=True):
        inside.add(_parameter(compiler, parameter, argument))
    compiler.calls.append(name)
    body = compiler.expression_in(definition, inside)
    compiler.calls.pop()
    kind = choice(definition, "dataType", DATA_TYPES, body.type)
    if not can_cast(body.type, kind):
        raise unsupported(definition, f"makes a {kind} of a {body.type}")
    return body if body.type is kind else Converted(body, kind, name)


def _parameter(compiler: Compiler, parameter: Element, argument: Expression) -> Field:
    name = required(parameter, "name")
    if parameter.get("dataType") is not None:
        return column_of(compiler, parameter, argument, name)
    optype = choice(parameter, "optype", OP_TYPES, OP_TYPES["continuous"])
    slot = argument.slot if isinstance(argument, FieldValue) else compiler.column(argument)
    return Field(name, argument.type, optype, slot)
