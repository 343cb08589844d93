"""The DataDictionary: from elements to data fields; which of them a model uses is said by its mining schema."""

from __future__ import annotations

from streamscore_cli.engines.pmml.document.element import (
    Element,
    choice,
    demand,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.field import DataField, Interval
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, OP_TYPES, DataType, OpType, parse_cell
from streamscore_cli.engines.pmml.values.words import Vocabulary

SHAPES: Shapes = {
    "DataDictionary": shape("", "DataField", "numberOfFields", inert="Taxonomy"),
    "DataField": shape("name dataType optype isCyclic taxonomy", "Interval Value", "displayName"),
    "Interval": shape("closure leftMargin rightMargin"),
    "Value": shape("value displayValue property"),
}

_CLOSURES = {
    "openOpen": (False, False),
    "openClosed": (False, True),
    "closedOpen": (True, False),
    "closedClosed": (True, True),
}
_PROPERTIES = {"valid": "valid", "invalid": "invalid", "missing": "missing"}


def data_fields(dictionary: Element, vocabulary: Vocabulary) -> dict[str, DataField]:
    """Return the data fields by name."""
    fields: dict[str, DataField] = {}
    for element in dictionary.all("DataField"):
        field = _data_field(element, vocabulary)
        if field.name in fields:
            raise rejected(element, f"declares the field {field.name!r} again")
        fields[field.name] = field
    return fields


def literal(element: Element, text: str, kind: DataType, vocabulary: Vocabulary) -> float:
    """Return the cell of a literal in the document."""
    cell = parse_cell(text, kind, vocabulary.code)
    if cell is None:
        raise unsupported(element, f"has the value {text!r:.60}, which is no literal of type {kind}")
    return cell


def interval(element: Element) -> Interval:
    """Return an Interval."""
    low, high = optional_number(element, "leftMargin"), optional_number(element, "rightMargin")
    closed = choice(element, "closure", _CLOSURES)
    return Interval(float("-inf") if low is None else low, float("inf") if high is None else high, *closed)


def _data_field(element: Element, vocabulary: Vocabulary) -> DataField:
    kind = choice(element, "dataType", DATA_TYPES)
    demand(element, "isCyclic", "0", "false")
    demand(element, "taxonomy")
    groups: dict[str, list[float]] = {"valid": [], "invalid": [], "missing": []}
    displays: list[tuple[float, str]] = []
    for value in element.all("Value"):
        prop = choice(value, "property", _PROPERTIES, "valid")
        cell = _value_cell(value, kind, vocabulary, must=prop == "valid")
        if cell is None:
            continue
        groups[prop].append(cell)
        displays.extend((cell, shown) for shown in [value.get("displayValue")] if shown is not None)
    optype = choice(element, "optype", OP_TYPES, _default_optype(kind))
    if optype is OpType.CONTINUOUS and groups["valid"] and element.find("Interval") is not None:
        raise unsupported(element, "has intervals and valid values, which may mean that either or both make valid")
    return DataField(
        required(element, "name"),
        kind,
        optype,
        tuple(dict.fromkeys(groups["valid"])),
        tuple(groups["invalid"]),
        tuple(groups["missing"]),
        tuple(interval(child) for child in element.all("Interval")),
        tuple(displays),
    )


def _value_cell(value: Element, kind: DataType, vocabulary: Vocabulary, *, must: bool) -> float | None:
    text = required(value, "value")
    return literal(value, text, kind, vocabulary) if must else parse_cell(text, kind, vocabulary.code)


def _default_optype(kind: DataType) -> OpType:
    return OpType.CONTINUOUS if kind.is_numeric else OpType.CATEGORICAL
