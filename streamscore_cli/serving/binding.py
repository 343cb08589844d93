"""Gives a model its inputs from a record's columns, by name and type; it neither decodes records nor scores them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.columns import Column, Columns, Rows, all_rows
from streamscore_cli.core.errors import SignatureMismatch
from streamscore_cli.core.failures import Cause, Failure, Stage
from streamscore_cli.core.names import matching_field
from streamscore_cli.core.signature import Field, FieldType, Signature

Names = Mapping[str, str | tuple[str, ...]]
"""Model input to record field, where the names differ; several fields for a tensor."""

Sources = tuple[tuple[str, ...], ...]
"""For every input of a signature the columns it is taken from; none where the records have no such field."""


@dataclass(frozen=True, slots=True)
class Bound:
    """`columns` has the inputs of the signature; row i of it is row `rows[i]` of the record's columns.

    `failures` name the other rows, by their place in the record's columns.
    """

    columns: Columns
    rows: Rows
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class _Converted:
    column: Column
    failures: tuple[Failure, ...] = ()


def bind(columns: Columns, signature: Signature, names: Names) -> Bound:
    """Make the inputs of `signature` from `columns`.

    A scalar input without a column is missing in every row. Values of a wrong type fail their own rows alone. Raises
    `SignatureMismatch` when the fields of a tensor cannot be told.
    """
    sources = _sources(columns.names, signature, _frozen(names), ordered=columns.ordered)
    if signature.inputs and not any(sources):
        wanted = ", ".join(field.name for field in signature.inputs)
        there = ", ".join(columns.names) or "no fields"
        raise SignatureMismatch(
            f"The records have none of the model's inputs ({wanted:.200}); they have {there:.200}.",
            "Name the record's fields for them under [records.names] in streamscore.toml.",
        )
    arrays: dict[str, Column] = {}
    failures: list[Failure] = []
    for field, taken in zip(signature.inputs, sources, strict=True):
        converted = _input(columns, field, taken)
        arrays[field.name] = converted.column
        failures.extend(converted.failures)
    bound = Columns(columns.length, arrays)
    if not failures:
        return Bound(bound, all_rows(columns.length))
    first_of_row = {failure.row: failure for failure in reversed(failures)}
    kept = np.ones(columns.length, dtype=bool)
    kept[list(first_of_row)] = False
    rows = np.flatnonzero(kept)
    return Bound(bound.take(rows), rows, tuple(first_of_row[row] for row in sorted(first_of_row)))


def check_fits(signature: Signature, fields: tuple[Field, ...], names: Names) -> None:
    """Raise `SignatureMismatch` naming the inputs that records with these fields can never give."""
    sources = _sources(tuple(field.name for field in fields), signature, _frozen(names), ordered=True)
    pairs = zip(signature.inputs, sources, strict=True)
    absent = [field.name for field, taken in pairs if not taken and not field.optional]
    if absent:
        wanted, there = ", ".join(map(repr, absent)), ", ".join(field.name for field in fields)
        raise SignatureMismatch(
            f"The model wants {wanted}, which the records do not have (they have {there}).",
            "Name the record's field for it under [records.names] in streamscore.toml.",
        )


def _frozen(names: Names) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((key, (value,) if isinstance(value, str) else tuple(value)) for key, value in names.items())


@lru_cache(maxsize=256)
def _sources(
    available: tuple[str, ...], signature: Signature, names: tuple[tuple[str, tuple[str, ...]], ...], *, ordered: bool
) -> Sources:
    explicit = dict(names)
    return tuple(_sources_of(field, available, explicit, ordered=ordered) for field in signature.inputs)


def _sources_of(
    field: Field, available: tuple[str, ...], explicit: Mapping[str, tuple[str, ...]], *, ordered: bool
) -> tuple[str, ...]:
    if field.width == 1:
        found = matching_field(field.name, available)
        mapped = explicit.get(field.name, ())
        return (found,) if found else tuple(name for name in mapped if name in available)
    if field.name in explicit:
        return _tensor_by_name(field, explicit[field.name], available)
    if not ordered or len(available) != field.width:
        order = f"{len(available)} fields" if ordered else "fields in no declared order"
        raise SignatureMismatch(
            f"The model's input {field.name!r} takes {field.width} numbers by position; the records have {order}.",
            f"List the fields under [records.names] in streamscore.toml: {field.name!r} = [...].",
        )
    return available


def _tensor_by_name(field: Field, listed: tuple[str, ...], available: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in listed if name not in available]
    if unknown or len(listed) != field.width:
        problem = f"{unknown[0]!r} is no field" if unknown else f"{len(listed)} fields are listed"
        raise SignatureMismatch(
            f"The model's input {field.name!r} takes {field.width} numbers, but {problem}.",
            "Correct the list under [records.names] in streamscore.toml.",
        )
    return listed


def _input(columns: Columns, field: Field, taken: tuple[str, ...]) -> _Converted:
    if not taken:
        return _Converted(_missing(columns.length, field.type))
    if field.width == 1:
        return _converted(columns.arrays[taken[0]], field.type, taken[0])
    parts = [_converted(columns.arrays[name], FieldType.DOUBLE, name) for name in taken]
    matrix = np.empty((columns.length, len(parts)), dtype=np.float64)
    for place, part in enumerate(parts):
        matrix[:, place] = part.column
    return _Converted(matrix, tuple(failure for part in parts for failure in part.failures))


def _missing(length: int, kind: FieldType) -> Column:
    if kind.is_numeric:
        return np.full(length, np.nan)
    return np.full(length, None, dtype=object)


def _converted(column: Column, kind: FieldType, name: str) -> _Converted:
    if kind.is_numeric:
        return _Converted(column) if column.dtype != object else _each(column, name, _number, "a number", np.nan)
    if kind is FieldType.BOOLEAN:
        return _each(column, name, _boolean, "true or false", None)
    return _each(column, name, _text, "text", None)


def _each(
    column: NDArray[np.object_] | NDArray[np.float64],
    name: str,
    convert: Callable[[object], object],
    wanted: str,
    missing: object,
) -> _Converted:
    values: list[object] = []
    failures: list[Failure] = []
    for row, value in enumerate(column.tolist()):
        try:
            values.append(convert(value))
        except ValueError:
            values.append(missing)
            reason = f"field {name!r} is {value!r:.80}, must be {wanted}"
            failures.append(Failure(row, Stage.BIND, Cause.WRONG_TYPE, reason))
    converted = np.empty(len(values), dtype=object if missing is None else np.float64)
    converted[:] = values
    return _Converted(converted, tuple(failures))


def _number(value: object) -> float:
    if value is None:
        return math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return None if math.isnan(value) else _shortest(value)
    raise ValueError


def _shortest(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _boolean(value: object) -> bool | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    if value in ("true", "false"):
        return value == "true"
    raise ValueError
