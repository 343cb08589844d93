"""ClusteringModel: from its fields and clusters to arrays; nothing is scored here."""

from __future__ import annotations

import math

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Labels, Site
from streamscore_cli.engines.pmml.document.arrays import numbers
from streamscore_cli.engines.pmml.document.element import Element, child, demand, rejected, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.models.assembly import model_shape
from streamscore_cli.engines.pmml.models.clustering.model import DISPLAY, Clustering
from streamscore_cli.engines.pmml.models.distance import (
    Compare,
    Comparison,
    Measure,
    compile_comparison,
    compile_measure,
    ranked_types,
    ranks_asked,
)
from streamscore_cli.engines.pmml.values.prediction import AFFINITY, Matrix
from streamscore_cli.engines.pmml.values.types import DataType, to_float32

SHAPES: Shapes = {
    "ClusteringModel": model_shape(
        "modelClass", "ComparisonMeasure ClusteringField MissingValueWeights Cluster", "numberOfClusters"
    ),
    "ClusteringField": shape("field isCenterField fieldWeight similarityScale compareFunction"),
    "MissingValueWeights": shape("", "Array"),
    "Cluster": shape("id name", "Array", "size", "KohonenMap Covariances Partition"),
}

_EXACT = {Compare.DELTA, Compare.EQUAL}


def compile_clustering(site: Site) -> Built:
    """Compile a ClusteringModel."""
    element = site.element
    demand(element, "modelClass", "centerBased")
    if site.function != "clustering" or site.single:
        raise unsupported(element, f"has functionName={site.function!r:.40}, or calculates in 32 bits")
    general = child(element, "ComparisonMeasure")
    measure = compile_measure(general)
    parts = list(element.all("ClusteringField"))
    fields = [_field(site, one, measure) for one in parts]
    comparisons = tuple(compile_comparison(one, general) for one in parts)
    clusters = list(element.all("Cluster"))
    if not parts or not clusters:
        raise rejected(element, "needs a ClusteringField and a Cluster, at least one each")
    centers = np.stack([_center(one, len(parts)) for one in clusters])
    for one, field, comparison, cells in zip(parts, fields, comparisons, centers.T, strict=True):
        _check(one, field, comparison, cells)
    if measure.is_similarity:
        _check_binary(element, comparisons, centers)
    identifiers = tuple(one.get("id") or str(place + 1) for place, one in enumerate(clusters))
    if len(set(identifiers)) != len(identifiers):
        raise rejected(element, "has two clusters with the same id")
    code = site.compiler.vocabulary.code
    codes = tuple(code(one) for one in identifiers)
    names = tuple(math.nan if name is None else code(name) for name in (one.get("name") for one in clusters))
    slots = tuple(field.slot for field in fields)
    ranks = ranks_asked(element)
    model = Clustering(slots, measure, comparisons, centers, _importance(element, len(parts)), codes, names, ranks)
    return Built(
        model,
        DataType.STRING,
        Labels(codes, identifiers),
        frozenset({AFFINITY}),
        identifiers,
        {DISPLAY: DataType.STRING, **ranked_types(len(clusters), ranks)},
    )


def _field(site: Site, element: Element, measure: Measure) -> Field:
    demand(element, "isCenterField", "true", "1")
    field = site.scope.field(required(element, "field"), element)
    if not field.type.is_numeric and not (measure.is_similarity and field.type is DataType.BOOLEAN):
        raise unsupported(element, f"compares the {field.type} {field.name!r}")
    return field


def _center(cluster: Element, length: int) -> Matrix:
    center = numbers(child(cluster, "Array"))
    if len(center) != length or not np.isfinite(center).all():
        raise rejected(cluster, f"has {len(center)} coordinates for {length} fields, or one that is infinite")
    return center


def _check(element: Element, field: Field, comparison: Comparison, cells: Matrix) -> None:
    """Refuse what is compared for equality and cannot be equal: a coordinate that is no value of its field's type."""
    if comparison.function not in _EXACT:
        return
    for cell in cells.tolist():
        fits = cell.is_integer() if field.type is DataType.INTEGER else True
        if not fits or (field.type is DataType.FLOAT and to_float32(cell) != cell):
            raise unsupported(element, f"compares the {field.type} {field.name!r} with {cell!r}")


def _check_binary(element: Element, comparisons: tuple[Comparison, ...], centers: Matrix) -> None:
    if not np.isin(centers, (0.0, 1.0)).all():
        raise rejected(element, "has a similarity of binary fields and a coordinate other than 0 and 1")
    if any(one.weight != 1.0 for one in comparisons) or element.find("MissingValueWeights") is not None:
        raise unsupported(element, "weights the fields of a similarity")


def _importance(element: Element, length: int) -> tuple[float, ...]:
    weights = element.find("MissingValueWeights")
    if weights is None:
        return (1.0,) * length
    importance = tuple(numbers(child(weights, "Array")).tolist())
    if len(importance) != length:
        raise rejected(weights, f"has {len(importance)} weights for {length} fields")
    return importance
