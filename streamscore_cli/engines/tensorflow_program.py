"""What of a TensorFlow graph is to be run, as both model formats say it in the end; it runs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.tensorflow_check import GraphDef

Shape = tuple[int, ...] | None
"""Sizes with -1 for unknown ones; None where not even their number is known."""


@dataclass(frozen=True, slots=True)
class InputTensor:
    """An input: its name for users, its tensor in the graph, TensorFlow's number of its type, its declared shape."""

    name: str
    tensor: str
    type_number: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class OutputTensor:
    """An output: its name for users and its tensor in the graph (a bare node name means all tensors of the node)."""

    name: str
    tensor: str


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """The tensor that takes the path of the variables' files, and the node that reads them."""

    path_tensor: str
    node: str


@dataclass(frozen=True, slots=True)
class GraphProgram:
    """A checked graph with what goes in and what comes out; `start` names nodes to run once, before the first batch."""

    graph: GraphDef
    inputs: tuple[InputTensor, ...]
    outputs: tuple[OutputTensor, ...]
    restore: RestoreStep | None = None
    start: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what nothing can be asked of."""
        if not self.inputs:
            raise ModelUnsupported("The TensorFlow graph has no input (no placeholder).")
        if not self.outputs:
            raise ModelRejected("The TensorFlow graph has no output.")


def shape_of(proto: GraphDef) -> Shape:
    """Return the sizes in a TensorShapeProto."""
    return None if proto.unknown_rank else tuple(int(dim.size) for dim in proto.dim)
