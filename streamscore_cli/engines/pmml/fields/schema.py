"""The mining schema of a model: which fields it sees, how their values are treated, which one it predicts."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from streamscore_cli.engines.pmml.compiler import Compiler
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
from streamscore_cli.engines.pmml.fields.field import DataField, Field, Interval, Invalid, Outliers
from streamscore_cli.engines.pmml.fields.prepare import Input, Prepared
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.types import OP_TYPES, DataType, OpType

SHAPES: Shapes = {
    "MiningSchema": shape("", "MiningField"),
    "MiningField": shape(
        "name usageType optype outliers lowValue highValue missingValueReplacement missingValueTreatment"
        " invalidValueTreatment invalidValueReplacement",
        "",
        "importance displayName",
    ),
}

_TARGETS = {"predicted", "target"}
_USAGES = {usage: usage for usage in _TARGETS} | {
    usage: usage for usage in ("active", "supplementary", "group", "order", "frequencyWeight", "analysisWeight")
}
_MISSING = {name: name for name in ("asIs", "asMean", "asMode", "asMedian", "asValue", "returnInvalid")}
_INVALID = {kind.value: kind for kind in Invalid}
_OUTLIERS = {kind.value: kind for kind in Outliers}


def add_data_fields(compiler: Compiler, root: Element, scope: Scope) -> None:
    """Make every data field known in the outermost scope, without treatment: for what no mining schema names."""
    for name in compiler.data:
        scope.add_lazy(name, root, partial(_untreated, compiler, name))


def add_mining_fields(compiler: Compiler, schema: Element, scope: Scope, *, top: bool) -> tuple[str, ...]:
    """Make the mining fields known in `scope`; return the names of the active ones that the caller must give."""
    given: list[str] = []
    for element in schema.all("MiningField"):
        name = required(element, "name")
        usage = choice(element, "usageType", _USAGES, "active")
        if usage in _TARGETS:
            continue
        if not top:
            _add_inner(compiler, element, name, scope)
        elif name in compiler.data:
            scope.add(_treated(compiler, element, compiler.data[name]))
            given.extend([name] if usage == "active" else [])
    return tuple(given)


def target_name(schema: Element) -> str | None:
    """Return the name of the field that the schema says is predicted; the first, where there are several."""
    return next(iter(target_names(schema)), None)


def target_names(schema: Element) -> list[str]:
    """Return the names of all fields that the schema says are predicted."""
    return [required(one, "name") for one in schema.all("MiningField") if one.get("usageType") in _TARGETS]


def _add_inner(compiler: Compiler, element: Element, name: str, scope: Scope) -> None:
    if not _treats(element):
        return
    around = scope.parent.find(name) if scope.parent is not None else None
    if around is None:
        return
    data = compiler.data.get(name) or DataField(name, around.type, around.optype)
    scope.add(_prepared(compiler, element, replace(data, type=around.type), around))


def _treats(element: Element) -> bool:
    plain = {"name", "usageType", "importance", "displayName", "missingValueTreatment"}
    return (
        any(name not in plain for name in element.pairs[::2]) or element.get("missingValueTreatment") == "returnInvalid"
    )


def _untreated(compiler: Compiler, name: str) -> Field:
    data = compiler.data[name]
    return _prepared(compiler, None, data, _input_field(compiler, data))


def _treated(compiler: Compiler, element: Element, data: DataField) -> Field:
    data = replace(data, optype=choice(element, "optype", OP_TYPES, data.optype))
    return _prepared(compiler, element, data, _input_field(compiler, data))


def _input_field(compiler: Compiler, data: DataField) -> Field:
    slot = compiler.input(data.name, partial(Input, data.name, data.type))
    return Field(data.name, data.type, data.optype, slot, data.valid)


def checked(data: DataField, slot: int = 0) -> Prepared:
    """Return the column in a slot with the checks of its data field and no treatment."""
    return Prepared(slot, data.name, data.type, data.valid, data.invalid, data.missing, _intervals(data))


def _prepared(compiler: Compiler, element: Element | None, data: DataField, source: Field) -> Field:
    prepared = checked(data, source.slot)
    if element is not None:
        prepared = _with_missing(compiler, element, _with_outliers(element, _with_invalid(compiler, element, prepared)))
    return replace(source, optype=data.optype, slot=compiler.column(prepared))


def _intervals(data: DataField) -> tuple[Interval, ...]:
    return data.intervals if data.optype is OpType.CONTINUOUS else ()


def _with_invalid(compiler: Compiler, element: Element, prepared: Prepared) -> Prepared:
    treatment = choice(element, "invalidValueTreatment", _INVALID, Invalid.RETURN_INVALID)
    if treatment is not Invalid.AS_VALUE:
        return replace(prepared, on_invalid=treatment)
    text = required(element, "invalidValueReplacement")
    cell = literal(element, text, prepared.type, compiler.vocabulary)
    return replace(prepared, on_invalid=treatment, invalid_replacement=cell)


def _with_outliers(element: Element, prepared: Prepared) -> Prepared:
    treatment = choice(element, "outliers", _OUTLIERS, Outliers.AS_IS)
    if treatment is Outliers.AS_IS:
        return prepared
    if prepared.type not in {DataType.INTEGER, DataType.FLOAT, DataType.DOUBLE}:
        raise unsupported(element, f"treats outliers of the type {prepared.type}")
    low, high = number(element, "lowValue", -math.inf), number(element, "highValue", math.inf)
    if low > high:
        raise rejected(element, "has a lowValue above its highValue")
    return replace(prepared, outliers=treatment, low=low, high=high)


def _with_missing(compiler: Compiler, element: Element, prepared: Prepared) -> Prepared:
    treatment = choice(element, "missingValueTreatment", _MISSING, "asIs")
    if treatment == "returnInvalid":
        return replace(prepared, missing_is_invalid=True)
    text = element.get("missingValueReplacement")
    if text is None:
        return prepared
    return replace(prepared, missing_replacement=literal(element, text, prepared.type, compiler.vocabulary))
