"""From a program to a table of nodes and its arrays; the frame around them and the way back are elsewhere.

The table is JSON: `kinds`, names, and `nodes`, lists that begin with the place of their kind. What follows is None, a
truth value, a number or a text as JSON has them (numbers in Python's notation: NaN, Infinity, -0.0), or a list of one
number: the place of an earlier node. So nothing is nested however deep the program is, and what is shared stays shared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.program import Program
from streamscore_cli.engines.pmml.store.classes import Registry, registry
from streamscore_cli.engines.pmml.store.errors import UnstorableModelError
from streamscore_cli.engines.pmml.store.frame import ALIGNMENT
from streamscore_cli.engines.pmml.store.hints import Seen

TUPLE, ENUM, ARRAY, SCALAR = "tuple", "enum", "array", "scalar"
DTYPES = {one.newbyteorder("<").str: one for one in map(np.dtype, "?bBhHiIlLqQfd")}
_PLAIN = {type(None), bool, int, float, str}


def written(program: Program) -> tuple[bytes, list[bytes]]:
    """Return the table and the bytes of all arrays, each filled up to a multiple of 64.

    Raises `UnstorableModelError` naming the class and the field whose value has no form.
    """
    writer = _Writer(registry())
    writer.add(program)
    table = {"kinds": list(writer.kinds), "nodes": writer.nodes}
    return json.dumps(table, separators=(",", ":"), check_circular=False).encode("ascii"), writer.arrays


def layout(array: NDArray[Any]) -> tuple[int, ...]:
    """Return the axes from the one with the longest steps in memory to the one with the shortest.

    Sums go along the memory: an array that came back in another layout could give other last digits.
    """
    axes = range(array.ndim)
    if array.flags.c_contiguous:
        return tuple(axes)
    return tuple(sorted(axes, key=lambda axis: -abs(array.strides[axis])))


class _Writer:
    def __init__(self, known: Registry) -> None:
        self.kinds: dict[str, int] = {}
        self.nodes: list[list[object]] = []
        self.arrays: list[bytes] = []
        self._known = known
        self._places: dict[int, int] = {}
        self._size = 0
        self._seen: Seen = set()

    def add(self, root: object) -> None:
        """Give numbers to what is below a value and then to the value itself, without recursion."""
        waiting = [root]
        while waiting:
            value = waiting[-1]
            if id(value) not in self._places:
                inside = [one for one in self._parts(value) if id(one) not in self._places]
                if inside:
                    waiting += inside
                    continue
                self._places[id(value)] = len(self.nodes)
                self.nodes.append(self._node(value))
            waiting.pop()

    def _parts(self, value: object) -> Iterator[object]:
        """Yield what must be numbered before `value`."""
        if isinstance(value, np.ndarray | np.generic | Enum):
            return
        inside = value if isinstance(value, tuple) else self._fields(value)
        yield from (one for one in inside if type(one) not in _PLAIN)

    def _fields(self, value: object) -> tuple[object, ...]:
        name = self._known.names.get(type(value), "")
        if name not in self._known.classes:
            raise UnstorableModelError(f"A {type(value).__qualname__} has no form in a stored model.")
        stored = self._known.classes[name]
        values = tuple(getattr(value, one) for one in stored.names)
        for field, fits, one in zip(stored.names, stored.fits, values, strict=True):
            if not fits(one, self._seen):
                raise UnstorableModelError(f"{name}.{field} is a {_types(one)}, which is not what it is declared as.")
        return values

    def _node(self, value: object) -> list[object]:
        if isinstance(value, np.ndarray):
            return [self._kind(ARRAY), *self._array(value)]
        if isinstance(value, np.generic):
            return [self._kind(SCALAR), *self._array(np.asarray(value))]
        if isinstance(value, Enum):
            return [self._kind(ENUM), self._known.names[type(value)], value.name]
        if isinstance(value, tuple):
            return [self._kind(TUPLE), *map(self._cell, value)]
        return [self._kind(self._known.names[type(value)]), *map(self._cell, self._fields(value))]

    def _cell(self, value: object) -> object:
        return value if type(value) in _PLAIN else [self._places[id(value)]]

    def _kind(self, name: str) -> int:
        return self.kinds.setdefault(name, len(self.kinds))

    def _array(self, array: NDArray[Any]) -> list[object]:
        """Keep the bytes; return what says how to read them: type, where, layout and, in its order, shape."""
        if array.dtype.newbyteorder("<").str not in DTYPES:
            raise UnstorableModelError(f"An array of {array.dtype} has no form in a stored model.")
        axes = layout(array)
        packed = array.transpose(axes).astype(array.dtype.newbyteorder("<"), order="C")
        data = packed.tobytes()
        place = self._size
        filled = data + bytes(-len(data) % ALIGNMENT)
        self.arrays.append(filled)
        self._size += len(filled)
        return [packed.dtype.str, place, *axes, *packed.shape]


def _types(value: object) -> str:
    """Return the name of a value's class, of a tuple's with those of what is in it."""
    name = type(value).__qualname__
    if not isinstance(value, tuple):
        return name
    return f"{name} of {', '.join(sorted({type(one).__qualname__ for one in value})) or 'nothing'}"
