"""Trees in an ONNX model followed from node to node before ONNX Runtime does so, which checks less; it scores nothing.

ONNX Runtime 1.32 loads trees that lead back to their root (a walk then never ends), and walks down a tree by recursion
when it loads it (a deep one ends the process).
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.onnx_schema import OnnxMessage

TREES = frozenset({"TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"})

MAX_DEPTH = 1_000

_IDS_BELOW = 1 << 31  # ONNX Runtime keeps them in 32 bits
_LEAF = b"LEAF"

Lists = dict[str, list[Any]]
"""A node's attributes by name: numbers, or texts as bytes."""

Children = dict[int, tuple[int, ...]]
"""For every node, by its place in the lists, the places of the nodes that follow it."""


def check_trees(node: OnnxMessage, place: str) -> None:
    """Refuse trees whose walk may not end or goes deeper than `MAX_DEPTH`; `place` names the node in errors.

    Nodes may be shared, as converters of category sets do it. Raises `ModelRejected`.
    """
    lists: Lists = {
        str(attribute.name): list(attribute.strings) if attribute.strings else list(attribute.ints)
        for attribute in node.attribute
    }
    children = _by_place(lists, place) if node.op_type == "TreeEnsemble" else _by_id(lists, place)
    try:
        order = list(TopologicalSorter(children).static_order())
    except CycleError:
        raise _broken(place, "they lead back to where they came from") from None
    depths: dict[int, int] = {}
    for one in order:
        depths[one] = 1 + max((depths[child] for child in children.get(one, ())), default=0)
    if max(depths.values(), default=0) > MAX_DEPTH:
        raise _broken(place, f"they are {max(depths.values()):,} nodes deep, the limit is {MAX_DEPTH:,}")


def _by_id(lists: Lists, place: str) -> Children:
    """Return the children of trees whose nodes are named by the numbers of their tree and in it."""
    names = ("treeids", "nodeids", "truenodeids", "falsenodeids", "modes")
    trees, nodes, trues, falses, modes = (lists.get(f"nodes_{name}", []) for name in names)
    _check_lengths((trees, nodes, trues, falses, modes), place)
    _check_ids((trees, nodes, trues, falses), place)
    places = {key: at for at, key in enumerate(zip(trees, nodes, strict=True))}
    if len(places) < len(nodes):
        raise _broken(place, "two have the same number")
    children: Children = {}
    for at, (tree, mode) in enumerate(zip(trees, modes, strict=True)):
        if mode == _LEAF:
            children[at] = ()
            continue
        followers = (places.get((tree, trues[at])), places.get((tree, falses[at])))
        children[at] = tuple(follower for follower in followers if follower is not None)
        if len(children[at]) < len(followers):
            raise _broken(place, "one leads to none that there is")
    return children


def _by_place(lists: Lists, place: str) -> Children:
    """Return the children of trees whose nodes are named by their place; a leaf is in a list of its own."""
    trues, falses = lists.get("nodes_truenodeids", []), lists.get("nodes_falsenodeids", [])
    true_leafs, false_leafs = lists.get("nodes_trueleafs", []), lists.get("nodes_falseleafs", [])
    _check_lengths((trues, falses, true_leafs, false_leafs), place)
    _check_ids((trues, falses, lists.get("tree_roots", [])), place)
    children: Children = {}
    for at, (true, false) in enumerate(zip(trues, falses, strict=True)):
        ends = (true_leafs[at], false_leafs[at])
        children[at] = tuple(child for child, leaf in zip((true, false), ends, strict=True) if not leaf)
        if max(children[at], default=0) >= len(trues):
            raise _broken(place, "one leads to none that there is")
    return children


def _check_lengths(lists: Sequence[list[Any]], place: str) -> None:
    if len({len(one) for one in lists}) > 1:
        raise _broken(place, "their lists differ in length")


def _check_ids(lists: Sequence[list[Any]], place: str) -> None:
    if any(not 0 <= number < _IDS_BELOW for number in chain.from_iterable(lists)):
        raise _broken(place, "one has a number that is negative or too large")


def _broken(place: str, problem: str) -> ModelRejected:
    return ModelRejected(f"The ONNX model's trees ({place}) are not sound: {problem}.")
