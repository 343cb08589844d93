"""The text of CSV cells as typed columns; which cell belongs to which field is decided elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from streamscore_cli.core.columns import Column
from streamscore_cli.core.signature import FieldType
from streamscore_cli.records.json_columns import as_column

_SHOWN = 40


class NotThat(Exception):
    """A cell is not of its field's type; the message says what it is and what it should be."""


def column_of(cells: Sequence[str], kind: FieldType) -> tuple[Column, dict[int, str]]:
    """Return the column, and for each row whose cell does not fit why; an empty cell is missing and fits always."""
    if kind.is_numeric:
        numbers = _plain_numbers(cells, kind)
        if numbers is not None:
            return numbers, {}
    read = _READ[kind]
    values: list[object] = []
    problems: dict[int, str] = {}
    for row, cell in enumerate(cells):
        try:
            values.append(read(cell))
        except NotThat as error:
            values.append(None)
            problems[row] = str(error)
    if kind is FieldType.ANY:
        return as_column(values), problems
    column: Column = np.empty(len(values), np.float64 if kind.is_numeric else object)
    column[:] = values
    return column, problems


def is_number(cell: str) -> bool:
    """Tell whether a cell reads as a number."""
    try:
        return not math.isnan(_number(cell))
    except NotThat:
        return False


def _plain_numbers(cells: Sequence[str], kind: FieldType) -> Column | None:
    """Read a column of ordinary numbers at once; None when a cell needs a closer look."""
    try:
        column = np.array(list(map(float, cells)), np.float64)
    except ValueError:
        return None
    if not np.isfinite(column).all() or "_" in "".join(cells):
        return None
    return column if kind is not FieldType.INTEGER or (column == np.floor(column)).all() else None


def _number(cell: str) -> float:
    """Read a number; Python's own notations (1_000, infinity) and numbers beyond 64 bits are none."""
    text = cell.strip()
    if not text:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        raise NotThat(f"{_shown(cell)} is not a number") from None
    if math.isinf(number) or "_" in text:
        raise NotThat(f"{_shown(cell)} is not a number that can be used")
    return number


def _integer(cell: str) -> float:
    number = _number(cell)
    if not math.isnan(number) and not number.is_integer():
        raise NotThat(f"{_shown(cell)} is not an integer")
    return number


def _flag(cell: str) -> bool | None:
    text = cell.strip().lower()
    if not text:
        return None
    if text in {"true", "1"}:
        return True
    if text in {"false", "0"}:
        return False
    raise NotThat(f"{_shown(cell)} is not true or false")


def _text(cell: str) -> str | None:
    if not cell:
        return None
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise NotThat(f"{_shown(cell)} is not UTF-8") from None
    return cell


def _any(cell: str) -> object:
    try:
        number = _number(cell)
    except NotThat:
        return _text(cell)
    return None if math.isnan(number) else number


def _shown(cell: str) -> str:
    return ascii(cell if len(cell) <= _SHOWN else cell[:_SHOWN] + "...")


_READ: Mapping[FieldType, Callable[[str], object]] = {
    FieldType.DOUBLE: _number,
    FieldType.FLOAT: _number,
    FieldType.INTEGER: _integer,
    FieldType.BOOLEAN: _flag,
    FieldType.STRING: _text,
    FieldType.ANY: _any,
}
