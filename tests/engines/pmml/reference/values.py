"""Values of the reference scorer: one Python value a cell, by its PMML type; it shares nothing with the engine."""

from __future__ import annotations

import math
import re
import struct

Value = float | int | bool | str | None
"""double and float are float, integer is int, boolean is bool, string is str; None is missing."""

NUMERIC = {"double", "float", "integer"}
_INTEGER = re.compile(r"[+-]?[0-9]+")


class Fault(Exception):
    """A row that cannot be scored."""


class Unreadable(ValueError):
    """A text that is no value of its type."""


def single(value: float) -> float:
    """Return a number rounded to 32 bits."""
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


def read(text: str, kind: str) -> Value:
    """Return what a text is as a value of a type; raises `Unreadable`."""
    if kind == "string":
        return text
    if kind == "boolean":
        found = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}.get(text.lower())
        if found is None:
            raise Unreadable(text)
        return found
    return converted(_number(text), kind)


def converted(value: Value, kind: str) -> Value:
    """Return a value as one of another type; raises `Unreadable`."""
    if value is None:
        return None
    if kind == "string":
        return written(value)
    if isinstance(value, str):
        return read(value, kind)
    return _truth(value) if kind == "boolean" else _numeric(float(value), kind)


def _numeric(number: float, kind: str) -> float:
    if kind == "double":
        return number
    if kind == "float":
        return single(number)
    if not number.is_integer():
        raise Unreadable(str(number))
    return int(number)


def _truth(value: float) -> bool:
    if value not in {0, 1}:
        raise Unreadable(str(value))
    return bool(value)


def _number(text: str) -> float:
    stripped = text.strip()
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*([eE][+-]?[0-9]+)?|\.[0-9]+([eE][+-]?[0-9]+)?)", stripped):
        return float(stripped)
    special = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(stripped)
    if special is None:
        raise Unreadable(text)
    return special


def written(value: Value) -> str:
    """Return a value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def constant(text: str, kind: str | None) -> Value:
    """Return a Constant's value; without a type it is an integer, a double or a string by its look."""
    if kind is not None:
        return read(text, kind)
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        return _number(text)
    except Unreadable:
        return text
