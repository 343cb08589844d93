"""Output: from a model's prediction to the fields it declares; a new feature is one function and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from streamscore_cli.engines.pmml.compiler import CompiledModel, Compiler, Expression, OutputField
from streamscore_cli.engines.pmml.document.element import (
    Element,
    choice,
    demand,
    flag,
    integer,
    rejected,
    required,
    unsupported,
)
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.fields.derived import EXPRESSIONS, Converted
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.field import Field
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.fields.targets import target_element
from streamscore_cli.engines.pmml.outputs.features import (
    AbsentOf,
    DisplayOf,
    Distributed,
    EntityOf,
    ExtraOf,
    PredictedCell,
    WinnerOf,
)
from streamscore_cli.engines.pmml.values.cast import can_cast
from streamscore_cli.engines.pmml.values.prediction import AFFINITY, CONFIDENCE, PROBABILITY
from streamscore_cli.engines.pmml.values.types import DATA_TYPES, OP_TYPES, DataType, OpType

SHAPES: Shapes = {
    "Output": shape("", "OutputField"),
    "OutputField": shape(
        "name dataType optype targetField feature value rank isMultiValued segmentId isFinalResult"
        " ruleFeature algorithm rankBasis rankOrder",
        f"{EXPRESSIONS} Value",
        "displayName",
        "Decisions",
    ),
}


@dataclass(frozen=True, slots=True)
class OutputSite:
    """What a feature's compiler is given; `scope` sees the model's fields and the output fields before this one."""

    compiler: Compiler
    element: Element
    model: CompiledModel
    scope: Scope
    shown: Mapping[float, str] = field(default_factory=dict)
    """How the model's Targets say that categories are shown."""


def add_output(compiler: Compiler, element: Element, model: CompiledModel) -> tuple[OutputField, ...]:
    """Compile the Output of a model; return its fields in order."""
    output = element.find("Output")
    fields: list[OutputField] = []
    scope = Scope(model.scope)
    for one in output.all("OutputField") if output is not None else ():
        told = _model_of(one, model)
        site = OutputSite(compiler, one, told, scope, _shown(compiler, element, model) if told is model else {})
        made = _field(site)
        scope.add(made)
        fields.append(OutputField(made, flag(one, "isFinalResult", default=True)))
    return tuple(fields)


def _shown(compiler: Compiler, element: Element, model: CompiledModel) -> dict[float, str]:
    target = target_element(element, model.target)
    shown = {}
    for one in target.all("TargetValue") if target is not None else ():
        text = one.get("displayValue")
        if text is not None:
            shown[literal(one, required(one, "value"), model.built.type, compiler.vocabulary)] = text
    return shown


def _model_of(element: Element, model: CompiledModel) -> CompiledModel:
    segment = element.get("segmentId")
    if segment is None:
        wanted = element.get("targetField")
        others = () if wanted in {None, model.target.name} else model.built.segments.values()
        return next((one for one in others if one.target.name == wanted), model)
    found = model.built.segments.get(segment)
    if found is None:
        raise unsupported(element, f"is of the segment {segment!r}, which is not there")
    return found


def _field(site: OutputSite) -> Field:
    element = site.element
    name = required(element, "name")
    wanted = element.get("targetField")
    if wanted is not None and site.model.target.name not in {None, wanted}:
        raise unsupported(element, f"is of the target {wanted!r}, which this model does not predict")
    expression = choice(element, "feature", FEATURES, _predicted_value)(site)
    kind = choice(element, "dataType", DATA_TYPES, expression.type)
    if not can_cast(expression.type, kind):
        raise unsupported(element, f"makes a {kind} of a {expression.type}")
    optype = choice(element, "optype", OP_TYPES, OpType.CONTINUOUS if kind.is_numeric else OpType.CATEGORICAL)
    source = expression if kind is expression.type else Converted(expression, kind, name)
    order = tuple(literal(one, required(one, "value"), kind, site.compiler.vocabulary) for one in element.all("Value"))
    return Field(name, kind, optype, site.compiler.column(source), order)


def _predicted_value(site: OutputSite) -> Expression:
    return PredictedCell(site.model.number, site.model.built.type)


def _display_value(site: OutputSite) -> Expression:
    if "displayValue" in (site.model.built.extras or {}):
        return _extra("displayValue")(site)
    target = site.model.target
    declared = dict(target.data.displays) if target.data is not None else {}
    labels = site.model.built.labels
    if site.model.function == "regression" and not declared and not site.shown:
        return Converted(_predicted_value(site), DataType.STRING, required(site.element, "name"))
    if not labels.cells:
        raise unsupported(site.element, "asks for a display value, which this model does not give")
    code = site.compiler.vocabulary.code
    shown = {**declared, **site.shown}
    texts = [shown.get(cell, text) for cell, text in zip(labels.cells, labels.texts, strict=True)]
    return DisplayOf(site.model.number, labels.cells, tuple(code(text) for text in texts))


def _distributed(feature: str) -> Callable[[OutputSite], Expression]:
    def compile_it(site: OutputSite) -> Expression:
        built = site.model.built
        if feature not in built.distributions:
            raise unsupported(site.element, f"asks for a {feature}, which this model does not give")
        text = site.element.get("value")
        if text is None:
            return WinnerOf(site.model.number, feature, built.labels.cells)
        cell = literal(site.element, text, built.type, site.compiler.vocabulary)
        if cell not in built.labels.cells and feature == PROBABILITY:
            return AbsentOf(site.model.number, feature)
        if cell not in built.labels.cells:
            raise unsupported(
                site.element, f"asks for the {feature} of {text!r:.60}, which is no category of the model"
            )
        return Distributed(site.model.number, feature, built.labels.cells.index(cell))

    return compile_it


def _entity(site: OutputSite) -> Expression:
    if not site.model.built.entities:
        raise unsupported(site.element, "asks for an entity, which this model does not give")
    if integer(site.element, "rank", 1) < 1:
        raise rejected(site.element, "has a rank below 1")
    codes = tuple(site.compiler.vocabulary.code(one) for one in site.model.built.entities)
    return EntityOf(site.model.number, integer(site.element, "rank", 1) - 1, codes)


def _affinity(site: OutputSite) -> Expression:
    if AFFINITY in site.model.built.distributions and integer(site.element, "rank", 1) == 1:
        return _distributed(AFFINITY)(site)
    demand(site.element, "value")
    return _extra(AFFINITY)(site)


def _of_the_first(compile_it: Callable[[OutputSite], Expression]) -> Callable[[OutputSite], Expression]:
    def compile_first(site: OutputSite) -> Expression:
        demand(site.element, "rank", "1")
        return compile_it(site)

    return compile_first


def told_name(element: Element) -> str:
    """Return the name of the extra that a model gives for one OutputField alone."""
    return f"output:{required(element, 'name')}"


def _told_or(otherwise: Callable[[OutputSite], Expression]) -> Callable[[OutputSite], Expression]:
    def compile_it(site: OutputSite) -> Expression:
        extras, name = site.model.built.extras or {}, told_name(site.element)
        return ExtraOf(site.model.number, name, extras[name]) if name in extras else otherwise(site)

    return compile_it


def _expression(site: OutputSite) -> Expression:
    return site.compiler.expression_in(site.element, site.scope)


def _extra(feature: str) -> Callable[[OutputSite], Expression]:
    def compile_it(site: OutputSite) -> Expression:
        extras = site.model.built.extras or {}
        rank = integer(site.element, "rank", 1)
        name = feature if rank == 1 else f"{feature}{rank}"
        if name not in extras:
            raise unsupported(site.element, f"asks for a {feature}, which this model does not give")
        demand(site.element, "isMultiValued", "0", "false")
        return ExtraOf(site.model.number, name, extras[name])

    return compile_it


FEATURES: dict[str, Callable[[OutputSite], Expression]] = {
    "predictedValue": _predicted_value,
    "predictedDisplayValue": _display_value,
    "probability": _distributed(PROBABILITY),
    "confidence": _told_or(_distributed(CONFIDENCE)),
    "affinity": _affinity,
    "entityId": _told_or(_entity),
    "clusterId": _of_the_first(_entity),
    "transformedValue": _expression,
    "decision": _expression,
    "entityAffinity": _of_the_first(_affinity),
    "clusterAffinity": _of_the_first(_affinity),
    "reasonCode": _extra("reasonCode"),
    "ruleValue": _told_or(_extra("ruleValue")),
    "ruleId": _told_or(_extra("ruleId")),
    "rule": _told_or(_extra("rule")),
    "support": _told_or(_extra("support")),
    "lift": _told_or(_extra("lift")),
}
