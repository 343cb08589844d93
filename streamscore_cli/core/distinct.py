"""The different objects of a column, and which of them each row has; it compares no values, only identities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows
from streamscore_cli.core.object_memory import object_memory

_FEW = 16
"""Up to so many objects it is cheaper to look for each than to sort."""

_WORTH_AN_ARRAY = 64
"""Fewer rows than this are gone through faster one by one."""


def distinct(column: NDArray[np.object_]) -> tuple[list[Any], Rows]:
    """Return objects and for each row the place of its own among them; equal ones may be among them more than once."""
    if len(column) < _WORTH_AN_ARRAY:
        objects = {id(one): one for one in column.tolist()}
        places = {address: place for place, address in enumerate(objects)}
        return list(objects.values()), np.array([places[id(one)] for one in column.tolist()], np.intp)
    memory = object_memory()
    addresses = memory.cells(column) if memory else np.fromiter(map(id, column.tolist()), np.int64, len(column))
    firsts, codes = _few(addresses) or _sorted(addresses)
    return column[firsts].tolist(), codes


def _few(addresses: NDArray[np.int64]) -> tuple[Rows, Rows] | None:
    codes = np.zeros(len(addresses), np.intp)
    left = addresses != addresses[0]
    firsts = [0]
    while left.any():
        if len(firsts) == _FEW:
            return None
        first = int(left.argmax())
        same = addresses == addresses[first]
        codes[same] = len(firsts)
        left ^= same
        firsts.append(first)
    return np.array(firsts, np.intp), codes


def _sorted(addresses: NDArray[np.int64]) -> tuple[Rows, Rows]:
    _, firsts, codes = np.unique(addresses, return_index=True, return_inverse=True)
    return firsts, codes
