"""From a table of nodes and its arrays back to a program; whatever is in them, nothing but a program comes of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.program import Program
from streamscore_cli.engines.pmml.store.classes import Registry, Stored, registry
from streamscore_cli.engines.pmml.store.errors import UnreadableModelError
from streamscore_cli.engines.pmml.store.frame import ALIGNMENT
from streamscore_cli.engines.pmml.store.hints import Seen
from streamscore_cli.engines.pmml.store.sound import unsound
from streamscore_cli.engines.pmml.store.write import ARRAY, DTYPES, ENUM, SCALAR, TUPLE

_MOST_DIMENSIONS = 8
_WIDEST_OF_NOTHING = 1_000_000
"""An array without cells may have one long side, which costs the bytes nothing and a batch much."""

Make = Callable[[list[object]], object]


def restored(table: memoryview, arrays: memoryview) -> Program:
    """Return the program; its arrays are views of `arrays`, not to be written to.

    Raises `UnreadableModelError`.
    """
    try:
        document = json.loads(bytes(table))
        program = _Reader(registry(), arrays).program(document["kinds"], document["nodes"])
    except (ValueError, TypeError, LookupError, RecursionError) as problem:
        raise UnreadableModelError(f"The stored model is damaged: {problem}") from problem
    return program


class _Reader:
    def __init__(self, known: Registry, arrays: memoryview) -> None:
        self._known = known
        self._arrays = arrays
        self._seen: Seen = set()

    def program(self, kinds: list[str], nodes: list[list[object]]) -> Program:
        """Return the last node, which must be a program."""
        makes = [self._make(kind) for kind in kinds]
        made: list[object] = []
        for node in nodes:
            make = makes[_place(node[0], len(makes))]
            values = [made[_only(one, len(made))] if type(one) is list else one for one in node[1:]]
            made.append(make(values))
        if not made or type(made[-1]) is not Program:
            raise UnreadableModelError("it holds no program")
        return made[-1]

    def _make(self, kind: str) -> Make:
        if kind == TUPLE:
            return tuple
        if kind == ENUM:
            return self._enum
        if kind == ARRAY:
            return self._array
        if kind == SCALAR:
            return lambda values: self._array(values)[()]
        stored = self._known.classes[kind]
        return lambda values: self._made(kind, stored, values)

    def _made(self, name: str, stored: Stored, values: list[object]) -> object:
        if len(values) != len(stored.names):
            raise UnreadableModelError(f"{name} has {len(values)} fields")
        for field, fits, value in zip(stored.names, stored.fits, values, strict=True):
            if not fits(value, self._seen):
                raise UnreadableModelError(f"{name}.{field} is not of its type")
        made: object = stored.kind(*values)
        wrong = unsound(made)
        if wrong:
            raise UnreadableModelError(f"{name} {wrong}")
        return made

    def _enum(self, values: list[object]) -> Enum:
        kind, name = values
        return self._known.enums[str(kind)][str(name)]

    def _array(self, values: list[object]) -> NDArray[Any]:
        dtype = DTYPES[str(values[0])]
        start, *numbers = (_whole(one) for one in values[1:])
        axes, shape = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
        if len(shape) > _MOST_DIMENSIONS or sorted(axes) != list(range(len(shape))):
            raise UnreadableModelError("an array has no such axes")
        count = math.prod(shape)
        if (not count and max(shape) > _WIDEST_OF_NOTHING) or start % ALIGNMENT:
            raise UnreadableModelError("an array has no such shape or place")
        if count * dtype.itemsize + start > len(self._arrays):
            raise UnreadableModelError("an array ends beyond the bytes")
        return self._view(dtype, start, count).reshape(shape).transpose(np.argsort(axes))

    def _view(self, dtype: np.dtype[Any], start: int, count: int) -> NDArray[Any]:
        flat = np.frombuffer(self._arrays, dtype, count, start) if count else np.empty(0, dtype)
        if dtype == np.bool_ and (flat.view(np.uint8) > 1).any():
            raise UnreadableModelError("a truth value is neither 0 nor 1")
        if not flat.flags.aligned or not dtype.isnative:
            flat = flat.astype(dtype.newbyteorder("="))
        flat.flags.writeable = False
        return flat


def _place(value: object, count: int) -> int:
    place = _whole(value)
    if place >= count:
        raise UnreadableModelError("a node refers to a later one")
    return place


def _only(reference: list[object], count: int) -> int:
    (place,) = reference
    return _place(place, count)


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise UnreadableModelError(f"{value!r:.40} is no place and no size")
    return value
