"""Cells back to the values a caller sees: numbers, str, bool; NaN and None where there is none."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.cast import rounded
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType
from streamscore_cli.engines.pmml.values.words import BatchWords

_LARGEST = 2.0**63
_MOMENTS = {DataType.DATE, DataType.TIME, DataType.DATE_TIME}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def decoded(cells: Cells, kind: DataType, words: BatchWords) -> NDArray[Any]:
    """Return the values of a column.

    float64 for double, and for float, which is rounded to 32 bits; int64 for integer, bool for boolean when none is
    missing or beyond 64 bits, else object with None; object of str for strings, dates (ISO 8601).
    """
    if kind is DataType.DOUBLE:
        return np.array(cells)
    if kind is DataType.FLOAT:
        return rounded(cells)
    if kind is DataType.STRING:
        return words.decode(cells)
    if kind in _MOMENTS:
        return _objects([_moment(cell, kind) for cell in cells.tolist()], np.isnan(cells))
    return _whole(cells, kind)


def _whole(cells: Cells, kind: DataType) -> NDArray[Any]:
    target = np.bool_ if kind is DataType.BOOLEAN else np.int64
    sizes = np.abs(cells)
    if np.maximum.reduce(sizes, initial=0.0) < _LARGEST:  # which NaN is not
        return cells.astype(target)
    missing = np.isnan(cells)
    if (sizes >= _LARGEST).any():
        return _objects([int(cell) if math.isfinite(cell) else None for cell in cells.tolist()], missing)
    return _objects(np.where(missing, 0.0, cells).astype(target).tolist(), missing)


def _objects(values: list[Any], missing: NDArray[np.bool_]) -> NDArray[np.object_]:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    result[missing] = None
    return result


def _moment(cell: float, kind: DataType) -> str | None:
    if np.isnan(cell):
        return None
    seconds = cell * 86400 if kind is DataType.DATE else cell
    try:
        moment = (_EPOCH + dt.timedelta(seconds=seconds)).replace(tzinfo=None)
    except OverflowError:
        return None
    if kind is DataType.DATE:
        return moment.date().isoformat()
    return moment.time().isoformat() if kind is DataType.TIME else moment.isoformat()
