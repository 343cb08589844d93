"""MiningModel: its segments compiled in order, and the ensemble they make; nothing is scored here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamscore_cli.engines.pmml.compiler import Built, CompiledModel, Labels, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    demand,
    number,
    rejected,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.derived import add_derived_fields
from streamscore_cli.engines.pmml.models.common import labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.mining.chain import First, Gated, Last
from streamscore_cli.engines.pmml.models.mining.classify import ClassificationEnsemble, Poll
from streamscore_cli.engines.pmml.models.mining.regress import Combine, RegressionEnsemble
from streamscore_cli.engines.pmml.models.mining.segments import OnMissing, Segment
from streamscore_cli.engines.pmml.predicates.predicate import PREDICATES, Always
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import DataType


def shapes(models: str) -> Shapes:
    """Return the shapes of mining models whose segments may be any of `models`."""
    return {
        "MiningModel": model_shape("", "Segmentation"),
        "Segmentation": shape(
            "multipleModelMethod missingPredictionTreatment missingThreshold", "Segment LocalTransformations"
        ),
        "Segment": shape("id weight", f"{PREDICATES} {models}"),
    }


_COMBINES = {kind.value: kind for kind in Combine}
_POLLS = {kind.value: kind for kind in Poll}
_ON_MISSING = {kind.value: kind for kind in OnMissing}
_CHAINS = ("modelChain", "multiModelChain")
_METHODS = {name: name for name in (*_COMBINES, *_POLLS, *_CHAINS, "selectFirst")}


@dataclass(frozen=True, slots=True)
class _Part:
    element: Element
    name: str
    segment: Segment
    compiled: CompiledModel


def compile_mining(site: Site) -> Built:
    """Compile a MiningModel."""
    segmentation = child(site.element, "Segmentation")
    method = choice(segmentation, "multipleModelMethod", _METHODS)
    treatment = choice(segmentation, "missingPredictionTreatment", _ON_MISSING, OnMissing.CONTINUE)
    if treatment is OnMissing.SKIP:
        demand(segmentation, "missingThreshold", "1", "1.0")
    local = segmentation.find("LocalTransformations")
    if local is not None:
        add_derived_fields(site.compiler, local, site.scope)
    elements = list(segmentation.all("Segment"))
    if not elements:
        raise rejected(segmentation, "has no segments")
    chained = method in _CHAINS
    parts = [_part(site, one, place, chained=chained) for place, one in enumerate(elements)]
    built = _chain(site, parts, method) if chained else _ensemble(site, segmentation, parts, method, treatment)
    return replace(built, segments={part.name: part.compiled for part in parts})


def _part(site: Site, element: Element, place: int, *, chained: bool) -> _Part:
    predicate = site.compiler.predicate(site.compiler.predicate_of(element), site.scope)
    always = isinstance(predicate, Always) and predicate.value == 1.0
    model = site.compiler.model_of(element)
    compiled = site.compiler.model(model, site.scope, site.target)
    segment = Segment(compiled.number, None if always else predicate, number(element, "weight", 1.0))
    if chained:
        for output in compiled.outputs:
            gated = output.field
            if not always:
                gated = replace(gated, slot=site.compiler.column(Gated(gated.slot, predicate)))
            site.scope.add(gated)
    return _Part(element, element.get("id") or str(place + 1), segment, compiled)


def _chain(site: Site, parts: list[_Part], method: str) -> Built:
    answering = parts[-1]
    if method == "multiModelChain":
        answering = next((part for part in parts if part.compiled.target.name is not None), parts[-1])
    if answering.segment.predicate is not None:
        raise unsupported(answering.element, "gives the answer of its chain, but only under a condition")
    if method == "modelChain" and answering.compiled.function != site.function:
        raise unsupported(answering.element, f"ends a chain for {site.function} with {answering.compiled.function}")
    return replace(answering.compiled.built, model=Last(answering.segment.model))


def _ensemble(site: Site, segmentation: Element, parts: list[_Part], method: str, treatment: OnMissing) -> Built:
    for part in parts:
        if part.compiled.function != site.function:
            raise unsupported(part.element, f"is for {part.compiled.function} in an ensemble for {site.function}")
    segments = tuple(part.segment for part in parts)
    if method == "selectFirst":
        return _first(site, parts, segments)
    if site.function == "classification":
        return _poll(site, segmentation, parts, segments, treatment)
    if site.function == "regression":
        combine = choice(segmentation, "multipleModelMethod", _COMBINES)
        return Built(RegressionEnsemble(segments, combine, treatment, site.single), regression_type(site))
    raise unsupported(segmentation, f"is an ensemble for {site.function}")


def _poll(
    site: Site, segmentation: Element, parts: list[_Part], segments: tuple[Segment, ...], treatment: OnMissing
) -> Built:
    poll = choice(segmentation, "multipleModelMethod", _POLLS)
    labels, places = _labels(site, parts)
    if poll in {Poll.AVERAGE, Poll.WEIGHTED_AVERAGE}:
        for part in parts:
            if PROBABILITY not in part.compiled.built.distributions:
                raise unsupported(part.element, "has no probabilities to average")
    ensemble = ClassificationEnsemble(segments, places, labels.cells, poll, treatment, site.single)
    return Built(ensemble, site.target.type, labels, frozenset({PROBABILITY}))


def _first(site: Site, parts: list[_Part], segments: tuple[Segment, ...]) -> Built:
    kinds = {part.compiled.built.type for part in parts}
    if len(kinds) > 1 and not all(kind.is_numeric for kind in kinds):
        raise unsupported(site.element, "selects among segments of different types")
    labels, places = _labels(site, parts) if site.function == "classification" else (Labels(), ((),) * len(parts))
    features = frozenset.intersection(*(part.compiled.built.distributions for part in parts))
    first = First(segments, places, labels.cells, tuple(sorted(features)))
    kind = kinds.pop() if len(kinds) == 1 else DataType.DOUBLE
    return Built(first, kind, labels, features, tuple(part.name for part in parts))


def _labels(site: Site, parts: list[_Part]) -> tuple[Labels, tuple[tuple[int, ...], ...]]:
    for part in parts:
        if part.compiled.built.type is not site.target.type:
            raise unsupported(part.element, f"predicts a {part.compiled.built.type} and not a {site.target.type}")
    texts = [text for part in parts for text in part.compiled.built.labels.texts]
    labels = labels_of(site, list(dict.fromkeys(texts)))
    places = tuple(tuple(labels.cells.index(cell) for cell in part.compiled.built.labels.cells) for part in parts)
    return labels, places
