"""NormContinuous and Discretize: expressions that cut a number's range into pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compiler import Compiler, Expression
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    number,
    optional_number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import interval, literal
from streamscore_cli.engines.pmml.fields.field import Interval
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, DataType

SHAPES: Shapes = {
    "NormContinuous": shape("field mapMissingTo outliers", "LinearNorm"),
    "LinearNorm": shape("orig norm"),
    "Discretize": shape("field mapMissingTo defaultValue dataType", "DiscretizeBin"),
    "DiscretizeBin": shape("binValue", "Interval"),
}


class Beyond(StrEnum):
    """What NormContinuous does with values beyond its first and last point."""

    AS_IS = "asIs"
    AS_MISSING = "asMissingValues"
    AS_EXTREME = "asExtremeValues"


_BEYOND = {kind.value: kind for kind in Beyond}


@dataclass(frozen=True, slots=True)
class Norm:
    """Piecewise linear interpolation between the points (origs, norms)."""

    slot: int
    origs: NDArray[np.float64]
    norms: NDArray[np.float64]
    beyond: Beyond
    missing: float
    type: DataType = DataType.DOUBLE

    def evaluate(self, batch: Batch) -> Column:
        """Return the column: norm1 + (x - orig1) / (orig2 - orig1) * (norm2 - norm1), as the specification has it."""
        values, faults = batch.column(self.slot)
        last = len(self.origs) - 1
        piece = np.clip(np.searchsorted(self.origs, values, side="right") - 1, 0, last - 1)
        low, low_norm = self.origs[piece], self.norms[piece]
        span, rise = self.origs[piece + 1] - low, self.norms[piece + 1] - low_norm
        with np.errstate(all="ignore"):
            result = low_norm + ((values - low) / span) * rise
        if self.beyond is not Beyond.AS_IS:
            below, above = values < self.origs[0], values > self.origs[last]
            as_extreme = self.beyond is Beyond.AS_EXTREME
            result = np.where(below, self.norms[0] if as_extreme else math.nan, result)
            result = np.where(above, self.norms[last] if as_extreme else math.nan, result)
        return Column(np.where(np.isnan(values), self.missing, result), faults)


@dataclass(frozen=True, slots=True)
class Discretized:
    """The cell of the bin whose interval has the value; of bins that overlap, the last, as in JPMML."""

    slot: int
    bins: tuple[Interval, ...]
    cells: tuple[float, ...]
    default: float
    missing: float
    type: DataType

    def evaluate(self, batch: Batch) -> Column:
        """Return the column."""
        values, faults = batch.column(self.slot)
        result = np.where(np.isnan(values), self.missing, self.default)
        for piece, cell in zip(self.bins, self.cells, strict=True):
            above = values >= piece.low if piece.low_closed else values > piece.low
            below = values <= piece.high if piece.high_closed else values < piece.high
            result = np.where(above & below, cell, result)
        return Column(result, faults)


def compile_norm_continuous(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile a NormContinuous."""
    del compiler
    field = scope.field(required(element, "field"), element)
    if not field.type.is_numeric:
        raise unsupported(element, f"normalizes the {field.type} {field.name!r}")
    points = [(number(point, "orig"), number(point, "norm")) for point in element.all("LinearNorm")]
    if len(points) <= 1 or any(first[0] >= second[0] for first, second in pairwise(points)):
        raise rejected(element, "needs two points or more, with ascending orig")
    missing = optional_number(element, "mapMissingTo")
    return Norm(
        field.slot,
        np.array([point[0] for point in points]),
        np.array([point[1] for point in points]),
        choice(element, "outliers", _BEYOND, Beyond.AS_IS),
        math.nan if missing is None else missing,
    )


def compile_discretize(compiler: Compiler, element: Element, scope: Scope) -> Expression:
    """Compile a Discretize; without a dataType its values are strings."""
    field = scope.field(required(element, "field"), element)
    if not field.type.is_numeric:
        raise unsupported(element, f"discretizes the {field.type} {field.name!r}")
    kind = choice(element, "dataType", DATA_TYPES, DataType.STRING)
    bins = list(element.all("DiscretizeBin"))

    def cell(text: str | None) -> float:
        return math.nan if text is None else literal(element, text, kind, compiler.vocabulary)

    return Discretized(
        field.slot,
        tuple(interval(child(one, "Interval")) for one in bins),
        tuple(cell(required(one, "binValue")) for one in bins),
        cell(element.get("defaultValue")),
        cell(element.get("mapMissingTo")),
        kind,
    )
