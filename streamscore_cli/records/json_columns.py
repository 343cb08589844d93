"""JSON objects as columns, by their keys; nothing below the first level is read, and no bytes are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from streamscore_cli.core.columns import Column
from streamscore_cli.core.failures import Cause
from streamscore_cli.records.json_objects import Objects, json_type

_NUMBERS = frozenset({float, int, type(None)})
_NESTED = frozenset({dict, list})
_NOTHING = frozenset({type(None)})

MOST_FIELDS = 1000
"""Different keys that the records of one batch may have, where the settings declare no fields."""

Lists = Mapping[str, Sequence[Any]]
"""The values of each column."""


def lists_of(objects: Objects) -> Lists:
    """Return the values of every key, None where a record has no such key."""
    names = list(objects[0]) if objects else []
    if set(map(len, objects)) == {len(names)}:
        columns = _same_keys(objects, names)
        if columns is not None:
            return columns
    return some_lists_of(objects, dict.fromkeys(chain.from_iterable(objects)))


def some_lists_of(objects: Objects, names: Collection[str]) -> Lists:
    """Return the values of the keys `names`, None where a record has no such key."""
    columns = _same_keys(objects, tuple(names))
    return columns or {name: [item.get(name) for item in objects] for name in names}


def as_column(values: Sequence[Any]) -> Column:
    """Return JSON values as a column: float64 of numbers and nulls, else object; nulls alone say no type: object."""
    return _column(values, set(map(type, values)))


def columns_of(lists: Lists) -> tuple[dict[str, Column], list[tuple[int, Cause, str]]]:
    """Return the columns, and the places of rows with an array or an object in one, and why that fails them.

    Where there are such rows, the columns are to be made again without these.
    """
    columns: dict[str, Column] = {}
    nested: dict[int, str] = {}
    for name, values in lists.items():
        types = set(map(type, values))
        if _NESTED.isdisjoint(types):
            columns[name] = _column(values, types)
            continue
        for row, value in enumerate(values):
            if type(value) in _NESTED:
                nested.setdefault(row, f"field {name} is a JSON {json_type(value)}, not a single value")
    return columns, [(row, Cause.WRONG_TYPE, why) for row, why in nested.items()]


def beyond_bound(objects: Objects) -> list[tuple[int, Cause, str]]:
    """Return the places of the objects whose keys would make more columns than a batch may have.

    Each column costs all rows a cell.
    """
    if sum(map(len, objects)) <= MOST_FIELDS or len(set(chain.from_iterable(objects))) <= MOST_FIELDS:
        return []
    known: set[str] = set()
    failed: list[tuple[int, Cause, str]] = []
    reason = f"its fields make more than {MOST_FIELDS} in one batch; records.fields in the settings can name those"
    for at, item in enumerate(objects):
        if len(known | item.keys()) <= MOST_FIELDS:
            known |= item.keys()
        else:
            failed.append((at, Cause.UNDECODABLE, reason))
    return failed


def _column(values: Sequence[Any], types: set[type]) -> Column:
    if types <= _NUMBERS and types != _NOTHING:
        return np.array(values, np.float64)
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _same_keys(objects: Objects, names: Sequence[str]) -> Lists | None:
    """Return the values of `names` where every object has them; else None."""
    if not names or not objects:
        return None
    try:
        if len(names) == 1:  # then a getter gives no tuple
            return {names[0]: list(map(itemgetter(*names), objects))}
        rows = list(map(itemgetter(*names), objects))
    except KeyError:
        return None
    return dict(zip(names, zip(*rows, strict=True), strict=True))
