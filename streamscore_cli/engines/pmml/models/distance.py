"""How far, or how alike, rows and points are (ComparisonMeasure); whose points they are, it does not know.

Formulas: https://dmg.org/pmml/v4-4/ClusteringModel.html. Fields are summed in document order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.document.element import (
    Element,
    choice,
    integer,
    number,
    rejected,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.values.column import Cells, Column, Faults, any_of
from streamscore_cli.engines.pmml.values.prediction import AFFINITY, Matrix
from streamscore_cli.engines.pmml.values.sums import in_order
from streamscore_cli.engines.pmml.values.types import DataType


class Kind(StrEnum):
    """The measures, by the tag of their element; the last four are similarities of binary fields."""

    EUCLIDEAN = "euclidean"
    SQUARED = "squaredEuclidean"
    CHEBYCHEV = "chebychev"
    CITY_BLOCK = "cityBlock"
    MINKOWSKI = "minkowski"
    SIMPLE_MATCHING = "simpleMatching"
    JACCARD = "jaccard"
    TANIMOTO = "tanimoto"
    BINARY = "binarySimilarity"


class Compare(StrEnum):
    """How two cells of a field are compared; `table` is not among them."""

    ABS_DIFF = "absDiff"
    GAUSS = "gaussSim"
    DELTA = "delta"
    EQUAL = "equal"


_KINDS = {kind.value: kind for kind in Kind}
_SIMILARITIES = {Kind.SIMPLE_MATCHING, Kind.JACCARD, Kind.TANIMOTO, Kind.BINARY}
_POWERS = {Kind.EUCLIDEAN: 2.0, Kind.SQUARED: 2.0, Kind.CHEBYCHEV: 1.0, Kind.CITY_BLOCK: 1.0}
_PARAMETERS = tuple(f"{letter}{pair}-parameter" for letter in "cd" for pair in ("11", "10", "01", "00"))
_COMPARES = {function.value: function for function in Compare}
_OF_MEASURES = {function.value: function for function in Compare if function is not Compare.GAUSS}
_LOG_2 = math.log(2.0)
_SQUARE = 2.0
_FEW_CELLS = 65_536
"""Up to so many (field, row, point) triples are computed at once, more of them field by field."""

Cube = Matrix
"""float64, shape (fields, rows, points), or one that broadcasts to it."""

SHAPES: Shapes = {
    "ComparisonMeasure": shape("kind compareFunction", " ".join(_KINDS), "minimum maximum"),
    **{kind.value: shape() for kind in Kind},
    Kind.MINKOWSKI.value: shape("p-parameter"),
    Kind.BINARY.value: shape(" ".join(_PARAMETERS)),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure; `power` is that of Minkowski's kind, `parameters` are those of the binary similarity."""

    kind: Kind
    power: float
    parameters: tuple[float, ...] = ()

    @property
    def is_similarity(self) -> bool:
        """Tell whether the largest value is the nearest."""
        return self.kind in _SIMILARITIES


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one field takes part in a distance; `scale` is that of the Gaussian similarity."""

    function: Compare
    weight: float
    scale: float


def compile_measure(element: Element) -> Measure:
    """Compile a ComparisonMeasure."""
    found = [child for child in element.children if child.tag in _KINDS]
    if len(found) != 1:
        raise rejected(element, f"has {len(found)} measures where it needs one")
    kind = _KINDS[found[0].tag]
    wanted = "similarity" if kind in _SIMILARITIES else "distance"
    if choice(element, "kind", {"distance": "distance", "similarity": "similarity"}, wanted) != wanted:
        raise unsupported(element, f"calls {kind} a {element.get('kind')}")
    if kind is Kind.MINKOWSKI:
        power = number(found[0], "p-parameter")
        if not 0.0 < power < math.inf:
            raise unsupported(found[0], f"has the power {power}")
        return Measure(kind, power)
    if kind is Kind.BINARY:
        return Measure(kind, 1.0, tuple(number(found[0], name) for name in _PARAMETERS))
    return Measure(kind, _POWERS.get(kind, 1.0))


def compile_comparison(element: Element, measure: Element) -> Comparison:
    """Compile what a field's element says of its comparison, and for what it leaves open the ComparisonMeasure."""
    general = choice(measure, "compareFunction", _OF_MEASURES, Compare.ABS_DIFF)
    function = choice(element, "compareFunction", _COMPARES, general)
    scale = number(element, "similarityScale") if function is Compare.GAUSS else 1.0
    if scale <= 0.0:
        raise unsupported(element, f"has the similarity scale {scale}")
    return Comparison(function, number(element, "fieldWeight", 1.0), scale)


def distances(
    measure: Measure, fields: tuple[Comparison, ...], values: Matrix, points: Matrix, importance: tuple[float, ...]
) -> Matrix:
    """Return the distance of every row from every point.

    `values`: (rows, fields), NaN is missing; `points`: (points, fields); `importance`: what a field counts when others
    are missing. The result, (rows, points), is NaN where a row has no value at all.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        total = _combined(measure, fields, values, points)
        missing = np.isnan(values)
        if missing.any():
            total = total * _adjustment(missing, importance)[:, None]
        if measure.kind is Kind.EUCLIDEAN:
            return np.sqrt(total)
        return np.power(total, 1.0 / measure.power) if measure.kind is Kind.MINKOWSKI else total


def similarities(measure: Measure, values: Matrix, points: Matrix) -> Matrix:
    """Return the similarity of every row, (rows, fields) of 0 and 1, to every point; NaN where it is 0 / 0 or NaN is.

    The counts are whole numbers, so their sums are exact in any order.
    """
    valid = ((values == 0.0) | (values == 1.0)).all(axis=1)
    ones = np.where(valid[:, None], values, 0.0)
    both, only_row = ones @ points.T, ones @ (1.0 - points.T)
    only_point, none = (1.0 - ones) @ points.T, (1.0 - ones) @ (1.0 - points.T)
    unlike = only_row + only_point
    with np.errstate(invalid="ignore", divide="ignore"):
        if measure.kind is Kind.SIMPLE_MATCHING:
            result = (both + none) / (both + unlike + none)
        elif measure.kind is Kind.JACCARD:
            result = both / (both + unlike)
        elif measure.kind is Kind.TANIMOTO:
            result = (both + none) / (both + 2.0 * unlike + none)
        else:
            counts = (both, only_row, only_point, none)
            result = _weighted(measure.parameters[:4], counts) / _weighted(measure.parameters[4:], counts)
    return np.where(valid[:, None], result, math.nan)


def _weighted(parameters: tuple[float, ...], counts: tuple[Matrix, ...]) -> Matrix:
    total = parameters[0] * counts[0]
    for parameter, count in zip(parameters[1:], counts[1:], strict=True):
        total = total + parameter * count
    return total


def _combined(measure: Measure, fields: tuple[Comparison, ...], values: Matrix, points: Matrix) -> Matrix:
    """Return the largest term or the sum of the terms, all fields at once where they are few and compared alike."""
    alike = all(field.function is fields[0].function and field.scale == fields[0].scale for field in fields)
    step = len(fields) if alike and len(values) * points.size <= _FEW_CELLS else 1
    total = np.zeros(len(values) * len(points))
    for start in range(0, len(fields), step):
        some = slice(start, start + step)
        terms = _terms(fields[some], values.T[some, :, None], points.T[some, None, :], measure.power)
        terms = terms.reshape(len(terms), -1)
        furthest = measure.kind is Kind.CHEBYCHEV
        total = np.maximum(total, terms.max(axis=0)) if furthest else total + in_order(terms)
    return total.reshape(len(values), len(points))


def _terms(fields: tuple[Comparison, ...], values: Cube, points: Cube, power: float) -> Cube:
    """Return the parts of fields that are compared alike, (fields, rows, points), 0 where the row has no value."""
    compared = _compared(fields[0], values, points)
    if power == _SQUARE:
        compared *= compared
    elif power != 1.0:
        compared = np.power(compared, power)
    if any(field.weight != 1.0 for field in fields):
        compared *= np.array([field.weight for field in fields])[:, None, None]
    missing = np.isnan(values)
    if missing.any():
        compared[np.broadcast_to(missing, compared.shape)] = 0.0
    return compared


def _compared(field: Comparison, values: Cube, points: Cube) -> Cube:
    if field.function is Compare.ABS_DIFF:
        apart: Cube = np.abs(values - points)
        return apart
    if field.function is Compare.GAUSS:
        alike: Cube = np.exp(-_LOG_2 * np.square(values - points) / (field.scale * field.scale))
        return alike
    same: Cube = (values == points).astype(np.float64)
    return same if field.function is Compare.EQUAL else 1.0 - same


def _adjustment(missing: NDArray[np.bool_], importance: tuple[float, ...]) -> Cells:
    """Return what the distance of the fields that are there is multiplied with; NaN where none is."""
    here = np.zeros(len(missing))
    for place, weight in enumerate(importance):
        here += np.where(missing[:, place], 0.0, weight)
    adjusted = np.where(here == 0.0, math.nan, sum(importance) / here)
    return np.where(any_of(missing, axis=1), adjusted, 1.0)


def ranks_asked(model: Element) -> int:
    """Return the last rank that the model's Output asks for, at least 1."""
    output = model.find("Output")
    fields = output.all("OutputField") if output is not None else ()
    return max((integer(one, "rank", 1) for one in fields), default=1)


def ranked(nearest: Matrix, ranks: int, faults: Faults | None) -> dict[str, Column]:
    """Return the affinities of ranks 2 to `ranks` by the names their output feature reads them under.

    `nearest`: (rows, places), the best affinity first; there are none behind the last.
    """
    last = min(ranks, nearest.shape[1])
    return {f"{AFFINITY}{rank}": Column(nearest[:, rank - 1], faults) for rank in range(2, last + 1)}


def ranked_types(count: int, ranks: int) -> dict[str, DataType]:
    """Return the types of what `ranked` returns for `count` places."""
    return {f"{AFFINITY}{rank}": DataType.DOUBLE for rank in range(2, min(ranks, count) + 1)}
