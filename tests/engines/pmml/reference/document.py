"""A PMML document as the reference sees it: elements without namespaces, data fields, and the fields of one row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from tests.engines.pmml.reference.values import NUMERIC, Fault, Unreadable, Value, converted, read

Row = Mapping[str, Value]


@dataclass
class Field:
    """A field of one row: its types, and its value when asked."""

    kind: str
    optype: str
    ask: Callable[[], Value]
    order: tuple[Value, ...] = ()


@dataclass
class Scope:
    """The fields that one model sees in one row; what it does not know the scope around it may know."""

    around: Scope | None = None
    fields: dict[str, Field] = field(default_factory=dict)

    def find(self, name: str) -> Field | None:
        """Return a field, or None."""
        if name in self.fields:
            return self.fields[name]
        return self.around.find(name) if self.around is not None else None

    def field(self, name: str) -> Field:
        """Return a field that must be there."""
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def value(self, name: str) -> Value:
        """Return a field's value in this row."""
        return self.field(name).ask()

    def number(self, name: str) -> float | None:
        """Return a numeric field's value."""
        value = self.value(name)
        assert not isinstance(value, str)
        return None if value is None else float(value)


@dataclass
class Document:
    """A parsed document."""

    root: ET.Element
    data: dict[str, ET.Element] = field(default_factory=dict)
    functions: dict[str, ET.Element] = field(default_factory=dict)

    @property
    def model(self) -> ET.Element:
        """Return the outermost model."""
        return next(one for one in self.root if one.find("MiningSchema") is not None)


def parse(text: bytes) -> Document:
    """Return a document; its elements lose their namespaces."""
    root = ET.XML(text)
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    document = Document(root)
    document.data = {one.attrib["name"]: one for one in root.iterfind("DataDictionary/DataField")}
    document.functions = {one.attrib["name"]: one for one in root.iterfind("TransformationDictionary/DefineFunction")}
    return document


def number(element: ET.Element, name: str, default: float = math.nan) -> float:
    """Return a numeric attribute."""
    text = element.get(name)
    return default if text is None else float(text)


def words(array: ET.Element) -> list[str]:
    """Return the words of an Array; a word with blanks is in quotes."""
    text = array.text or ""
    return [quoted or plain for quoted, plain in _words(text)]


def _words(text: str) -> Iterator[tuple[str, str]]:
    parts = text.split('"')
    for place, part in enumerate(parts):
        if place % 2:
            yield part, ""
        else:
            yield from (("", word) for word in part.split())


def mining_fields(document: Document, schema: ET.Element, row: Row, around: Scope | None) -> Scope:
    """Return the fields of a model's mining schema."""
    scope = Scope(around)
    for one in schema.iterfind("MiningField"):
        name = one.attrib["name"]
        if one.get("usageType", "active") in {"target", "predicted"}:
            continue
        outer = around.find(name) if around is not None else None
        if outer is None and name in document.data:
            scope.fields[name] = _input(document.data[name], one, row.get(name))
        elif outer is not None and set(one.attrib) - {"name", "usageType"}:
            scope.fields[name] = _again(document.data.get(name), one, outer)
    return scope


def values_of(data: ET.Element, use: str) -> list[Value]:
    """Return the Values of a data field: valid, invalid or missing."""
    found = (one for one in data.iterfind("Value") if one.get("property", "valid") == use)
    return [read(one.attrib["value"], data.attrib["dataType"]) for one in found]


def _input(data: ET.Element, mining: ET.Element, given: Value) -> Field:
    kind, optype = data.attrib["dataType"], mining.get("optype") or data.attrib["optype"]
    return Field(kind, optype, lambda: _prepared(data, mining, given), tuple(values_of(data, "valid")))


def _again(data: ET.Element | None, mining: ET.Element, outer: Field) -> Field:
    """Return a field that is prepared a second time, by the schema of an inner model."""
    if data is None:
        data = ET.Element("DataField", {"name": "", "dataType": outer.kind, "optype": outer.optype})
    found = data
    return Field(outer.kind, outer.optype, lambda: _prepared(found, mining, outer.ask()), outer.order)


def _prepared(data: ET.Element, mining: ET.Element, given: Value) -> Value:
    """Return an input after its checks and treatments: invalid, outliers, missing, as the specification orders them."""
    kind = data.attrib["dataType"]
    if isinstance(given, float) and math.isnan(given):
        given = None
    value, good = _checked(data, mining, given)
    absent = good and value is None
    if not good:
        value = _invalid(mining, kind, value)
        if value is not None:
            return value
    elif isinstance(value, int | float) and kind in NUMERIC:
        value = _outlier(mining, value)
    if value is not None:
        return value
    if absent and mining.get("missingValueTreatment") == "returnInvalid":
        raise Fault(f"{data.get('name')} is missing")
    replacement = mining.get("missingValueReplacement")
    return None if replacement is None else read(replacement, kind)


def _checked(data: ET.Element, mining: ET.Element, given: Value) -> tuple[Value, bool]:
    """Return the value in its type (itself where it has none in it), and whether it is valid."""
    try:
        value = converted(given, data.attrib["dataType"])
    except Unreadable:
        return given, False
    if value is None or value in values_of(data, "missing"):
        return None, True
    if value in values_of(data, "invalid"):
        return value, False
    return value, _is_valid(data, mining.get("optype") or data.attrib["optype"], value)


def _is_valid(data: ET.Element, optype: str, value: Value) -> bool:
    valid = values_of(data, "valid")
    intervals = list(data.iterfind("Interval")) if optype == "continuous" else []
    if not valid and not intervals:
        return True
    return value in valid or any(within(one, value) for one in intervals)


def within(interval: ET.Element, value: Value) -> bool:
    """Tell whether a number is in an Interval."""
    assert isinstance(value, int | float)
    low, high = number(interval, "leftMargin", -math.inf), number(interval, "rightMargin", math.inf)
    left = value >= low if interval.attrib["closure"].startswith("closed") else value > low
    right = value <= high if interval.attrib["closure"].endswith("Closed") else value < high
    return left and right


def _invalid(mining: ET.Element, kind: str, value: Value) -> Value:
    treatment = mining.get("invalidValueTreatment", "returnInvalid")
    if treatment == "asMissing":
        return None
    if treatment == "asValue":
        return read(mining.attrib["invalidValueReplacement"], kind)
    try:
        kept = converted(value, kind)
    except Unreadable:
        kept = None
    if treatment == "asIs" and kept is not None:
        return kept
    raise Fault(f"{mining.get('name')} cannot be {value!r}")


def _outlier(mining: ET.Element, value: float) -> Value:
    low, high = number(mining, "lowValue", -math.inf), number(mining, "highValue", math.inf)
    treatment = mining.get("outliers", "asIs")
    if treatment == "asIs" or low <= value <= high:
        return value
    if treatment == "asMissingValues":
        return None
    bound = low if value < low else high
    return int(bound) if isinstance(value, int) else bound
