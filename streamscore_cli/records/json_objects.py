"""The bytes of JSON records as objects, the rows that hold none told apart; what becomes of their keys is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from streamscore_cli.core.columns import Rows, all_rows
from streamscore_cli.core.failures import Cause, Failure, Stage

Objects = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """`objects[i]` is row `rows[i]` of the batch; `failures` name the other rows."""

    objects: Objects
    rows: Rows
    failures: tuple[Failure, ...] = ()

    def without(self, failed: Sequence[tuple[int, Cause, str]]) -> Parsed:
        """Return the objects but for those at the places in `failed`, which fail for the cause and reason beside it."""
        if not failed:
            return self
        failures = (Failure(int(self.rows[at]), Stage.DECODE, cause, reason) for at, cause, reason in failed)
        kept = others(len(self.objects), [at for at, _, _ in failed])
        return Parsed([self.objects[at] for at in kept.tolist()], self.rows[kept], (*self.failures, *failures))


def others(length: int, places: Sequence[int]) -> Rows:
    """Return the places below `length` that are not in `places`."""
    kept = np.ones(length, dtype=bool)
    kept[list(places)] = False
    return np.flatnonzero(kept)


def parse_objects(values: Sequence[bytes | None]) -> Parsed:
    """Parse all; only when one is not an object, look at each."""
    parse: Any = orjson.loads
    try:
        parsed = list(map(parse, values))
        if set(map(type, parsed)) <= {dict}:
            return Parsed(parsed, all_rows(len(parsed)))
    except orjson.JSONDecodeError:
        pass
    return _one_by_one(values)


def json_type(value: object) -> str:
    """Return what JSON calls a value of this type."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _one_by_one(values: Sequence[bytes | None]) -> Parsed:
    objects: Objects = []
    rows: list[int] = []
    failures: list[Failure] = []
    for row, value in enumerate(values):
        found = _object(row, value)
        if isinstance(found, Failure):
            failures.append(found)
        else:
            objects.append(found)
            rows.append(row)
    return Parsed(objects, np.array(rows, np.intp), tuple(failures))


def _object(row: int, value: bytes | None) -> dict[str, Any] | Failure:
    if value is None:
        return Failure(row, Stage.DECODE, Cause.NULL_VALUE, "the record has no value")
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return Failure(row, Stage.DECODE, Cause.UNDECODABLE, f"{len(value)} bytes are not JSON: {error}")
    if not isinstance(found, dict):
        reason = f"the value is a JSON {json_type(found)}, not an object"
        return Failure(row, Stage.DECODE, Cause.UNDECODABLE, reason)
    return found
