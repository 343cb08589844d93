"""Expressions of one row by the specification's text; which fields there are is in document."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import Document, Field, Scope, number, within
from tests.engines.pmml.reference.functions import FUNCTIONS
from tests.engines.pmml.reference.values import Fault, Unreadable, Value, constant, converted, read

TAGS = {"Constant", "FieldRef", "NormContinuous", "NormDiscrete", "Discretize", "MapValues", "Apply"}


def expression_of(parent: ET.Element) -> ET.Element:
    """Return an element's expression."""
    return next(one for one in parent if one.tag in TAGS)


def derive(document: Document, parent: ET.Element | None, scope: Scope) -> None:
    """Add the DerivedFields of an element to a scope."""
    for one in parent.iterfind("DerivedField") if parent is not None else ():
        kind = one.attrib["dataType"]
        scope.fields[one.attrib["name"]] = Field(kind, one.attrib["optype"], _asking(document, one, kind, scope))


def _asking(document: Document, one: ET.Element, kind: str, scope: Scope) -> Callable[[], Value]:
    return lambda: as_type(evaluate(document, expression_of(one), scope), kind)


def as_type(value: Value, kind: str) -> Value:
    """Return a value in a type; a row whose value has none there fails."""
    if isinstance(value, float) and kind == "integer" and math.isfinite(value):
        return int(value)
    try:
        return converted(value, kind)
    except Unreadable as error:
        raise Fault(f"{value!r} is no {kind}") from error


def evaluate(document: Document, element: ET.Element, scope: Scope) -> Value:
    """Return what an expression gives."""
    if element.tag == "Constant":
        return None if element.get("missing") == "true" else constant(element.text or "", element.get("dataType"))
    if element.tag in {"Apply", "MapValues"}:
        return _apply(document, element, scope) if element.tag == "Apply" else _map(element, scope)
    return _of_field(element, scope)


def _of_field(element: ET.Element, scope: Scope) -> Value:
    field = scope.field(element.attrib["field"])
    value = field.ask()
    if value is None:
        text = element.get("mapMissingTo")
        return None if text is None else read(text, _kind(element, field))
    if element.tag == "FieldRef":
        return value
    if element.tag == "NormDiscrete":
        return 1.0 if value == read(element.attrib["value"], field.kind) else 0.0
    return (_discretize if element.tag == "Discretize" else _norm)(element, value)


def _kind(element: ET.Element, field: Field) -> str:
    if element.tag == "FieldRef":
        return field.kind
    return element.get("dataType", "string") if element.tag == "Discretize" else "double"


def _norm(element: ET.Element, value: Value) -> Value:
    assert isinstance(value, int | float)
    points = [(number(one, "orig"), number(one, "norm")) for one in element.iterfind("LinearNorm")]
    outliers = element.get("outliers", "asIs")
    beyond = value < points[0][0] or value > points[-1][0]
    if beyond and outliers == "asMissingValues":
        return None
    if beyond and outliers == "asExtremeValues":
        return points[0][1] if value < points[0][0] else points[-1][1]
    pieces = list(pairwise(points))
    low, high = next((piece for piece in pieces if value <= piece[1][0]), pieces[-1])
    return low[1] + (value - low[0]) / (high[0] - low[0]) * (high[1] - low[1])


def _discretize(element: ET.Element, value: Value) -> Value:
    assert isinstance(value, int | float)
    kind = element.get("dataType", "string")
    for one in element.iterfind("DiscretizeBin"):
        interval = one.find("Interval")
        assert interval is not None
        if within(interval, value):
            return read(one.attrib["binValue"], kind)
    default = element.get("defaultValue")
    return None if default is None else read(default, kind)


def _map(element: ET.Element, scope: Scope) -> Value:
    kind = element.get("dataType", "string")
    wanted: dict[str, Value] = {}
    for pair in element.iterfind("FieldColumnPair"):
        value = scope.value(pair.attrib["field"])
        if value is None:
            text = element.get("mapMissingTo")
            return None if text is None else read(text, kind)
        wanted[pair.attrib["column"]] = value
    for row in element.iterfind("InlineTable/row"):
        cells = {cell.tag: cell.text or "" for cell in row}
        if all(column in cells and _same(cells[column], value) for column, value in wanted.items()):
            return read(cells[element.attrib["outputColumn"]], kind)
    default = element.get("defaultValue")
    return None if default is None else read(default, kind)


def _same(text: str, value: Value) -> bool:
    if isinstance(value, str):
        return text == value
    try:
        return converted(text, {int: "integer", float: "double", bool: "boolean"}[type(value)]) == value
    except Unreadable:
        return False


def _apply(document: Document, element: ET.Element, scope: Scope) -> Value:
    value = _applied(document, element, scope)
    text = element.get("defaultValue")
    return constant(text, None) if value is None and text is not None else value


def _applied(document: Document, element: ET.Element, scope: Scope) -> Value:
    name, mapped = element.attrib["function"], element.get("mapMissingTo")
    parts = list(element)
    if name == "if":
        return _branch(document, element, scope)
    values = []
    for part in parts:
        value = evaluate(document, part, scope)
        if value is None and mapped is not None:
            return constant(mapped, None)
        values.append(value)
    if name in document.functions:
        return _call(document, document.functions[name], values, parts, scope)
    return FUNCTIONS[name](*values)


def _branch(document: Document, element: ET.Element, scope: Scope) -> Value:
    parts, mapped = list(element), element.get("mapMissingTo")
    test = evaluate(document, parts[0], scope)
    if test is None:
        if mapped is None:
            raise Fault("'if' cannot accept a missing condition")
        return constant(mapped, None)
    place = 1 if test else 2
    value = evaluate(document, parts[place], scope) if place < len(parts) else None
    if value is None and mapped is not None and place < len(parts):
        return constant(mapped, None)
    return value


def _call(
    document: Document, function: ET.Element, values: list[Value], parts: list[ET.Element], scope: Scope
) -> Value:
    """Return what a user-defined function gives; it sees its parameters and nothing else."""
    del parts, scope
    inside = Scope()
    for parameter, value in zip(function.iterfind("ParameterField"), values, strict=True):
        kind = parameter.get("dataType")
        given = value if kind is None else as_type(value, kind)
        inside.fields[parameter.attrib["name"]] = Field(kind or _type(given), "continuous", _constantly(given))
    result = evaluate(document, expression_of(function), inside)
    kind = function.get("dataType")
    return result if kind is None else as_type(result, kind)


def _type(value: Value) -> str:
    return {int: "integer", bool: "boolean", str: "string"}.get(type(value), "double")


def _constantly(value: Value) -> Callable[[], Value]:
    return lambda: value
