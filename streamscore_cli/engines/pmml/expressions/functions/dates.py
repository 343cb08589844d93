"""Functions of dates and times; a date is days and a dateTime seconds since 1970, a time seconds since midnight."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence

import numpy as np

from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, Types
from streamscore_cli.engines.pmml.expressions.functions.words import by_cells
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType, parse_cell

_DAY = 86400.0
_LARGEST = 2**31 - 1
_MOMENTS = {DataType.DATE, DataType.TIME, DataType.DATE_TIME}
_ORIGIN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY, _LAST_DAY = -719162, 2932896
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_NOON = 12
_YEARS = 9999

Moment = dt.datetime
_OF_DATES: dict[str, Callable[[Moment], str]] = {
    "Y": lambda m: f"{m.year:04}",
    "y": lambda m: f"{m.year % 100:02}",
    "C": lambda m: f"{m.year // 100:02}",
    "m": lambda m: f"{m.month:02}",
    "d": lambda m: f"{m.day:02}",
    "e": lambda m: str(m.day),
    "j": lambda m: f"{m.timetuple().tm_yday:03}",
    "B": lambda m: _MONTHS[m.month - 1],
    "b": lambda m: _MONTHS[m.month - 1][:3],
    "h": lambda m: _MONTHS[m.month - 1][:3],
    "A": lambda m: _DAYS[m.weekday()],
    "a": lambda m: _DAYS[m.weekday()][:3],
    "D": lambda m: f"{m.month:02}/{m.day:02}/{m.year % 100:02}",
    "F": lambda m: f"{m.year:04}-{m.month:02}-{m.day:02}",
}
_OF_TIMES: dict[str, Callable[[Moment], str]] = {
    "H": lambda m: f"{m.hour:02}",
    "k": lambda m: str(m.hour),
    "I": lambda m: f"{_hour(m):02}",
    "l": lambda m: str(_hour(m)),
    "M": lambda m: f"{m.minute:02}",
    "S": lambda m: f"{m.second:02}",
    "p": lambda m: "am" if m.hour < _NOON else "pm",
    "T": lambda m: f"{m.hour:02}:{m.minute:02}:{m.second:02}",
    "R": lambda m: f"{m.hour:02}:{m.minute:02}",
}
_CONVERSIONS: dict[str, Callable[[Moment], str]] = {**_OF_DATES, **_OF_TIMES, "%": lambda _: "%"}
_KNOWN = {
    DataType.DATE: {"%", *_OF_DATES},
    DataType.TIME: {"%", *_OF_TIMES},
    DataType.DATE_TIME: set(_CONVERSIONS),
}


def _hour(moment: Moment) -> int:
    return moment.hour % _NOON or _NOON


def _since(*kinds: DataType) -> Callable[[Types], DataType | None]:
    def result(types: Types) -> DataType | None:
        years = types[1:]
        good = types[0] in {*kinds, DataType.STRING} and all(kind.is_numeric for kind in years)
        return DataType.INTEGER if good else None

    return result


def _cells(cells: Cells, call: Call, kind: DataType) -> Cells:
    """Return the cells of the first argument; of strings, what they are as literals of `kind`, NaN where none."""
    if call.types[0] is not DataType.STRING:
        return cells
    code = call.batch.words.code
    unique, places = np.unique(cells, return_inverse=True)
    found = [
        None if math.isnan(cell) else parse_cell(call.batch.words.word(cell), kind, code) for cell in unique.tolist()
    ]
    return np.array([math.nan if cell is None else cell for cell in found])[places]


def _year_begins(years: Cells) -> Cells:
    """Return the days from 1970 to the first of January of each year; NaN where that is no whole year."""
    good = (np.abs(years) <= _YEARS) & (years == np.floor(years))
    since = (np.where(good, years, 1970.0) - 1970).astype(np.int64).astype("datetime64[Y]").astype("datetime64[D]")
    return np.where(good, since.astype(np.int64), np.nan)


def _days_since_year(arguments: Sequence[Cells], call: Call) -> Cells:
    cells = _cells(arguments[0], call, DataType.DATE)
    days = np.floor(cells / _DAY) if call.types[0] is DataType.DATE_TIME else cells
    return days - _year_begins(arguments[1])


def _seconds_since_year(arguments: Sequence[Cells], call: Call) -> Cells:
    seconds = np.trunc(_cells(arguments[0], call, DataType.DATE_TIME) - _year_begins(arguments[1]) * _DAY)
    return np.where(np.abs(seconds) <= _LARGEST, seconds, np.nan)


def _seconds_since_midnight(arguments: Sequence[Cells], call: Call) -> Cells:
    cells = _cells(arguments[0], call, DataType.TIME)
    return np.floor(np.mod(cells, _DAY))


def _formattable(types: Types) -> DataType | None:
    return DataType.STRING if types[0] in _MOMENTS and types[1] is DataType.STRING else None


def _wrong_pattern(types: Types, texts: Sequence[str | None]) -> str | None:
    pattern = texts[1]
    if pattern is None:
        return "without a constant pattern"
    pieces = _conversions(pattern)
    unknown = [piece for piece in pieces if piece not in _KNOWN[types[0]]]
    return f"with the pattern {pattern!r:.60}" if unknown else None


def _conversions(pattern: str) -> list[str]:
    found, place = [], pattern.find("%")
    while place >= 0:
        found.append(pattern[place + 1 : place + 2])
        place = pattern.find("%", place + 2)
    return found


def _format(arguments: Sequence[Cells], call: Call) -> Cells:
    words, kind = call.batch.words, call.types[0]

    def one(row: Sequence[float]) -> float:
        moment = None if math.isnan(row[0]) or math.isnan(row[1]) else _moment(row[0], kind)
        return math.nan if moment is None else words.code(_formatted(moment, words.word(row[1])))

    return by_cells(arguments, one)


def _moment(cell: float, kind: DataType) -> Moment | None:
    seconds = cell * _DAY if kind is DataType.DATE else cell
    if not _FIRST_DAY * _DAY <= seconds < (_LAST_DAY + 1) * _DAY:
        return None
    return _ORIGIN + dt.timedelta(seconds=math.floor(seconds))


def _formatted(moment: Moment, pattern: str) -> str:
    pieces, place = [], 0
    while place < len(pattern):
        if pattern[place] == "%":
            pieces.append(_CONVERSIONS[pattern[place + 1]](moment))
            place += 2
        else:
            pieces.append(pattern[place])
            place += 1
    return "".join(pieces)


FUNCTIONS: dict[str, Function] = {
    "dateDaysSinceYear": Function(2, 2, _since(DataType.DATE, DataType.DATE_TIME), _days_since_year),
    "dateSecondsSinceYear": Function(2, 2, _since(DataType.DATE_TIME), _seconds_since_year),
    "dateSecondsSinceMidnight": Function(1, 1, _since(DataType.TIME, DataType.DATE_TIME), _seconds_since_midnight),
    "formatDatetime": Function(2, 2, _formattable, _format, constants=_wrong_pattern),
}
