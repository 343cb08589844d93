"""formatNumber: Java's Formatter for one number, as far as its patterns mean one thing; the rest is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, Types
from streamscore_cli.engines.pmml.expressions.functions.words import by_cells
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType, show_number

_PATTERN = re.compile(
    r"(?P<before>(?:[^%]|%%)*)%(?P<flags>[-0+ ,]*)(?P<width>[1-9][0-9]{0,2})?(?:\.(?P<digits>[0-9]{1,2}))?"
    r"(?P<kind>[dfs])(?P<after>(?:[^%]|%%)*)",
    re.DOTALL,
)
_ENOUGH = Context(prec=500)
_KINDS = {DataType.INTEGER: "ds", DataType.DOUBLE: "fs", DataType.FLOAT: "fs"}
_ODD_FLAGS = ({"-", "0"}, {"+", " "}, {"0", ","})


def _formattable(types: Types) -> DataType | None:
    return DataType.STRING if types[0] in _KINDS and types[1] is DataType.STRING else None


def _wrong_pattern(types: Types, texts: Sequence[str | None]) -> str | None:
    pattern = texts[1]
    if pattern is None:
        return "without a constant pattern"
    found = _PATTERN.fullmatch(pattern)
    if found is None or found["kind"] not in _KINDS[types[0]]:
        return f"with the pattern {pattern!r:.60}"
    flags = found["flags"]
    odd = len(set(flags)) != len(flags) or any(pair <= set(flags) for pair in _ODD_FLAGS)
    without_width = found["width"] is None and bool({"-", "0"} & set(flags))
    no_digits = found["kind"] != "f" and found["digits"] is not None
    not_of_text = found["kind"] == "s" and bool(set(flags) - {"-"})
    return f"with the pattern {pattern!r:.60}" if odd or without_width or no_digits or not_of_text else None


def _format(arguments: Sequence[Cells], call: Call) -> Cells:
    words, kind = call.batch.words, call.types[0]

    def one(row: Sequence[float]) -> float:
        if math.isnan(row[0]) or math.isnan(row[1]):
            return math.nan
        return words.code(_formatted(row[0], kind, words.word(row[1])))

    return by_cells(arguments, one)


def _formatted(value: float, kind: DataType, pattern: str) -> str:
    found = _PATTERN.fullmatch(pattern)
    if found is None:
        return ""
    value = value or 0.0  # which has no sign, as in all of JPMML
    flags, width = found["flags"], int(found["width"] or 0)
    if math.isinf(value):
        shown = "-Infinity" if value < 0 else f"{'+' if '+' in flags else ' ' if ' ' in flags else ''}Infinity"
        shown = shown.ljust(width) if "-" in flags else shown.rjust(width)
    elif found["kind"] == "s":
        shown = show_number(value, kind)
        shown = shown.ljust(width) if "-" in flags else shown.rjust(width)
    else:
        align = "<" if "-" in flags else "=" if "0" in flags else ">"
        sign = "+" if "+" in flags else " " if " " in flags else "-"
        comma = "," if "," in flags else ""
        rest = f"{width or ''}{comma}"
        fill = "0" if "0" in flags else " "
        shown = format(_number(value, found), f"{fill}{align}{sign}{rest}{found['kind']}".replace("d", "f"))
    return f"{found['before']}{shown}{found['after']}".replace("%%", "%")


def _number(value: float, found: re.Match[str]) -> Decimal:
    """Return a number with the digits that are wanted, rounded half up from the digits that Java writes it with."""
    digits = 0 if found["kind"] == "d" else 6 if found["digits"] is None else int(found["digits"])
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ENOUGH)


FUNCTIONS: dict[str, Function] = {
    "formatNumber": Function(2, 2, _formattable, _format, constants=_wrong_pattern),
}
