"""From a document's bytes to a compiled model that passed its own verification; how each part is done is elsewhere."""

from __future__ import annotations

import numpy as np

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.pmml.compiler import CompiledModel, Compiler
from streamscore_cli.engines.pmml.document.collector import collector_paused
from streamscore_cli.engines.pmml.document.element import Element, child, release, required, unsupported
from streamscore_cli.engines.pmml.document.grammar import check
from streamscore_cli.engines.pmml.document.parser import DEFAULT_LIMITS, Limits, parse
from streamscore_cli.engines.pmml.fields.dictionary import data_fields
from streamscore_cli.engines.pmml.fields.schema import add_data_fields
from streamscore_cli.engines.pmml.fields.scope import Scope
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Answer, InputField, Program
from streamscore_cli.engines.pmml.registry import MODELS, SHAPES, TABLES
from streamscore_cli.engines.pmml.values.cast import can_cast
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import DataType, parse_cell
from streamscore_cli.engines.pmml.values.words import Vocabulary
from streamscore_cli.engines.pmml.verification.rows import Checked, compare, verification_of

_FRAMES = 300
"""Of Python's stack, which callers may have used when they score."""


def compile_pmml(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Model:
    """Compile and verify a PMML document.

    Raises `ModelRejected` (unsafe, malformed, or against its own verification) or `ModelUnsupported` (beyond this
    engine), each naming the element and its line.
    """
    with collector_paused():
        root = parse(data, limits)
        try:
            main = _main(root)
            program, checked, place = _program(root, main), verification_of(main), str(main)
        except RecursionError:
            raise unsupported(root, "is nested too deeply") from None
        finally:
            release(root)  # it is several times as large as the bytes, or as what is made of it
    model = Model(program)
    _check_stack(model, place)
    _verify(model, checked)
    return model


def _check_stack(model: Model, place: str, frames: int = _FRAMES) -> None:
    """Refuse a model whose parts depend on one another in longer chains than Python's stack has room for.

    `place`: its element and line.
    """
    if frames > 0:
        _check_stack(model, place, frames - 1)
        return
    try:
        model.general(1, {})
    except RecursionError:
        raise ModelUnsupported(
            f"The PMML engine cannot do this: {place} has models or outputs that make too long a chain."
        ) from None


def _main(root: Element) -> Element:
    """Return the model of a document that is the one to compile, after the check of all elements."""
    check(root, SHAPES)
    models = [one for one in root.children if one.tag in MODELS]
    if not models:
        raise unsupported(root, "has no model")
    return next((one for one in models if one.get("isScorable") not in {"false", "0"}), models[0])


def _program(root: Element, model: Element) -> Program:
    vocabulary = Vocabulary()
    data = data_fields(child(root, "DataDictionary"), vocabulary)
    dictionary = root.find("TransformationDictionary")
    functions = (
        {required(one, "name"): one for one in dictionary.all("DefineFunction")} if dictionary is not None else {}
    )
    compiler = Compiler(TABLES, vocabulary, data, functions)
    compiler.globals += [dictionary] if dictionary is not None else []
    scope = Scope()
    add_data_fields(compiler, root, scope)
    return _assembled(compiler, compiler.model(model, scope), model)


def _assembled(compiler: Compiler, compiled: CompiledModel, element: Element) -> Program:
    built = compiled.built
    if compiled.target.name is not None and not can_cast(built.type, compiled.target.type):
        raise unsupported(element, f"predicts a {built.type} for a target of type {compiled.target.type}")
    names, settled = compiler.inputs, _settled(compiler, element)
    return Program(
        tuple(compiler.columns),
        tuple(compiler.models),
        compiler.vocabulary.words,
        tuple(InputField(name, compiler.data[name].type, name in settled) for name in names),
        compiled.number,
        built.type,
        built.labels.texts,
        PROBABILITY in built.distributions,
        tuple(_answers(compiled)),
        compiled.target.name,
    )


def _settled(compiler: Compiler, model: Element) -> frozenset[str]:
    """Return the fields whose only valid value replaces a missing one, as R writes them for want of a real one."""
    settled = set()
    for element in child(model, "MiningSchema").all("MiningField"):
        field, text = compiler.data.get(required(element, "name")), element.get("missingValueReplacement")
        if field is not None and text is not None and len(field.valid) == 1:
            cell = parse_cell(text, field.type, compiler.vocabulary.code)
            settled |= {field.name} if cell == field.valid[0] else set()
    return frozenset(settled)


def _answers(compiled: CompiledModel) -> list[Answer]:
    """Return what the segments of a model answer and, where it has the same names itself, rather its own outputs.

    Those of its own that are no final result too, as JPMML does.
    """
    fields = [*compiled.built.answers, *(output.field for output in compiled.outputs)]
    return list({field.name: Answer(field.name, field.slot, field.type) for field in fields}.values())


def _verify(model: Model, fields: tuple[Checked, ...]) -> None:
    if not fields:
        return
    length = len(fields[0].texts)
    inputs = {}
    for one in fields:
        texts = np.empty(length, dtype=object)
        texts[:] = one.texts
        inputs[one.name] = texts
    result = model.score(length, inputs)
    for row, reason in result.reasons.items():
        raise ModelRejected(f"The model does not pass its own verification: row {row + 1} cannot be scored, {reason}.")
    answers = dict(result.outputs)
    if model.program.target is not None:
        answers[model.program.target] = result.value
    compare(fields, answers, _singles(model.program))


def _singles(program: Program) -> frozenset[str]:
    names = {answer.name for answer in program.answers if answer.type is DataType.FLOAT}
    names |= {program.target} if program.target is not None and program.type is DataType.FLOAT else set()
    return frozenset(names)
