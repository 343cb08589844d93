"""From the declared type of a field to what tells whether a value is of it; it knows no class of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

Seen = set[tuple[int, int]]
"""Tuples that were found to fit, with what they fit: many fields may share a long one."""

Fits = Callable[[object, Seen], bool]
Makers = Callable[[type], tuple[type, ...]]
"""Returns the classes that have all that a protocol asks for."""

_SCALARS: dict[type, tuple[type, ...]] = {
    NoneType: (NoneType,),
    bool: (bool, np.bool_),
    int: (int, np.int64),
    float: (float, int, np.float64),
    str: (str,),
}
_ANY_NUMBER = "biuf"


def fits_of(hint: object, makers: Makers) -> Fits | None:
    """Return what tells whether a value is of a type; None for a type whose values have no form in the store."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is np.ndarray:
        return _array_of(get_args(arguments[1])[0])
    if origin is tuple and arguments[1:] == (...,):
        return _tuple_of(fits_of(arguments[0], makers))
    if origin in {Union, UnionType, tuple}:
        known = [fits for one in arguments if (fits := fits_of(one, makers)) is not None]
        joined = _row_of if origin is tuple else _any_of
        return joined(known) if len(known) == len(arguments) else None
    return _fits_class(hint, makers) if isinstance(hint, type) else None


def _fits_class(hint: type, makers: Makers) -> Fits | None:
    if hint in _SCALARS:
        return _one_of(_SCALARS[hint])
    if is_protocol(hint):
        return _one_of(makers(hint))
    if issubclass(hint, Enum) or is_dataclass(hint):
        return lambda value, _: isinstance(value, hint)
    return None


def leaves(hint: object) -> Iterator[type]:
    """Yield the classes that a type is put together of."""
    for argument in get_args(hint):
        yield from leaves(argument)
    if isinstance(hint, type) and get_origin(hint) is None:
        yield hint


def is_protocol(hint: object) -> bool:
    """Tell whether a type is a protocol: anything that has what it asks for."""
    return bool(getattr(hint, "_is_protocol", False))


def has_all(kind: type, protocol: type) -> bool:
    """Tell whether a class has the protocol's methods, with the same types, and fields for its properties."""
    asked = {name: one for name, one in vars(protocol).items() if not name.startswith("_")}
    try:
        return all(_has(kind, name, one) for name, one in asked.items())
    except NameError:
        return False


def _has(kind: type, name: str, asked: object) -> bool:
    if isinstance(asked, property):
        return bool(get_type_hints(kind).get(name) == get_type_hints(asked.fget)["return"])
    found = getattr(kind, name, None)
    return callable(found) and bool(get_type_hints(found) == get_type_hints(asked))


def _one_of(kinds: tuple[type, ...]) -> Fits:
    return lambda value, _: type(value) in kinds


def _any_of(options: list[Fits]) -> Fits:
    return lambda value, seen: any(fits(value, seen) for fits in options)


def _tuple_of(item: Fits | None) -> Fits | None:
    if item is None:
        return None

    def fits(value: object, seen: Seen) -> bool:
        if type(value) is not tuple:
            return False
        key = (id(value), id(item))
        if key not in seen:
            if not all(item(one, seen) for one in value):
                return False
            seen.add(key)
        return True

    return fits


def _row_of(items: list[Fits]) -> Fits:
    def fits(value: object, seen: Seen) -> bool:
        if type(value) is not tuple or len(value) != len(items):
            return False
        return all(item(one, seen) for item, one in zip(items, value, strict=True))

    return fits


def _array_of(cell: object) -> Fits:
    kinds = _ANY_NUMBER if cell is Any else np.dtype(cast("type", cell)).kind
    size = None if cell is Any else np.dtype(cast("type", cell)).itemsize

    def fits(value: object, _: Seen) -> bool:
        if type(value) is not np.ndarray or value.dtype.kind not in kinds:
            return False
        return size is None or value.dtype.itemsize == size

    return fits
