"""The different keys or objects of a column, and which of them each row has; what they stand for it does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Rows
from streamscore_cli.core.object_memory import object_memory

WORTH_AN_ARRAY = 64
"""Fewer rows than this are gone through faster one by one."""

_BITS = 16
_SHIFT = np.uint64(64 - _BITS)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""An odd number whose products differ in their upper bits where keys differ in any (Knuth, TAOCP 3, 6.4)."""


def distinct(column: NDArray[np.object_]) -> tuple[list[Any], Rows]:
    """Return objects and for each row the place of its own among them; equal ones may be among them more than once."""
    if len(column) < WORTH_AN_ARRAY:
        objects = {id(one): one for one in column.tolist()}
        places = {address: place for place, address in enumerate(objects)}
        return list(objects.values()), np.array([places[id(one)] for one in column.tolist()], np.intp)
    memory = object_memory()
    addresses = memory.cells(column) if memory else np.fromiter(map(id, column.tolist()), np.int64, len(column))
    if (addresses == addresses[0]).all():
        return [column[0]], np.zeros(len(column), np.intp)
    keys = addresses.view(np.uint64)
    firsts, codes = few_keys(keys) or _sorted(keys)
    return column[firsts].tolist(), codes


def few_keys(keys: NDArray[np.uint64]) -> tuple[Rows, Rows] | None:
    """Return the first row of each different key, and for each row the place of its own key among those.

    A hundred different keys nearly always find places of their own in a table, a thousand never: None where two keys
    share one. To sort takes ten times as long.
    """
    places = ((keys * _SPREAD) >> _SHIFT).astype(np.intp)
    table = np.empty(1 << _BITS, np.intp)
    rows = np.arange(len(keys))
    table[places[::-1]] = rows[::-1]  # the first comes last, and stays
    chosen = table[places]
    if (keys[chosen] != keys).any():
        return None
    firsts = np.flatnonzero(chosen == rows)
    table[places[firsts]] = np.arange(len(firsts))
    return firsts, table[places]


def _sorted(keys: NDArray[np.uint64]) -> tuple[Rows, Rows]:
    _, firsts, codes = np.unique(keys, return_index=True, return_inverse=True)
    return firsts, codes
