"""What every kind of model has: schema, local transformations, target, targets, output; no kind is known here."""

from __future__ import annotations

from dataclasses import replace

from streamscore_cli.engines.pmml.compiler import CompiledModel, Compiler, Labels, Site, Target
from streamscore_cli.engines.pmml.document.element import Element, child, choice, demand, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import Shape, shape
from streamscore_cli.engines.pmml.fields.derived import add_derived_fields
from streamscore_cli.engines.pmml.fields.dictionary import literal
from streamscore_cli.engines.pmml.fields.schema import add_mining_fields, target_name, target_names
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.fields.targets import Narrowed, with_targets
from streamscore_cli.engines.pmml.outputs.output import add_output
from streamscore_cli.engines.pmml.values.types import DataType, OpType, show_number

_PARTS = "MiningSchema Output Targets LocalTransformations"
_INERT = "ModelStats ModelExplanation"


_OF_SEVERAL_TARGETS = {"MiningModel", "NearestNeighborModel", "NeuralNetwork"}
_CONTEXTS = {"float": True, "double": False}


def model_shape(reads: str = "", children: str = "", ignores: str = "", inert: str = "") -> Shape:
    """Return the shape of a model's element: its own names and those that every model has."""
    return shape(
        f"functionName isScorable mathContext {reads}",
        f"{_PARTS} ModelVerification {children}",
        f"modelName algorithmName {ignores}",
        f"{_INERT} {inert}",
    )


def compile_model(compiler: Compiler, element: Element, scope: Scope, around: Target | None) -> CompiledModel:
    """Compile a model of any kind within `scope`; `around` is the target of the model it is a segment of."""
    demand(element, "isScorable", "true", "1")
    schema = child(element, "MiningSchema")
    inside = Scope(scope)
    add_mining_fields(compiler, schema, inside, top=around is None)
    if around is None:
        for globals_ in compiler.globals:
            add_derived_fields(compiler, globals_, inside)
    local = element.find("LocalTransformations")
    if local is not None:
        add_derived_fields(compiler, local, inside)
    function = required(element, "functionName")
    if len(target_names(schema)) > 1 and element.tag not in _OF_SEVERAL_TARGETS:
        raise unsupported(element, f"predicts {len(target_names(schema))} targets")
    target = _target(compiler, element, schema, around)
    single = choice(element, "mathContext", _CONTEXTS, default=False)
    site = Site(compiler, element, inside, target, function, single)
    built = compiler.tables.models[element.tag](site)
    target = built.target or target
    built = with_targets(compiler, element, built, target, function, single=single)
    if around is not None and target.name is not None and built.type is DataType.FLOAT and not single:
        built = replace(built, model=Narrowed(built.model))
    compiled = CompiledModel(compiler.number_of(built.model), built, target, function, inside)
    return replace(compiled, outputs=add_output(compiler, element, compiled))


def labels_of(site: Site, texts: list[str]) -> Labels:
    """Return the categories of a classification: those the target declares, then those that only the model names."""
    kind = site.target.type
    data = site.target.data
    vocabulary = site.compiler.vocabulary
    cells = list(data.valid) if data is not None and data.optype is not OpType.CONTINUOUS else []
    cells += [literal(site.element, text, kind, vocabulary) for text in texts]
    unique = tuple(dict.fromkeys(cells))
    words = vocabulary.words
    return Labels(
        unique, tuple(words[int(cell)] if kind is DataType.STRING else show_number(cell, kind) for cell in unique)
    )


def regression_type(site: Site) -> DataType:
    """Return the type of a regression's value: nothing but castInteger makes a fraction whole."""
    return DataType.FLOAT if site.target.type is DataType.FLOAT else DataType.DOUBLE


def label_cell(site: Site, element: Element, text: str) -> float:
    """Return the cell of a category named in the document."""
    return literal(element, text, site.target.type, site.compiler.vocabulary)


def _target(compiler: Compiler, element: Element, schema: Element, around: Target | None) -> Target:
    name = target_name(schema)
    data = None if name is None else compiler.data.get(name)
    if data is not None:
        return Target(name, data.type, data.optype, data)
    if around is not None and name is None and _same_function(element, around):
        return replace(around, name=None)
    numeric = required(element, "functionName") == "regression"
    kind, optype = (DataType.DOUBLE, OpType.CONTINUOUS) if numeric else (DataType.STRING, OpType.CATEGORICAL)
    return Target(name, kind, optype)


def _same_function(element: Element, around: Target) -> bool:
    continuous = around.optype is OpType.CONTINUOUS
    return continuous == (required(element, "functionName") == "regression")
