"""How long a TensorFlow graph may run: for ever, where it has a loop; it measures no time."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.tensorflow_check import GraphDef, called_by

MAX_EXPANDED_NODES = 10_000_000
"""Nodes of a graph with every call of a function replaced by the function's nodes, as TensorFlow does it."""

_LOOPS = {"While", "StatelessWhile", "For", "NextIteration", "RefNextIteration"}


def has_loop(graph: GraphDef) -> bool:
    """Tell whether the graph or one of its functions has a loop, so that nothing but a clock tells whether it ends."""
    inside = (node for function in graph.library.function for node in function.node_def)
    return any(node.op in _LOOPS for nodes in (graph.node, inside) for node in nodes)


def check_calls(graph: GraphDef) -> None:
    """Refuse functions that call themselves, and calls that grow beyond `MAX_EXPANDED_NODES`.

    TensorFlow puts the functions in place of their calls before it runs anything, and nothing can stop it then. Raises
    `ModelRejected`.
    """
    library = {str(function.signature.name): function for function in graph.library.function}
    calls = {
        name: [call for node in function.node_def for call in called_by(node) if call in library]
        for name, function in library.items()
    }
    try:
        order = list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        raise ModelRejected(f"The TensorFlow graph's function '{error.args[1][0]:.100}' calls itself.") from None
    sizes: dict[str, int] = {}
    for name in order:
        sizes[name] = len(library[name].node_def) + sum(sizes[call] for call in calls[name])
    total = len(graph.node) + sum(sizes[call] for node in graph.node for call in called_by(node) if call in library)
    if total > MAX_EXPANDED_NODES:
        raise ModelRejected(
            f"The TensorFlow graph's functions call each other so often that it has {total:.3g} nodes, the limit is "
            f"{MAX_EXPANDED_NODES:,}."
        )
