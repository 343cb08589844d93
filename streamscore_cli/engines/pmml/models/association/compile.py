"""AssociationModel: from items, itemsets and rules to arrays, and to what each output asks; nothing is scored here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    demand,
    integer,
    number,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.models.assembly import model_shape
from streamscore_cli.engines.pmml.models.association.model import Algorithm, Asked, Association, Item
from streamscore_cli.engines.pmml.outputs.output import told_name
from streamscore_cli.engines.pmml.values.types import DataType

SHAPES: Shapes = {
    "AssociationModel": model_shape(
        "",
        "Item Itemset AssociationRule",
        "numberOfTransactions maxNumberOfItemsPerTA avgNumberOfItemsPerTA minimumSupport minimumConfidence lengthLimit"
        " numberOfItems numberOfItemsets numberOfRules",
    ),
    "Item": shape("id value field category", "", "mappedValue weight"),
    "Itemset": shape("id", "ItemRef", "support numberOfItems"),
    "ItemRef": shape("itemRef"),
    "AssociationRule": shape("id antecedent consequent support confidence lift", "", "leverage affinity"),
}

_ALGORITHMS = {kind.value: kind for kind in Algorithm}
_BASES = {name: name for name in ("confidence", "support", "lift")}
_NUMBERS = frozenset(_BASES)
_TEXTS = frozenset({"ruleId", "rule"})
_FEATURES = {name: name for name in (*_NUMBERS, *_TEXTS)}
_RULE_VALUE = "ruleValue"


@dataclass(frozen=True, slots=True)
class _Rules:
    elements: list[Element]
    sets: dict[str, list[str]]

    def ids(self) -> list[str]:
        """Return the rules' identifiers; a rule without one is known by its place."""
        return [rule.get("id") or str(place + 1) for place, rule in enumerate(self.elements)]

    def texts(self, values: dict[str, str]) -> list[str]:
        """Return the rules as JPMML writes them."""
        return [
            f"{{{self._items(one, 'antecedent', values)}}}->{{{self._items(one, 'consequent', values)}}}"
            for one in self.elements
        ]

    def _items(self, rule: Element, side: str, values: dict[str, str]) -> str:
        return ",".join(values[item] for item in self.sets[required(rule, side)])


def compile_association(site: Site) -> Built:
    """Compile an AssociationModel."""
    element = site.element
    for one in child(element, "MiningSchema").all("MiningField"):
        if one.get("usageType") == "group":
            raise unsupported(one, "spreads a basket over several records, each of which is scored alone")
    if site.function != "associationRules":
        raise unsupported(element, f"has functionName={site.function!r:.40}")
    items = list(element.all("Item"))
    places = {required(one, "id"): place for place, one in enumerate(items)}
    rules = _Rules(list(element.all("AssociationRule")), _sets(element, places))
    if not items or not rules.elements or len(places) != len(items):
        raise rejected(element, "needs items, each with an id of its own, and rules")
    for rule in rules.elements:
        if not {required(rule, "antecedent"), required(rule, "consequent")} <= set(rules.sets):
            raise rejected(rule, "is of an itemset that is not there")
    numbers = {name: place for place, name in enumerate(rules.sets)}
    sets = np.zeros((len(numbers), len(items)), dtype=bool)
    for name, members in rules.sets.items():
        sets[numbers[name], [places[one] for one in members]] = True
    types: dict[str, DataType] = {}
    asked = [one for field in _fields(element) for one in _asked(site, field, rules, types)]
    model = Association(
        tuple(_item(site, one) for one in items),
        sets,
        np.array([numbers[required(rule, "antecedent")] for rule in rules.elements], dtype=np.int64),
        np.array([numbers[required(rule, "consequent")] for rule in rules.elements], dtype=np.int64),
        tuple(asked),
    )
    return Built(model, DataType.STRING, extras=types)


def _sets(element: Element, places: dict[str, int]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in element.all("Itemset"):
        name = required(one, "id")
        found[name] = [required(member, "itemRef") for member in one.all("ItemRef")]
        if not set(found[name]) <= set(places):
            raise rejected(one, "has an item that is not there")
    return found


def _fields(element: Element) -> list[Element]:
    output = element.find("Output")
    return [] if output is None else list(output.all("OutputField"))


def _item(site: Site, element: Element) -> Item:
    """Return an item: a field of its name, or `field=category`."""
    value = required(element, "value")
    name, category = element.get("field") or value, element.get("category")
    if site.scope.find(name) is None and element.get("field") is None:
        name, mark, rest = value.partition("=")
        category = rest if mark else None
    field = site.scope.field(name, element)
    if category is not None:
        return Item(field.slot, field.type, name, literal(element, category, field.type, site.compiler.vocabulary))
    if field.type not in {DataType.STRING, DataType.BOOLEAN} and not field.type.is_numeric:
        raise unsupported(element, f"is an item by the {field.type} {name!r:.60}")
    return Item(field.slot, field.type, name)


def _asked(site: Site, element: Element, rules: _Rules, types: dict[str, DataType]) -> list[Asked]:
    """Return what an OutputField asks of the rules; nothing, where it asks something else."""
    feature = element.get("feature") or ""
    entity = feature == "entityId"
    if feature != _RULE_VALUE and not entity and feature not in _FEATURES:
        return []
    demand(element, "isMultiValued", "0", "false")
    wanted = "ruleId" if entity else feature
    if feature == _RULE_VALUE and element.get("ruleFeature") is None:
        raise unsupported(element, "asks for a consequent, which is a list")
    if feature == _RULE_VALUE:
        wanted = choice(element, "ruleFeature", _FEATURES)
    basis = choice(element, "rankBasis", _BASES, "confidence")
    name = told_name(element)
    types[name] = DataType.DOUBLE if wanted in _NUMBERS else DataType.STRING
    order = _order(rules, basis, choice(element, "rankOrder", {"descending": -1.0, "ascending": 1.0}, -1.0))
    algorithm = choice(element, "algorithm", _ALGORITHMS, Algorithm.EXCLUSIVE)
    rank = integer(element, "rank", 1)
    if rank < 1:
        raise unsupported(element, f"asks for the rank {rank}")
    return [Asked(name, algorithm, order, rank, _told(site, rules, wanted))]


def _order(rules: _Rules, basis: str, sign: float) -> tuple[int, ...]:
    weights = [sign * number(rule, basis) for rule in rules.elements]
    return tuple(sorted(range(len(weights)), key=weights.__getitem__))


def _told(site: Site, rules: _Rules, wanted: str) -> tuple[float, ...]:
    if wanted in _NUMBERS:
        cells = (optional_number(rule, wanted) for rule in rules.elements)
        return tuple(math.nan if cell is None else cell for cell in cells)
    values = {required(one, "id"): required(one, "value") for one in site.element.all("Item")}
    texts = rules.ids() if wanted == "ruleId" else rules.texts(values)
    return tuple(site.compiler.vocabulary.code(text) for text in texts)
