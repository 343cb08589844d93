"""The data types of PMML and how their literals become cells; a cell is always one float64, NaN is missing.

Numbers are themselves, booleans 0 and 1, strings codes of a vocabulary, dates days and dateTimes seconds since 1970,
times seconds since midnight. Values of type float are rounded to 32 bits and kept in 64.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Callable
from enum import StrEnum

import numpy as np

from streamscore_cli.engines.pmml.document.element import parse_number


class DataType(StrEnum):
    """The types a field can have."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "dateTime"
    DAYS_SINCE_0 = "dateDaysSince[0]"
    DAYS_SINCE_1960 = "dateDaysSince[1960]"
    DAYS_SINCE_1970 = "dateDaysSince[1970]"
    DAYS_SINCE_1980 = "dateDaysSince[1980]"
    TIME_SECONDS = "timeSeconds"
    SECONDS_SINCE_0 = "dateTimeSecondsSince[0]"
    SECONDS_SINCE_1960 = "dateTimeSecondsSince[1960]"
    SECONDS_SINCE_1970 = "dateTimeSecondsSince[1970]"
    SECONDS_SINCE_1980 = "dateTimeSecondsSince[1980]"

    @property
    def is_numeric(self) -> bool:
        """Tell whether values of this type can be added."""
        return self in {DataType.INTEGER, DataType.FLOAT, DataType.DOUBLE}


DATA_TYPES = {kind.value: kind for kind in DataType}


class OpType(StrEnum):
    """What may be done with a field's values."""

    CONTINUOUS = "continuous"
    CATEGORICAL = "categorical"
    ORDINAL = "ordinal"


OP_TYPES = {kind.value: kind for kind in OpType}

_BOOLEANS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
_EPOCH = dt.date(1970, 1, 1).toordinal()
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{0,6})[0-9]{0,3})?)?")
_DATE_LENGTH, _MONTHS = 10, 12
_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e7
_ODD_SINGLES, _ODD_DOUBLES = 1e-40, 1e-320
"""Below them one digit may tell a number from its neighbours; Java writes two all the same, and the nearest."""


def parse_cell(text: str, kind: DataType, code: Callable[[str], float]) -> float | None:
    """Return the cell that `text` is as a literal of this type, or None; `code` gives a string its number."""
    if kind is DataType.STRING:
        return code(text)
    if kind in _MOMENTS:
        return _MOMENTS[kind](text)
    parser = _PARSERS.get(kind)
    return None if parser is None else parser(text.strip())


def to_float32(value: float) -> float:
    """Return a number rounded to 32 bits."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def _parse_float(text: str) -> float | None:
    value = parse_number(text)
    return None if value is None else to_float32(value)


def _parse_date(text: str) -> float | None:
    return float(dt.date.fromisoformat(text).toordinal() - _EPOCH) if _is_date(text) else None


def _parse_time(text: str) -> float | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    return int(hour) * 3600 + int(minute) * 60 + int(second or 0) + float(f"0.{fraction or 0}")


def _parse_date_time(text: str) -> float | None:
    day, mark, rest = text[:_DATE_LENGTH], text[_DATE_LENGTH : _DATE_LENGTH + 1], text[_DATE_LENGTH + 1 :]
    days, seconds = _parse_date(day), _parse_time(rest)
    return None if mark not in {"T", "t"} or days is None or seconds is None else days * 86400.0 + seconds


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return year >= dt.MINYEAR and 1 <= month <= _MONTHS and 1 <= day <= calendar.monthrange(year, month)[1]


def _parse_boolean(text: str) -> float | None:
    return _BOOLEANS.get(text.lower())


_PARSERS: dict[DataType, Callable[[str], float | None]] = {
    DataType.DOUBLE: parse_number,
    DataType.INTEGER: parse_number,
    DataType.FLOAT: _parse_float,
    DataType.BOOLEAN: _parse_boolean,
}
_MOMENTS: dict[DataType, Callable[[str], float | None]] = {
    DataType.DATE: _parse_date,
    DataType.TIME: _parse_time,
    DataType.DATE_TIME: _parse_date_time,
}


def show_number(value: float, kind: DataType) -> str:
    """Return a number as JPMML makes it a string: as Java does, but a zero has no sign."""
    if kind is DataType.BOOLEAN:
        return "true" if value else "false"
    if kind is DataType.INTEGER:
        return str(int(value)) if math.isfinite(value) else java_double(value)
    value = value or 0.0
    if kind is DataType.FLOAT:
        single = np.float32(value)
        shown = str(single)
        return java_double(float(f"{single:.1e}" if abs(value) < _ODD_SINGLES and "." not in shown else shown))
    return java_double(value)


def java_double(value: float) -> str:
    """Return a double as Java's `Double.toString` does: 1.0E7, 1.0E-4, Infinity."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        return np.format_float_positional(value, trim="0")
    shown = np.format_float_scientific(value, trim="0")
    if abs(value) < _ODD_DOUBLES and ".0e" in shown:
        shown = f"{value:.1e}"
    mantissa, exponent = shown.split("e")
    return f"{mantissa}E{int(exponent)}"
