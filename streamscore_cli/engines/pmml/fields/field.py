"""A field as the compilers see it: a name, a type and the number of its column; it holds no values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from streamscore_cli.engines.pmml.values.types import DataType, OpType


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers between two margins; a closed end belongs to it."""

    low: float
    high: float
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class DataField:
    """An entry of the DataDictionary: which cells are valid, which count as missing or invalid, in which order."""

    name: str
    type: DataType
    optype: OpType
    valid: tuple[float, ...] = ()
    invalid: tuple[float, ...] = ()
    missing: tuple[float, ...] = ()
    intervals: tuple[Interval, ...] = ()
    displays: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """What a name means in a scope: the column `slot`; `order` has the cells of an ordinal, or categories, in order."""

    name: str
    type: DataType
    optype: OpType
    slot: int
    order: tuple[float, ...] = ()


class Invalid(StrEnum):
    """What becomes of an invalid value."""

    RETURN_INVALID = "returnInvalid"
    AS_IS = "asIs"
    AS_MISSING = "asMissing"
    AS_VALUE = "asValue"


class Outliers(StrEnum):
    """What becomes of a value outside the bounds."""

    AS_IS = "asIs"
    AS_MISSING = "asMissingValues"
    AS_EXTREME = "asExtremeValues"
