"""Functions of strings; what they are given that is no string is written as Java writes it, lengths are Java's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, OnMissing, Types
from streamscore_cli.engines.pmml.expressions.functions.words import by_cells, by_words, text_of
from streamscore_cli.engines.pmml.expressions.pattern_machine import TooLongError
from streamscore_cli.engines.pmml.expressions.pattern_tree import OddPatternError
from streamscore_cli.engines.pmml.expressions.patterns import LONGEST, check_replacement, pattern_of
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType

_PLAIN = {DataType.STRING, DataType.INTEGER, DataType.DOUBLE, DataType.FLOAT, DataType.BOOLEAN}
_BLANKS = "".join(map(chr, range(ord(" ") + 1)))
_UNIT = 2


def _to(kind: DataType) -> Callable[[Types], DataType | None]:
    return lambda types: kind if set(types) <= _PLAIN else None


def _substring_type(types: Types) -> DataType | None:
    text, *places = types
    return DataType.STRING if text in _PLAIN and all(kind.is_numeric for kind in places) else None


def _word(compute: Callable[[str], str]) -> Function:
    return Function(1, 1, _to(DataType.STRING), lambda a, call: by_words(a, call, lambda texts: compute(texts[0])))


def _length(arguments: Sequence[Cells], call: Call) -> Cells:
    return by_cells(arguments, lambda row: float(len(_units(text_of(row[0], call.types[0], call))) // _UNIT))


def _units(text: str) -> bytes:
    """Return a text as Java counts it, two bytes a unit."""
    return text.encode("utf-16-le", "surrogatepass")


def _substring(arguments: Sequence[Cells], call: Call) -> Cells:
    def one(row: Sequence[float]) -> float:
        if any(map(math.isnan, row)):
            return math.nan
        start, length = row[1], row[2]
        if not (start.is_integer() and length.is_integer() and start >= 1 and length >= 0):
            return math.nan
        text = text_of(row[0], call.types[0], call)
        first = int(start) - 1
        try:
            part = _units(text)[_UNIT * first : _UNIT * (first + int(length))].decode("utf-16-le")
        except UnicodeDecodeError:
            return math.nan
        return call.batch.words.code(part)

    return by_cells(arguments, one)


def _matches(arguments: Sequence[Cells], call: Call) -> Cells:
    def one(row: Sequence[float]) -> float:
        if any(map(math.isnan, row)):
            return math.nan
        text, pattern = (text_of(cell, kind, call) for cell, kind in zip(row, call.types, strict=True))
        return float(pattern_of(pattern).is_in(text))

    return by_cells(arguments, one, call)


def _replace(arguments: Sequence[Cells], call: Call) -> Cells:
    def one(texts: Sequence[str]) -> str:
        return pattern_of(texts[1]).replaced(texts[0], texts[2])

    return by_words(arguments, call, one)


def _joined(texts: Sequence[str]) -> str:
    if sum(map(len, texts)) > LONGEST:
        raise TooLongError
    return "".join(texts)


def _wrong_pattern(types: Types, texts: Sequence[str | None]) -> str | None:
    del types
    pattern, *by = texts[1:]
    if pattern is None or None in by:
        return "without a constant pattern"
    try:
        known = pattern_of(pattern)
        for text in by:
            check_replacement(text or "", known)
    except OddPatternError as odd:
        return f"with the pattern {pattern!r:.60}, which {odd}"
    return None


FUNCTIONS: dict[str, Function] = {
    "uppercase": _word(str.upper),
    "lowercase": _word(str.lower),
    "trimBlanks": _word(lambda text: text.strip(_BLANKS)),
    "concat": Function(
        2,
        None,
        _to(DataType.STRING),
        lambda a, call: by_words(a, call, _joined),
        OnMissing.OWN,
    ),
    "stringLength": Function(1, 1, _to(DataType.INTEGER), _length),
    "substring": Function(3, 3, _substring_type, _substring),
    "matches": Function(2, 2, _to(DataType.BOOLEAN), _matches, constants=_wrong_pattern),
    "replace": Function(3, 3, _to(DataType.STRING), _replace, constants=_wrong_pattern),
}
