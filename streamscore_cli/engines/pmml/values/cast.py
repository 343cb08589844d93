"""Columns from one data type to another, with a fault where a value has no counterpart; it rounds nothing silently."""

from __future__ import annotations

import numpy as np

from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Cells, Column, Flags, merged
from streamscore_cli.engines.pmml.values.types import DataType, parse_cell, show_number

_COUNTS = {kind for kind in DataType if "Since" in kind.value} | {DataType.INTEGER, DataType.TIME_SECONDS}
_WIDE = {DataType.DOUBLE} | _COUNTS
_MOMENTS = {DataType.DATE, DataType.TIME, DataType.DATE_TIME}
_PARTS = {(DataType.DATE_TIME, DataType.DATE), (DataType.DATE_TIME, DataType.TIME)}
_DAY = 86400.0
_LARGEST_INTEGER = 2**31 - 1


def can_cast(source: DataType, target: DataType) -> bool:
    """Tell whether `cast` knows the way."""
    plain = {DataType.STRING, DataType.BOOLEAN, DataType.FLOAT} | _WIDE
    if source is DataType.STRING and target in _MOMENTS:
        return True
    return source is target or (source in plain and target in plain) or (source, target) in _PARTS


def cast(column: Column, source: DataType, target: DataType, batch: Batch, what: str = "a value") -> Column:
    """Return the column in another type.

    Raises nothing: a string that is no such literal, a fraction that must be whole, a number that must be 0 or 1 get a
    fault that begins with `what`.
    """
    if source is target or (target is DataType.DOUBLE and source is not DataType.STRING):
        return column
    if target is DataType.STRING:
        return Column(_to_strings(column.values, source, batch), column.faults)
    if (source, target) in _PARTS:
        return Column(_part(column.values, target), column.faults)
    if source is DataType.STRING:
        return _from_strings(column, target, batch, what)
    if target is DataType.FLOAT:
        return Column(rounded(column.values), column.faults)
    if target is DataType.BOOLEAN:
        bad = ~np.isnan(column.values) & (column.values != 0) & (column.values != 1)
    else:
        bad = ~np.isnan(column.values) & (column.values != np.floor(column.values)) | np.isinf(column.values)
    reason = f"{what} must be {target}, it is"
    return Column(column.values, merged((column.faults, batch.faults_of_values(bad, column.values, source, reason))))


def beyond_integers(values: Cells) -> Flags:
    """Tell where a result is no integer of 32 bits; as in JPMML, it is none then."""
    beyond: Flags = (values > _LARGEST_INTEGER) | (values < -_LARGEST_INTEGER - 1)
    return beyond


def _part(values: Cells, target: DataType) -> Cells:
    return np.floor(values / _DAY) if target is DataType.DATE else np.mod(values, _DAY)


def rounded(values: Cells) -> Cells:
    """Return values rounded to 32 bits, in 64."""
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(np.float32).astype(np.float64)


def _to_strings(values: Cells, source: DataType, batch: Batch) -> Cells:
    unique, places = np.unique(values, return_inverse=True)
    codes = [np.nan if np.isnan(one) else batch.words.code(show_number(one, source)) for one in unique.tolist()]
    return np.array(codes, dtype=np.float64)[places]


def _from_strings(column: Column, target: DataType, batch: Batch, what: str) -> Column:
    unique, places = np.unique(column.values, return_inverse=True)
    cells, faults = np.full(len(unique), np.nan), np.zeros(len(unique), dtype=np.int32)
    for place, code in enumerate(unique.tolist()):
        if np.isnan(code):
            continue
        word = batch.words.word(code)
        cell = parse_cell(word, target, batch.words.code)
        if cell is None or (target in _COUNTS and not cell.is_integer()):
            faults[place] = batch.fault(f"{what} must be {target}, it is {word!r:.80}")
        else:
            cells[place] = cell
    return Column(cells[places], merged((column.faults, faults[places] if faults.any() else None)))
