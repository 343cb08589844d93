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

Widths = tuple[tuple[str, int], ...]
"""The fields that records have, in order, and how many numbers each holds: more than 1 is a vector."""


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

    A scalar input without a column is missing in every row. Values of a wrong type fail their own rows alone. A tensor
    takes what the name map lists; else the vector of its name and width, or the only one of its width when it is the
    model's only tensor; else, of records without vectors, all fields. Raises `SignatureMismatch` when the fields of a
    tensor cannot be told.
    """
    widths = tuple((name, 1 if array.ndim == 1 else array.shape[1]) for name, array in columns.arrays.items())
    sources = _sources(widths, signature, _frozen(names), ordered=columns.ordered)
    if signature.inputs and not any(sources):
        wanted = ", ".join(field.name for field in signature.inputs)
        there = ", ".join(columns.names) or "no fields"
        raise SignatureMismatch(
            f"The records have none of the model's inputs ({wanted:.200}); they have {there:.200}.",
            "Name the record's fields for them under [records.names] in streamscore.toml.",
        )
    arrays: dict[str, Column] = {}
    failures: list[Failure] = []
    for (name, plain), field, taken in zip(_forms(signature), signature.inputs, sources, strict=True):
        column = columns.arrays[taken[0]] if plain and taken else None
        if column is None or column.dtype.kind == "O":
            converted = _input(columns, field, taken)
            column = converted.column
            failures.extend(converted.failures)
        arrays[name] = column
    bound = Columns(columns.length, arrays)
    if not failures:
        return Bound(bound, all_rows(columns.length))
    first_of_row = {failure.row: failure for failure in reversed(failures)}
    kept = np.ones(columns.length, dtype=bool)
    kept[list(first_of_row)] = False
    rows = np.flatnonzero(kept)
    return Bound(bound.take(rows), rows, tuple(first_of_row[row] for row in sorted(first_of_row)))


@lru_cache(maxsize=256)
def _forms(signature: Signature) -> tuple[tuple[str, bool], ...]:
    """Return the name of every input, and whether a column of numbers is one as it is."""
    return tuple((field.name, field.width == 1 and field.type.is_numeric) for field in signature.inputs)


def check_fits(signature: Signature, fields: tuple[Field, ...], names: Names) -> None:
    """Raise `SignatureMismatch` naming the inputs that records with these fields can never give."""
    widths = tuple((field.name, field.width) for field in fields)
    sources = _sources(widths, signature, _frozen(names), ordered=True)
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
    widths: Widths, signature: Signature, names: tuple[tuple[str, tuple[str, ...]], ...], *, ordered: bool
) -> Sources:
    explicit, available = dict(names), dict(widths)
    scalars = tuple(name for name, width in widths if width == 1)
    tensors = sum(field.width > 1 for field in signature.inputs)
    return tuple(
        _scalar(field, scalars, explicit.get(field.name, ()))
        if field.width == 1
        else _listed(field, explicit[field.name], available)
        if field.name in explicit
        else _tensor(field, available, ordered=ordered, alone=tensors == 1)
        for field in signature.inputs
    )


def _scalar(field: Field, scalars: tuple[str, ...], mapped: tuple[str, ...]) -> tuple[str, ...]:
    found = matching_field(field.name, scalars)
    return (found,) if found else tuple(name for name in mapped if name in scalars)


def _tensor(field: Field, available: Mapping[str, int], *, ordered: bool, alone: bool) -> tuple[str, ...]:
    """Find the vector for a tensor, or fields in a declared order that are as many as its numbers."""
    vectors = [name for name, width in available.items() if width == field.width]
    named = matching_field(field.name, vectors)
    if named:
        return (named,)
    scalars = tuple(name for name, width in available.items() if width == 1)
    by_position = ordered and len(scalars) == field.width
    if by_position and len(scalars) == len(available):
        return scalars
    if alone and len(vectors) == 1 and not by_position:
        return (vectors[0],)
    longer = ", ".join(f"{name} ({width} numbers)" for name, width in available.items() if width > 1)
    order = f"{len(available)} fields" if ordered else "fields in no declared order"
    raise SignatureMismatch(
        f"The model's input {field.name!r} takes {field.width} numbers by position; the records have "
        f"{longer[:200] or order}.",
        f"List the fields under [records.names] in streamscore.toml: {field.name!r} = [...].",
    )


def _listed(field: Field, listed: tuple[str, ...], available: Mapping[str, int]) -> tuple[str, ...]:
    unknown = [name for name in listed if name not in available]
    count = sum(available.get(name, 0) for name in listed)
    if unknown or count != field.width:
        vectors = count != len(listed)
        problem = (
            f"{unknown[0]!r} is no field"
            if unknown
            else f"{count} are in {', '.join(listed):.200}"
            if vectors
            else f"{len(listed)} fields are listed"
        )
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
    if len(taken) == 1:
        return _Converted(columns.arrays[taken[0]])
    parts = [_converted(columns.arrays[name], FieldType.DOUBLE, name) for name in taken]
    matrix = np.empty((columns.length, field.width), dtype=np.float64)
    place = 0
    for part in parts:
        width = 1 if part.column.ndim == 1 else part.column.shape[1]
        matrix[:, place : place + width] = part.column.reshape(columns.length, width)
        place += width
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
