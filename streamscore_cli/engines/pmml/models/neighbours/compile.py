"""NearestNeighborModel: from its training records to points and answers; nothing is scored here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from streamscore_cli.engines.pmml.compiler import Built, Labels, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    flag,
    integer,
    number,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.fields.prepare import Prepared
from streamscore_cli.engines.pmml.fields.schema import checked
from streamscore_cli.engines.pmml.models.assembly import label_cell, labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.distance import (
    Compare,
    Comparison,
    compile_comparison,
    compile_measure,
    ranked_types,
    ranks_asked,
)
from streamscore_cli.engines.pmml.models.neighbours.model import Average, Averaged, Instances, Told, Voted
from streamscore_cli.engines.pmml.models.several import joined, sites_of_targets
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.prediction import Matrix
from streamscore_cli.engines.pmml.values.types import DataType, OpType

SHAPES: Shapes = {
    "NearestNeighborModel": model_shape(
        "numberOfNeighbors continuousScoringMethod categoricalScoringMethod instanceIdVariable threshold",
        "TrainingInstances ComparisonMeasure KNNInputs",
    ),
    "TrainingInstances": shape("isTransformed", "InstanceFields InlineTable", "recordCount fieldCount"),
    "InstanceFields": shape("", "InstanceField"),
    "InstanceField": shape("field column"),
    "KNNInputs": shape("", "KNNInput"),
    "KNNInput": shape("field fieldWeight compareFunction"),
}

_AVERAGES = {kind.value: kind for kind in Average}
_VOTES = {"majorityVote": False, "weightedMajorityVote": True}
_EXACT = {Compare.DELTA, Compare.EQUAL}


@dataclass(frozen=True, slots=True)
class _Records:
    """The training records by the names of their fields, all of the same length."""

    element: Element
    columns: dict[str, list[str]]
    length: int

    def column(self, name: str, user: Element) -> list[str]:
        if name not in self.columns:
            raise unsupported(user, f"needs {name!r:.60}, which is no field of the training records")
        return self.columns[name]


def compile_neighbours(site: Site) -> Built:
    """Compile a NearestNeighborModel; the predictions of targets behind the first are answers under their names."""
    element = site.element
    if site.single:
        raise unsupported(element, "calculates in 32 bits")
    records = _records(child(element, "TrainingInstances"))
    count = integer(element, "numberOfNeighbors")
    if not 1 <= count <= records.length:
        raise rejected(element, f"asks for {count} neighbours of {records.length}")
    identifiers = _identifiers(element, records)
    instances = _instances(site, records, min(max(count, ranks_asked(element)), records.length))
    ranks = ranked_types(records.length, instances.told)
    sites = sites_of_targets(site)
    if not sites and site.function in {"mixed", "clustering"}:
        return Built(Told(instances), site.target.type, entities=identifiers, extras=ranks)
    if not sites:
        raise unsupported(element, f"has functionName={site.function!r:.40} and no target")
    built = [replace(_predicting(one, records, instances, count), entities=identifiers, extras=ranks) for one in sites]
    return joined(sites, built)


def _predicting(site: Site, records: _Records, instances: Instances, count: int) -> Built:
    continuous = site.target.optype is OpType.CONTINUOUS
    if site.function not in {"mixed", "regression" if continuous else "classification"}:
        raise unsupported(
            site.element, f"has functionName={site.function!r:.40} for the {site.target.optype} {site.target.name!r}"
        )
    return (_averaged if continuous else _voted)(site, records, instances, count)


def _records(element: Element) -> _Records:
    rows = [{cell.tag: cell.text for cell in row.children} for row in child(element, "InlineTable").all("row")]
    columns: dict[str, list[str]] = {}
    for one in child(element, "InstanceFields").all("InstanceField"):
        name = required(one, "field")
        tag = (one.get("column") or name).rpartition(":")[2]
        texts = [row[tag] for row in rows if tag in row]
        if name in columns or len(texts) != len(rows):
            raise rejected(one, "is not exactly once in every training record")
        columns[name] = texts
    if not rows:
        raise rejected(element, "has no training records")
    return _Records(element, columns, len(rows))


def _identifiers(element: Element, records: _Records) -> tuple[str, ...]:
    name = element.get("instanceIdVariable")
    if name is None:
        return tuple(str(place + 1) for place in range(records.length))
    texts = tuple(records.column(name, element))
    if len(set(texts)) != len(texts):
        raise rejected(element, "has two training records with the same identifier")
    return texts


def _instances(site: Site, records: _Records, told: int) -> Instances:
    general = child(site.element, "ComparisonMeasure")
    measure = compile_measure(general)
    if measure.is_similarity:
        raise unsupported(general, "is a similarity")
    inputs = list(child(site.element, "KNNInputs").all("KNNInput"))
    if not inputs:
        raise rejected(site.element, "compares no fields")
    comparisons = tuple(compile_comparison(one, general) for one in inputs)
    fields = [_field(site, one, comparison, records) for one, comparison in zip(inputs, comparisons, strict=True)]
    return Instances(
        tuple(field.slot for field in fields),
        measure,
        comparisons,
        _points(site, inputs, fields, records),
        told,
    )


def _field(site: Site, element: Element, comparison: Comparison, records: _Records) -> Field:
    name = required(element, "field")
    field = site.scope.field(name, element)
    if not (field.type.is_numeric or comparison.function in _EXACT):
        raise unsupported(element, f"compares the {field.type} {name!r:.60} by {comparison.function}")
    if name not in site.compiler.data and not flag(records.element, "isTransformed", default=False):
        raise unsupported(element, f"needs the training records' {name!r:.60} derived from their other fields")
    return field


def _points(site: Site, inputs: list[Element], fields: list[Field], records: _Records) -> Matrix:
    points = np.zeros((records.length, len(fields)))
    for place, (one, field) in enumerate(zip(inputs, fields, strict=True)):
        texts = records.column(required(one, "field"), one)
        points[:, place] = [literal(one, text, field.type, site.compiler.vocabulary) for text in texts]
        _demand_kept(site, one, field.slot, points[:, place])
    if not np.isfinite(points).all():
        raise rejected(records.element, "has a value that is infinite")
    return points


def _demand_kept(site: Site, element: Element, slot: int, cells: Cells) -> None:
    """Refuse training records that the treatments of their field would change, as JPMML's are treated too."""
    source = site.compiler.columns[slot]
    while isinstance(source, Prepared):
        if not source.keeps(cells):
            raise unsupported(element, f"has training records with values that {source.name!r:.60} treats or refuses")
        source = site.compiler.columns[source.slot]


def _answers(site: Site, records: _Records) -> list[str]:
    target = site.target
    texts = records.column(target.name or "", site.element)
    if target.data is not None:
        data, code = target.data, site.compiler.vocabulary
        cells = np.array([literal(site.element, text, data.type, code) for text in texts])
        if not checked(data).keeps(cells):
            raise unsupported(site.element, f"has training records with values that {data.name!r:.60} refuses")
    return texts


def _threshold(element: Element, *, weighted: bool) -> float:
    threshold = number(element, "threshold", 0.001)
    if weighted and not 0 <= threshold < math.inf:
        raise unsupported(element, f"weighs neighbours with the threshold {threshold}")
    return threshold


def _averaged(site: Site, records: _Records, instances: Instances, count: int) -> Built:
    method = choice(site.element, "continuousScoringMethod", _AVERAGES, Average.PLAIN)
    answers = [
        literal(site.element, text, DataType.DOUBLE, site.compiler.vocabulary) for text in _answers(site, records)
    ]
    threshold = _threshold(site.element, weighted=method is Average.WEIGHTED)
    model = Averaged(instances, np.array(answers), count, method, threshold)
    return Built(model, regression_type(site))


def _voted(site: Site, records: _Records, instances: Instances, count: int) -> Built:
    weighted = choice(site.element, "categoricalScoringMethod", _VOTES, default=False)
    texts = _answers(site, records)
    labels = labels_of(site, texts)
    answers = np.array([labels.cells.index(label_cell(site, site.element, text)) for text in texts], dtype=np.intp)
    model = Voted(
        instances,
        answers,
        count,
        weighted,
        _threshold(site.element, weighted=weighted),
        labels.cells,
        np.array(_preferred(site, labels, answers.tolist()), dtype=np.intp),
    )
    return Built(model, site.target.type, labels)


def _preferred(site: Site, labels: Labels, answers: list[int]) -> list[int]:
    """Return the places as ties are resolved: most training records first, then the smallest value."""
    texts = site.target.type is DataType.STRING
    values: list[str] | list[float] = list(labels.texts) if texts else list(labels.cells)
    order = sorted(range(len(values)), key=values.__getitem__)
    return sorted(order, key=lambda place: -answers.count(place))
