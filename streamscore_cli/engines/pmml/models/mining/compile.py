"""MiningModel: its segments compiled in order, and the ensemble they make; nothing is scored here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamscore_cli.engines.pmml.compiler import Built, CompiledModel, Labels, Site
from streamscore_cli.engines.pmml.document.element import (
    Element,
    child,
    choice,
    number,
    rejected,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.derived import add_derived_fields
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.models.assembly import labels_of, model_shape, regression_type
from streamscore_cli.engines.pmml.models.mining.chain import First, FirstOf, Gated, Kept, Last, Unbroken, Whole
from streamscore_cli.engines.pmml.models.mining.classify import ClassificationEnsemble, Poll
from streamscore_cli.engines.pmml.models.mining.regress import Combine, RegressionEnsemble
from streamscore_cli.engines.pmml.models.mining.segments import Missing, OnMissing, Segment
from streamscore_cli.engines.pmml.outputs.features import PredictedCell
from streamscore_cli.engines.pmml.predicates.predicate import PREDICATES, Always
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import DataType, to_float32


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

    @property
    def answers(self) -> tuple[Field, ...]:
        """Return what the segment answers: its parts' answers, then its own."""
        return (*self.compiled.built.answers, *(one.field for one in self.compiled.outputs if one.final))

    @property
    def told(self) -> tuple[Field, ...]:
        """Return what the segment answers in a chain of several models: those that are no final result, too."""
        return (*self.compiled.built.answers, *(one.field for one in self.compiled.outputs))


def compile_mining(site: Site) -> Built:
    """Compile a MiningModel."""
    segmentation = child(site.element, "Segmentation")
    method = choice(segmentation, "multipleModelMethod", _METHODS)
    missing = _missing(segmentation)
    local = segmentation.find("LocalTransformations")
    if local is not None:
        add_derived_fields(site.compiler, local, site.scope)
    elements = list(segmentation.all("Segment"))
    if not elements:
        raise rejected(segmentation, "has no segments")
    chained = method in _CHAINS
    parts = [_part(site, one, place, chained=chained) for place, one in enumerate(elements)]
    built = (
        _chain(site, segmentation, parts, method, missing)
        if chained
        else _ensemble(site, segmentation, parts, method, missing)
    )
    return replace(built, segments={part.name: part.compiled for part in parts})


def _missing(segmentation: Element) -> Missing:
    """Return what segments without a prediction do; a threshold counts only where they are skipped."""
    treatment = choice(segmentation, "missingPredictionTreatment", _ON_MISSING, OnMissing.CONTINUE)
    threshold = number(segmentation, "missingThreshold", 1.0)
    if not 0.0 <= threshold <= 1.0:
        raise rejected(segmentation, f"has a missingThreshold of {threshold!r}")
    return Missing(treatment, threshold if treatment is OnMissing.SKIP else 1.0)


def _part(site: Site, element: Element, place: int, *, chained: bool) -> _Part:
    predicate = site.compiler.predicate(site.compiler.predicate_of(element), site.scope)
    always = isinstance(predicate, Always) and predicate.value == 1.0
    model = site.compiler.model_of(element)
    compiled = site.compiler.model(model, site.scope, site.target)
    weight = number(element, "weight", 1.0)
    weight = to_float32(weight) if site.single else weight
    segment = Segment(compiled.number, None if always else predicate, weight)
    if chained:
        for output in compiled.outputs:
            site.scope.add(_gated(site, element, output.field, segment, site.scope.own(output.field.name)))
    return _Part(element, element.get("id") or str(place + 1), segment, compiled)


def _gated(site: Site, element: Element, output: Field, segment: Segment, before: Field | None) -> Field:
    """Return a segment's output as later segments see it: where it takes no part, what was there `before`."""
    if segment.predicate is None:
        return output
    if before is not None and before.type is not output.type:
        raise unsupported(element, f"gives the {before.type} {output.name!r} anew, as a {output.type}")
    gated = Gated(output.slot, segment.predicate, None if before is None else before.slot)
    return replace(output, slot=site.compiler.column(gated))


def _chain(site: Site, segmentation: Element, parts: list[_Part], method: str, missing: Missing) -> Built:
    if missing.treatment is OnMissing.SKIP:
        raise unsupported(segmentation, "skips segments of a chain that have no prediction")
    answers: dict[str, Field] = {}
    for part in parts:
        for one in part.told if method == "multiModelChain" else part.answers:
            answers[one.name] = _gated(site, part.element, one, part.segment, answers.get(one.name))
    if method == "multiModelChain":
        return _multi(site, parts, answers)
    built = _single(site, parts)
    if missing.treatment is OnMissing.RETURN_MISSING:
        slots = tuple(tuple(one.field.slot for one in part.compiled.outputs) for part in parts)
        whole = site.compiler.column(Whole(tuple(part.segment for part in parts), slots))
        built = replace(built, model=Unbroken(built.model, whole))
        answers = {
            name: replace(one, slot=site.compiler.column(Kept(one.slot, whole))) for name, one in answers.items()
        }
    return replace(built, answers=tuple(answers.values()))


def _single(site: Site, parts: list[_Part]) -> Built:
    """Return the model of a chain that answers as its last active segment does."""
    tail = _tail(parts)
    for part in tail:
        if part.compiled.function != site.function:
            raise unsupported(part.element, f"ends a chain for {site.function} with {part.compiled.function}")
    if len(tail) == 1 and tail[0].segment.predicate is None:
        built = replace(tail[0].compiled.built, model=Last(tail[0].segment.model))
    else:
        built = replace(_first(site, tail, Missing(OnMissing.CONTINUE)), entities=())
    targets = {part.compiled.target.name for part in tail} - {None, site.target.name}
    if targets and len(tail) > 1:
        raise unsupported(site.element, "ends in segments that predict different targets")
    target = tail[0].compiled.target if targets else None
    return replace(built, answers=(), target=target)


def _tail(parts: list[_Part]) -> list[_Part]:
    """Return the segments that may be the last active one, last first."""
    tail: list[_Part] = []
    for part in reversed(parts):
        tail.append(part)
        if part.segment.predicate is None:
            break
    return tail


def _multi(site: Site, parts: list[_Part], answers: dict[str, Field]) -> Built:
    """Return the model of the first target; the predictions of the others are answers under their names."""
    named = [part for part in parts if part.compiled.target.name is not None]
    answering = named[0] if named else parts[-1]
    if answering.segment.predicate is not None:
        raise unsupported(answering.element, "gives the answer of its chain, but only under a condition")
    if len({part.compiled.target.name for part in named}) != len(named):
        raise unsupported(site.element, "has two segments that predict the same target")
    for part in named[1:]:
        target, built = part.compiled.target, part.compiled.built
        name = target.name or ""
        slot = site.compiler.column(PredictedCell(part.compiled.number, built.type))
        field = _gated(site, part.element, Field(name, built.type, target.optype, slot), part.segment, None)
        answers.setdefault(name, field)
    built = replace(answering.compiled.built, model=Last(answering.segment.model), answers=tuple(answers.values()))
    return replace(built, target=answering.compiled.target if named else None)


def _ensemble(site: Site, segmentation: Element, parts: list[_Part], method: str, missing: Missing) -> Built:
    for part in parts:
        if part.compiled.function != site.function:
            raise unsupported(part.element, f"is for {part.compiled.function} in an ensemble for {site.function}")
    segments = tuple(part.segment for part in parts)
    if missing.threshold < 1.0 and (method == "selectFirst" or any(one.predicate is not None for one in segments)):
        raise unsupported(segmentation, "has a missingThreshold and segments that may be inactive")
    if method == "selectFirst":
        return _first(site, parts, missing)
    if site.function == "classification":
        return _poll(site, segmentation, parts, segments, missing)
    if site.function == "regression":
        combine = choice(segmentation, "multipleModelMethod", _COMBINES)
        if site.single and combine is Combine.MEDIAN:
            raise unsupported(segmentation, "has a median and mathContext='float'")
        return Built(RegressionEnsemble(segments, combine, missing, site.single), regression_type(site))
    raise unsupported(segmentation, f"is an ensemble for {site.function}")


def _poll(
    site: Site, segmentation: Element, parts: list[_Part], segments: tuple[Segment, ...], missing: Missing
) -> Built:
    poll = choice(segmentation, "multipleModelMethod", _POLLS)
    labels, places = _labels(site, parts)
    if poll in {Poll.AVERAGE, Poll.WEIGHTED_AVERAGE}:
        for part in parts:
            if PROBABILITY not in part.compiled.built.distributions:
                raise unsupported(part.element, "has no probabilities to average")
    ensemble = ClassificationEnsemble(segments, places, labels.cells, poll, missing, site.single)
    return Built(ensemble, site.target.type, labels, frozenset({PROBABILITY}))


def _first(site: Site, parts: list[_Part], missing: Missing) -> Built:
    kinds = {part.compiled.built.type for part in parts}
    if len(kinds) > 1 and not all(kind.is_numeric for kind in kinds):
        raise unsupported(site.element, "selects among segments of different types")
    labels, places = _labels(site, parts) if site.function == "classification" else (Labels(), ((),) * len(parts))
    features = frozenset.intersection(*(part.compiled.built.distributions for part in parts))
    segments, skip = tuple(part.segment for part in parts), missing.treatment is OnMissing.SKIP
    first = First(segments, places, labels.cells, tuple(sorted(features)), skip)
    kind = kinds.pop() if len(kinds) == 1 else DataType.DOUBLE
    answers = tuple(_first_answers(site, parts, skip=skip))
    return Built(first, kind, labels, features, tuple(part.name for part in parts), answers=answers)


def _first_answers(site: Site, parts: list[_Part], *, skip: bool) -> list[Field]:
    """Return the answers of the segments, each that of the segment chosen in a row."""
    segments = tuple(part.segment for part in parts)
    own = [{one.name: one for one in part.answers} for part in parts]
    found: list[Field] = []
    for name in dict.fromkeys(name for fields in own for name in fields):
        given = [fields.get(name) for fields in own]
        kinds = {one.type for one in given if one is not None}
        if len(kinds) > 1:
            raise unsupported(site.element, f"has segments that answer {name!r:.60} in different types")
        first = next(one for one in given if one is not None)
        column = FirstOf(segments, tuple(None if one is None else one.slot for one in given), skip)
        found.append(replace(first, slot=site.compiler.column(column)))
    return found


def _labels(site: Site, parts: list[_Part]) -> tuple[Labels, tuple[tuple[int, ...], ...]]:
    for part in parts:
        if part.compiled.built.type is not site.target.type:
            raise unsupported(part.element, f"predicts a {part.compiled.built.type} and not a {site.target.type}")
    texts = [text for part in parts for text in part.compiled.built.labels.texts]
    labels = labels_of(site, list(dict.fromkeys(texts)))
    places = tuple(tuple(labels.cells.index(cell) for cell in part.compiled.built.labels.cells) for part in parts)
    return labels, places
