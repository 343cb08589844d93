"""Documents that exporters wrote answer as JPMML-Evaluator 1.7.7 does; its answers are recorded beside them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Inputs, Result
from streamscore_cli.engines.pmml.values.types import DataType

DOCUMENTS = sorted((Path(__file__).parent / "documents").glob("*.pmml"))
TOLERANCE = 1e-12
NUMBERS = {DataType.DOUBLE, DataType.FLOAT, DataType.INTEGER}


@pytest.mark.parametrize("numbers", [False, True], ids=["texts", "numbers"])
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_answers_as_jpmml_does(document: Path, *, numbers: bool) -> None:
    recorded = json.loads(document.with_suffix(".json").read_text())
    model = compile_pmml(document.read_bytes())
    rows = [row for row, _ in recorded["rows"]]
    result = model.score(len(rows), inputs_of(model, recorded["fields"], rows, numbers=numbers))
    wrong = [
        f"row {place}: {name} is {answer_of(model, result, name, place)!r}, not {wanted!r}"
        for place, (_, answers) in enumerate(recorded["rows"])
        for name, wanted in (answers or {}).items()
        if not same(wanted, answer_of(model, result, name, place)) or place in result.reasons
    ]
    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_a_row_that_jpmml_cannot_score_has_no_value_or_a_reason(document: Path) -> None:
    recorded = json.loads(document.with_suffix(".json").read_text())
    model = compile_pmml(document.read_bytes())
    rows = [row for row, answers in recorded["rows"] if answers is None]
    result = model.score(len(rows), inputs_of(model, recorded["fields"], rows, numbers=False))
    assert [row for row in range(len(rows)) if row not in result.reasons and not same(None, result.value[row])] == []


def test_the_documents_are_there() -> None:
    assert len(DOCUMENTS) > 40


def inputs_of(model: Model, fields: list[str], rows: list[list[str | None]], *, numbers: bool) -> Inputs:
    """Return the rows as columns: texts, or where all cells of a numeric field are numbers float64."""
    kinds = {one.name: one.type for one in model.program.inputs}
    inputs: dict[str, NDArray[Any]] = {}
    for place, name in enumerate(fields):
        column = np.empty(len(rows), dtype=object)
        column[:] = [row[place] for row in rows]
        if numbers and kinds.get(name) in NUMBERS and all(cell is None or is_number(cell) for cell in column):
            column = np.array([math.nan if cell is None else float(cell) for cell in column])
        inputs[name] = column
    return inputs


def is_number(text: str) -> bool:
    """Tell whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def answer_of(model: Model, result: Result, name: str, row: int) -> object:
    """Return an answer under JPMML's name for it; what is no final result has none here."""
    if name in result.outputs:
        return result.outputs[name][row]
    return result.value[row] if name in {model.program.target, "null"} else ...


def same(wanted: object, answer: object) -> bool:
    """Tell whether an answer is JPMML's: numbers within the tolerance, all else exactly."""
    if answer is ...:
        return True
    if isinstance(answer, float) and math.isnan(answer):
        answer = None
    if isinstance(answer, float) and wanted in {"Infinity", "-Infinity"}:
        return float(str(wanted)) == answer
    if isinstance(wanted, float) and isinstance(answer, int | float):
        return math.isclose(wanted, answer, rel_tol=TOLERANCE)
    return wanted == answer
