"""TreeModel: from nested nodes to chains of binary tests, and to what each node says; nothing is scored here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compiler import Built, Labels, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    choice,
    number,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.element import child as child_of
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.regression.compile import compile_table
from streamscore_cli.engines.pmml.models.tree.grafted import Grafted
from streamscore_cli.engines.pmml.models.tree.missing import Penalised, Undecided
from streamscore_cli.engines.pmml.models.tree.tests import Outcome, Test, TestMaker
from streamscore_cli.engines.pmml.models.tree.tree import AMONG, Tests, Tree
from streamscore_cli.engines.pmml.predicates.predicate import PREDICATES
from streamscore_cli.engines.pmml.values.batch import Predicts
from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.prediction import CONFIDENCE, PROBABILITY, Matrix

SHAPES: Shapes = {
    "TreeModel": model_shape(
        "missingValueStrategy missingValuePenalty noTrueChildStrategy", "Node", "splitCharacteristic"
    ),
    "Node": shape(
        "id score recordCount defaultChild", f"Node ScoreDistribution Regression {PREDICATES}", "", "Partition"
    ),
    "Regression": shape("functionName normalizationMethod", "RegressionTable", "modelName algorithmName"),
    "ScoreDistribution": shape("value recordCount confidence probability"),
}


class OnUnknown(StrEnum):
    """What a predicate that is unknown does to the walk."""

    NONE = "none"
    LAST_PREDICTION = "lastPrediction"
    NULL_PREDICTION = "nullPrediction"
    DEFAULT_CHILD = "defaultChild"
    WEIGHTED_CONFIDENCE = "weightedConfidence"
    AGGREGATE_NODES = "aggregateNodes"


_ON_UNKNOWN = {kind.value: kind for kind in OnUnknown}
_UNDECIDED = {OnUnknown.WEIGHTED_CONFIDENCE, OnUnknown.AGGREGATE_NODES}
_KEEP_LAST = {"returnNullPrediction": False, "returnLastPrediction": True}


@dataclass(slots=True)
class _Node:
    element: Element
    place: int
    children: list[_Node]
    first: int = -1


def compile_tree(site: Site) -> Built:
    """Compile a TreeModel."""
    nodes = _nodes(child_of(site.element, "Node"))
    chains = _Chains(site, nodes)
    tests = chains.tests()
    ids = tuple(node.element.get("id") or str(node.place + 1) for node in nodes)
    if site.function == "regression":
        scores = [optional_number(node.element, "score") for node in nodes]
        filled = [math.nan if score is None else score for score in [*scores, None]]
        model = _with_strategy(site, chains, Tree(tests, np.array(filled)))
        return Built(_grafted(site, nodes, model), regression_type(site), entities=ids)
    if site.function != "classification":
        raise unsupported(site.element, f"has functionName={site.function!r:.40}")
    for graft in _grafts(nodes).values():
        raise unsupported(graft, "is within a tree that is a classification")
    labels = labels_of(site, _texts(nodes))
    distributions = _distributions(site, nodes, labels)
    orders = _orders(site, nodes, labels)
    tree = Tree(tests, _label_scores(site, nodes, labels, dict(distributions)), distributions, orders)
    told = frozenset(name for name, _ in distributions)
    return Built(_with_strategy(site, chains, tree), site.target.type, labels, told, ids)


def _with_strategy(site: Site, chains: _Chains, tree: Tree) -> Predicts:
    """Return the tree with what its strategy for missing values does besides choosing the way."""
    penalty = number(site.element, "missingValuePenalty", 1.0)
    costs = penalty != 1.0 and CONFIDENCE in dict(tree.distributions)
    if costs and chains.has_surrogates:
        raise unsupported(site.element, f"has surrogates and missingValuePenalty={penalty}")
    if chains.on_unknown in _UNDECIDED:
        return Undecided(tree.tests, tree.scores, tree.distributions, chains.on_unknown.value)
    if not costs or chains.on_unknown is not OnUnknown.DEFAULT_CHILD:
        return tree
    return Penalised(tree, chains.defaults(), penalty)


def _grafts(nodes: list[_Node]) -> dict[int, Element]:
    """Return the regressions at nodes."""
    found = ((node.place, node.element.find("Regression")) for node in nodes)
    return {place: element for place, element in found if element is not None}


def _grafted(site: Site, nodes: list[_Node], tree: Predicts) -> Predicts:
    grafts = _grafts(nodes)
    for element in grafts.values():
        if not isinstance(tree, Tree) or site.single or required(element, "functionName") != "regression":
            raise unsupported(element, "is within a tree of 32 bits or with aggregation, or is no regression")
    if not grafts or not isinstance(tree, Tree):
        return tree
    places = np.full(len(nodes), -1, dtype=np.intp)
    places[list(grafts)] = range(len(grafts))
    return Grafted(tree, tuple(compile_table(site, element) for element in grafts.values()), places)


def _nodes(root: Element) -> list[_Node]:
    """Return the nodes in document order."""
    nodes: list[_Node] = []
    waiting: list[tuple[Element, _Node | None]] = [(root, None)]
    while waiting:
        element, parent = waiting.pop()
        node = _Node(element, len(nodes), [])
        nodes.append(node)
        if parent is not None:
            parent.children.append(node)
        waiting.extend((child, node) for child in reversed(element.children) if child.tag == "Node")
    return nodes


class _Chains:
    """Lays the tests of each node's children one after the other and says where their answers lead."""

    def __init__(self, site: Site, nodes: list[_Node]) -> None:
        self._site = site
        self._nodes = nodes
        self._none = ~len(nodes)
        self._maker = TestMaker(site)
        self.on_unknown = choice(site.element, "missingValueStrategy", _ON_UNKNOWN, OnUnknown.NONE)
        self.has_surrogates = False
        self._keep_last = choice(site.element, "noTrueChildStrategy", _KEEP_LAST, default=False)
        self._tests: list[Test] = []
        self._targets: list[tuple[int, int, int]] = []

    def tests(self) -> Tests:
        """Return the tests of the whole tree."""
        chains = [(node, [self._made(child) for child in node.children]) for node in self._nodes if node.children]
        place = 1
        for node, made in chains:
            node.first = place
            place += _length(made)
        root = self._made(self._nodes[0])
        self._add(root, {True: self._enter(self._nodes[0]), False: self._none, None: self._none})
        for node, made in chains:
            self._chain(node, made)
        start = self._enter(self._nodes[0]) if root.slot < 0 and root.yes else 0
        return self._arrays(start)

    def defaults(self) -> NDArray[np.bool_]:
        """Return for every test whether its way for a missing value is a default child; the root's has none."""
        return np.array([test.unknown is None for test in self._tests]) & (np.arange(len(self._tests)) > 0)

    def _made(self, node: _Node) -> Test:
        predicate = self._site.compiler.predicate_of(node.element)
        self.has_surrogates |= _has_surrogates(predicate)
        return self._maker.test(predicate)

    def _enter(self, node: _Node) -> int:
        return node.first if node.children else ~node.place

    def _end(self, node: _Node) -> int:
        has_score = node.element.get("score") is not None or node.element.find("ScoreDistribution") is not None
        return ~node.place if self._keep_last and has_score else self._none

    def _chain(self, node: _Node, made: list[Test]) -> None:
        end, default = self._end(node), self._default(node)
        length = _length(made)
        for place in range(length):
            following = node.first + place + 1 if place + 1 < length else end
            opposed = place + 1 == length < len(made)
            otherwise = self._enter(node.children[place + 1]) if opposed else following
            unknown = (end if opposed else following) if self.on_unknown is OnUnknown.NONE else default
            self._add(made[place], {True: self._enter(node.children[place]), False: otherwise, None: unknown})

    def _default(self, node: _Node) -> int:
        if self.on_unknown is OnUnknown.LAST_PREDICTION:
            return ~node.place
        if self.on_unknown in _UNDECIDED:
            return ~(len(self._nodes) + 1)
        if self.on_unknown is not OnUnknown.DEFAULT_CHILD:
            return self._none
        wanted = node.element.get("defaultChild")
        if wanted is None:
            return self._none
        for child in node.children:
            if child.element.get("id") == wanted:
                return self._enter(child)
        raise rejected(node.element, f"has no child with the id {wanted!r:.60}")

    def _add(self, test: Test, leads: dict[Outcome, int]) -> None:
        self._tests.append(test)
        self._targets.append((leads[test.yes], leads[test.no], leads[test.unknown]))

    def _arrays(self, start: int) -> Tests:
        slots = sorted({test.slot for test in self._tests if test.slot >= 0})
        places = {slot: place for place, slot in enumerate(slots)}
        targets = np.array(self._targets, dtype=np.int32).reshape(-1, 3)
        return Tests(
            tuple(slots),
            start,
            np.array([test.kind for test in self._tests], dtype=np.int8),
            np.array([places.get(test.slot, 0) for test in self._tests], dtype=np.int32),
            np.array([test.operand for test in self._tests], dtype=np.float64),
            np.ascontiguousarray(targets[:, 0]),
            np.ascontiguousarray(targets[:, 1]),
            np.ascontiguousarray(targets[:, 2]),
            self._maker.table() if any(test.kind == AMONG for test in self._tests) else np.zeros((0, 0), dtype=bool),
        )


def _has_surrogates(predicate: Element) -> bool:
    return predicate.get("booleanOperator") == "surrogate" or any(map(_has_surrogates, predicate.children))


def _length(made: list[Test]) -> int:
    """Return how many tests a chain needs: a last child that is the opposite of the one before needs none."""
    return len(made) - 1 if len(made) > 1 and made[-2].opposes(made[-1]) else len(made)


def _texts(nodes: list[_Node]) -> list[str]:
    texts = dict.fromkeys(required(one, "value") for node in nodes for one in node.element.all("ScoreDistribution"))
    texts.update(dict.fromkeys(score for node in nodes if (score := node.element.get("score")) is not None))
    return list(texts)


def _distributions(site: Site, nodes: list[_Node], labels: Labels) -> tuple[tuple[str, Matrix], ...]:
    probabilities = np.full((len(nodes) + 1, len(labels.cells)), math.nan)
    confidences = probabilities.copy()
    places = {cell: place for place, cell in enumerate(labels.cells)}
    told: set[str] = set()
    for node in nodes:
        shares = list(node.element.all("ScoreDistribution"))
        if not shares:
            continue
        columns = [places[label_cell(site, one, required(one, "value"))] for one in shares]
        probabilities[node.place] = 0.0
        given = np.array(_shares(shares))
        probabilities[node.place, columns] = rounded(given) if site.single else given
        told.add(PROBABILITY)
        if all(one.get("confidence") is not None for one in shares):
            confidences[node.place] = 0.0
            confidences[node.place, columns] = [number(one, "confidence") for one in shares]
            told.add(CONFIDENCE)
    found = ((PROBABILITY, probabilities), (CONFIDENCE, confidences))
    return tuple((name, matrix) for name, matrix in found if name in told)


def _orders(site: Site, nodes: list[_Node], labels: Labels) -> NDArray[np.int16] | None:
    """Return where each node lists each label; None if all that list any list all, in their order."""
    places = {cell: place for place, cell in enumerate(labels.cells)}
    orders = np.full((len(nodes) + 1, len(labels.cells)), -1, dtype=np.int16)
    every, plain = list(range(len(labels.cells))), True
    for node in nodes:
        columns = [
            places[label_cell(site, one, required(one, "value"))] for one in node.element.all("ScoreDistribution")
        ]
        orders[node.place, columns] = range(len(columns))
        plain &= columns in ([], every)
    return None if plain else orders


def _shares(shares: list[Element]) -> list[float]:
    given = [optional_number(one, "probability") for one in shares]
    stated = [one for one in given if one is not None]
    if len(stated) == len(shares):
        return stated
    counts = [number(one, "recordCount") for one in shares]
    total = sum(counts)
    return [count / total if total else math.nan for count in counts]


def _label_scores(site: Site, nodes: list[_Node], labels: Labels, distributions: dict[str, Matrix]) -> Matrix:
    scores = np.full(len(nodes) + 1, math.nan)
    for node in nodes:
        text = node.element.get("score")
        if text is not None:
            scores[node.place] = label_cell(site, node.element, text)
        elif node.element.find("ScoreDistribution") is not None:
            shares = distributions[PROBABILITY][node.place]
            if np.isnan(shares).all():
                raise unsupported(node.element, "has no score, and a distribution that adds up to nothing")
            scores[node.place] = labels.cells[int(np.nanargmax(shares))]
    return scores
