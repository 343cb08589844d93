"""Which files a SavedModel's restoring reads: only those at the path that it is given; it reads none itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.tensorflow_check import GraphDef, NodeDef, node_of

_RESTORE = "RestoreV2"
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_PASSING = {"Identity", "StopGradient", "Snapshot"}
_GRAPH = ""  # the scope that is no function's

FunctionDef: TypeAlias = Any
Carried: TypeAlias = frozenset[str]
"""The tensors of a scope that hold the path whoever calls it."""


def check_restores(graph: GraphDef, path_tensor: str) -> None:
    """Refuse a `RestoreV2` anywhere in a graph whose path is not that of `path_tensor` (empty: there is none).

    Through functions the path is followed from argument to argument; where one call of several passes something else,
    or the path was computed, the model is refused. Raises `ModelRejected`.
    """
    library = {str(function.signature.name): function for function in graph.library.function}
    for name, carried in _carried(graph, library, path_tensor).items():
        nodes = library[name].node_def if name else graph.node
        by_name = {node.name: node for node in nodes}
        for node in nodes:
            if node.op == _RESTORE and not _holds_path(next(iter(node.input), ""), by_name, carried):
                place = f"node '{node.name:.100}'" + (f" of the function '{name:.100}'" if name else "")
                raise ModelRejected(
                    f"The TensorFlow graph has the operation '{_RESTORE}' ({place}), which reads from another path "
                    "than the one of the model's own variables.",
                    "A model may only read the variables that it brings: export it again with TensorFlow's own saver.",
                )


def _carried(graph: GraphDef, library: dict[str, FunctionDef], path_tensor: str) -> dict[str, Carried]:
    """Return for the graph and each function what holds the path, the least of all its calls."""
    carried: dict[str, Carried] = {_GRAPH: frozenset({_plain(path_tensor)} if path_tensor else ())}
    waiting = [_GRAPH]
    while waiting:
        scope = waiting.pop()
        nodes = library[scope].node_def if scope else graph.node
        for name, passed in _calls(nodes, carried[scope], library):
            known = carried.get(name)
            if known is None or not known <= passed:
                carried[name] = passed if known is None else known & passed
                waiting.append(name)
    return dict.fromkeys(library, frozenset()) | carried


def _calls(
    nodes: Iterable[NodeDef], carried: Carried, library: dict[str, FunctionDef]
) -> Iterator[tuple[str, Carried]]:
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        if node.op in library:
            yield node.op, _passed(node, library[node.op], by_name, carried)
        for key, value in node.attr.items():
            if value.func.name in library:
                plain = key == "f" and node.op in _CALLS
                function = library[value.func.name]
                yield value.func.name, _passed(node, function, by_name, carried) if plain else frozenset()
            yield from ((item.name, frozenset()) for item in value.list.func if item.name in library)


def _passed(node: NodeDef, function: FunctionDef, by_name: dict[str, NodeDef], carried: Carried) -> Carried:
    """Return the arguments that get the path in one call."""
    arguments = function.signature.input_arg
    if any(argument.number_attr or argument.type_list_attr for argument in arguments):
        return frozenset()
    given = [item for item in node.input if not item.startswith("^")]
    inner = {inside.name for inside in function.node_def}
    return frozenset(
        argument.name
        for argument, item in zip(arguments, given, strict=False)
        if argument.name not in inner and _holds_path(item, by_name, carried)
    )


def _holds_path(tensor: str, by_name: dict[str, NodeDef], carried: Carried) -> bool:
    seen: set[str] = set()
    while _plain(tensor) not in carried:
        node = by_name.get(node_of(tensor))
        if node is None or node.op not in _PASSING or not node.input or node.name in seen:
            return False
        seen.add(node.name)
        tensor = node.input[0]
    return True


def _plain(tensor: str) -> str:
    return tensor.removesuffix(":0")
