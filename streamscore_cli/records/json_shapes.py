"""JSON records of a shape met before, read without objects of Python's in between; whatever differs is left to others.

A shape is the keys of a record in order and the type of each one's values: number, text, true or false; or null.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson

from streamscore_cli.core.columns import Column
from streamscore_cli.records.json_objects import Objects

Keys = tuple[str, ...]
Decode = Callable[[bytes], Any]

_FEWEST = 8
"""Records of a batch that are worth it."""
_MOST_SHAPES = 64
"""How often a shape is looked for in the records of one codec: one is small, but who writes the keys is not known."""
_KINDS: Mapping[frozenset[type], type] = MappingProxyType(
    {
        frozenset({float}): float,
        frozenset({int}): float,
        frozenset({float, int}): float,
        frozenset({str}): str,
        frozenset({bool}): bool,
    }
)


class KnownShapes:
    """Reads batches of which all records have one shape, once that is learnt; used by one thread."""

    def __init__(self, wanted: Collection[str] = ()) -> None:
        """Take the keys that are to become columns; none: every key."""
        self._wanted = frozenset(wanted)
        self._shapes: dict[Keys, Shape] = {}
        self._left = _MOST_SHAPES

    def read(self, values: Sequence[bytes | None]) -> dict[str, Column] | None:
        """Return the columns of a batch, in the order of the first record's keys, or None where not all is as known."""
        if len(values) < _FEWEST or not self._shapes:
            return None
        shape = self._shapes.get(_keys(values[0]))
        return shape.read(values) if shape else None

    def learn(self, objects: Objects) -> None:
        """Take the shape of parsed records, if they have one."""
        if len(objects) < _FEWEST or not self._left:
            return
        keys = tuple(objects[0])
        if keys in self._shapes:
            return
        self._left -= 1
        kinds = _kinds(objects, keys)
        decode = decoder_of(kinds) if kinds else None
        if decode:
            self._shapes[keys] = Shape(kinds, decode, self._wanted)


class Shape:
    """Reads records of one shape; those of another are refused as a whole batch."""

    def __init__(self, kinds: Mapping[str, type], decode: Decode, wanted: Collection[str]) -> None:
        """Take the type of each key, who decodes a record into attributes f0, f1, ..., and what is wanted of it."""
        self._decode: Callable[[Any], Any] = decode
        self._columns = [
            (key, attrgetter(f"f{place}"), _numbers if kind is float else _values)
            for place, (key, kind) in enumerate(kinds.items())
            if not wanted or key in wanted
        ]

    def read(self, values: Sequence[bytes | None]) -> dict[str, Column] | None:
        """Return the columns, or None where a record is no JSON or has another shape."""
        try:
            items = list(map(self._decode, values))
        except (ValueError, TypeError):  # not JSON or not of this shape; no bytes
            return None
        return {key: make(list(map(getter, items))) for key, getter, make in self._columns}


def _numbers(values: Sequence[Any]) -> Column:
    column = np.fromiter(values, np.float64, len(values))
    return _values(values) if np.isnan(column[0]) and np.isnan(column).all() else column  # nulls alone have no type


def _values(values: Sequence[object]) -> Column:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def decoder_of(kinds: Mapping[str, type]) -> Decode | None:
    """Return who decodes records of these keys and types; None where msgspec (the extra `fast-json`) is not installed.

    What it accepts it reads as orjson does; it accepts no other key, and neither fewer.
    """
    try:
        import msgspec
    except ImportError:
        return None
    names = {f"f{place}": key for place, key in enumerate(kinds)}
    fields = [(name, kinds[key] | None) for name, key in names.items()]
    try:
        shape = msgspec.defstruct("Record", fields, rename=names, forbid_unknown_fields=True, gc=False)
    except ValueError:  # a key with quotes or control characters in it
        return None
    return msgspec.json.Decoder(shape).decode


def _keys(value: bytes | None) -> Keys:
    try:
        found = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return ()
    return tuple(found) if isinstance(found, dict) else ()


def _kinds(objects: Objects, keys: Keys) -> dict[str, type]:
    """Return the type of each key; none where the objects differ in their keys or a key has values of several types."""
    if any(item.keys() != objects[0].keys() for item in objects):
        return {}
    kinds = {key: _KINDS.get(frozenset({type(item[key]) for item in objects} - {type(None)})) for key in keys}
    return {} if None in kinds.values() else {key: kind for key, kind in kinds.items() if kind}
