"""The walk over a TensorFlow graph that finds what runs when, before TensorFlow sees it; it executes nothing.

What is not on the lists of `tensorflow_ops` is refused wherever it is; what only saving and training use is refused
where scoring or restoring can reach it, and is cut off, so that it is not even in the graph that TensorFlow gets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.tensorflow_ops import OpUse, is_allowed

GraphDef: TypeAlias = Any
NodeDef: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Reached:
    """The nodes and the library functions that run when some nodes are asked for."""

    nodes: frozenset[str]
    functions: frozenset[str]


def check_frozen(graph: GraphDef) -> None:
    """Refuse a frozen graph with any operation, also in its functions, that is not allowed; raises `ModelRejected`."""
    library = {function.signature.name for function in graph.library.function}
    for node, function in _all_nodes(graph):
        _check(node, OpUse.FROZEN, function, library)


def check_and_prune(
    graph: GraphDef, scoring: Iterable[str], starting: Iterable[str], restoring: Iterable[str]
) -> GraphDef:
    """Return the part of a graph that the given nodes need, without devices; raises `ModelRejected`.

    Nothing of the whole graph may be off the lists; what `scoring` nodes reach may only compute and read variables,
    what `starting` nodes reach may also set them, and what `restoring` nodes alone reach may also read files: which
    ones, `check_restores` tells.
    """
    uses = {
        OpUse.SCORING: reached_from(graph, scoring),
        OpUse.STARTING: reached_from(graph, starting),
        OpUse.RESTORING: reached_from(graph, restoring),
    }
    library = {function.signature.name for function in graph.library.function}
    for node, function in _all_nodes(graph):
        _check(node, _use(uses, node.name, function), function, library)
    nodes = frozenset[str]().union(*(reached.nodes for reached in uses.values()))
    functions = frozenset[str]().union(*(reached.functions for reached in uses.values()))
    pruned = type(graph)(versions=graph.versions)
    pruned.node.extend(node for node in graph.node if node.name in nodes)
    pruned.library.function.extend(item for item in graph.library.function if item.signature.name in functions)
    return without_devices(pruned)


def without_devices(graph: GraphDef) -> GraphDef:
    """Return the graph with every node free to run on the one device there is."""
    for node, _ in _all_nodes(graph):
        node.device = ""
        node.attr.pop("_class", None)
    return graph


def node_of(tensor: str) -> str:
    """Return the name of the node in a reference such as `^node`, `node:1` or `node:output:0`."""
    return tensor.removeprefix("^").partition(":")[0]


def reached_from(graph: GraphDef, roots: Iterable[str]) -> Reached:
    """Return all nodes that `roots` (nodes or tensors) need, and all functions that these call, however deep."""
    by_name = {node.name: node for node in graph.node}
    library = {function.signature.name: function for function in graph.library.function}
    nodes: set[str] = set()
    waiting = [node_of(root) for root in roots]
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in nodes:
            nodes.add(name)
            waiting.extend(node_of(item) for item in by_name[name].input)
    functions: set[str] = set()
    called = [name for node in nodes for name in called_by(by_name[node])]
    while called:
        name = called.pop()
        if name in library and name not in functions:
            functions.add(name)
            called.extend(inner for node in library[name].node_def for inner in called_by(node))
    return Reached(frozenset(nodes), frozenset(functions))


def called_by(node: NodeDef) -> Iterator[str]:
    """Yield what a node may call: its operation and every function in its attributes, of which none need exist."""
    yield node.op
    for value in node.attr.values():
        yield value.func.name
        yield from (function.name for function in value.list.func)


def _all_nodes(graph: GraphDef) -> Iterator[tuple[NodeDef, str]]:
    for node in graph.node:
        yield node, ""
    for function in graph.library.function:
        for node in function.node_def:
            yield node, str(function.signature.name)


def _use(uses: dict[OpUse, Reached], node: str, function: str) -> OpUse:
    for use, reached in uses.items():  # the strictest first
        if function in reached.functions or (not function and node in reached.nodes):
            return use
    return OpUse.UNUSED


def _check(node: NodeDef, use: OpUse, function: str, library: set[str]) -> None:
    # A call of a library function is allowed: what the function does is checked in its body.
    if is_allowed(node.op, use) or node.op in library:
        return
    place = f"node '{node.name:.100}'" + (f" of the function '{function:.100}'" if function else "")
    raise ModelRejected(
        f"The TensorFlow graph has the operation '{node.op:.100}' ({place}), which is not allowed in what is used for "
        f"{use.value}.",
        "A model may only compute: export it without reading, writing, Python or training in it.",
    )
