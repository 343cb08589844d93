"""Predicates in three values, as the specification's truth tables say; later parts are only asked where it matters."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.document import Field, Scope, words
from tests.engines.pmml.reference.values import Value, read

TAGS = {"SimplePredicate", "SimpleSetPredicate", "CompoundPredicate", "True", "False"}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "equal": operator.eq,
    "notEqual": operator.ne,
    "lessThan": operator.lt,
    "lessOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterOrEqual": operator.ge,
}


def predicate_of(parent: ET.Element) -> ET.Element:
    """Return an element's predicate."""
    return next(one for one in parent if one.tag in TAGS)


def holds(element: ET.Element, scope: Scope) -> bool | None:
    """Return whether a predicate holds, None for unknown."""
    if element.tag in {"True", "False"}:
        return element.tag == "True"
    if element.tag == "CompoundPredicate":
        return _compound(element, scope)
    field = scope.field(element.attrib["field"])
    value = field.ask()
    comparison = element.get("operator", "")
    if comparison in {"isMissing", "isNotMissing"}:
        return (value is None) is (comparison == "isMissing")
    if value is None:
        return None
    if element.tag == "SimplePredicate":
        return bool(_COMPARE[comparison](*_ranked(field, value, read(element.attrib["value"], field.kind), comparison)))
    members = [read(word, field.kind) for word in words(element[0])]
    return (value in members) is (element.get("booleanOperator") == "isIn")


def _ranked(field: Field, value: Value, other: Value, comparison: str) -> tuple[Value, Value]:
    """Return both sides; of an ordinal with listed values their places are compared."""
    if comparison in {"equal", "notEqual"} or field.optype != "ordinal" or not field.order:
        return value, other
    return field.order.index(value), field.order.index(other)


def _compound(element: ET.Element, scope: Scope) -> bool | None:
    joint = element.attrib["booleanOperator"]
    return {"and": _and, "or": _or, "xor": _xor, "surrogate": _surrogate}[joint](list(element), scope)


def _and(parts: list[ET.Element], scope: Scope) -> bool | None:
    result: bool | None = True
    for part in parts:
        value = holds(part, scope)
        if value is False:
            return False
        result = None if value is None else result
    return result


def _or(parts: list[ET.Element], scope: Scope) -> bool | None:
    result: bool | None = False
    for part in parts:
        value = holds(part, scope)
        if value:
            return True
        result = None if value is None else result
    return result


def _xor(parts: list[ET.Element], scope: Scope) -> bool | None:
    result = False
    for part in parts:
        value = holds(part, scope)
        if value is None:
            return None
        result = result != value
    return result


def _surrogate(parts: list[ET.Element], scope: Scope) -> bool | None:
    for part in parts:
        value = holds(part, scope)
        if value is not None:
            return value
    return None
