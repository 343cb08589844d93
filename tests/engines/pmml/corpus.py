"""Models of others with their rows and expected answers: read, scored, compared; which must be right is the test's."""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Result
from streamscore_cli.engines.pmml.values.types import DataType

MISSING = {"", "NA", "N/A"}


@dataclass(frozen=True, slots=True)
class Triple:
    """A model, its rows and what they must give."""

    name: str
    layout: str
    pmml: Path
    input: Path
    expected: Path


def triples(folder: Path) -> list[Triple]:
    """Return the triples of the index in `folder`."""
    index = json.loads((folder / "index.json").read_text())
    return [
        Triple(
            f"{Path(one['pmml']).parent.name}/{one['name']}",
            one["layout"],
            folder / one["pmml"],
            folder / one["input"],
            folder / one["expected"],
        )
        for one in index
    ]


def table(path: Path, delimiter: str = ",") -> dict[str, list[str]]:
    """Return a CSV file's columns; of two with the same name the first."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    header = rows[0] if rows else []
    columns: dict[str, list[str]] = {}
    for place, name in enumerate(header):
        columns.setdefault(name, [row[place] for row in rows[1:]])
    return columns


def inputs_of(model: Model, columns: dict[str, list[str]]) -> tuple[int, dict[str, NDArray[Any]]]:
    """Return the rows as the engine gets them: numbers as float64, all else as str and None."""
    length = len(next(iter(columns.values())))
    inputs: dict[str, NDArray[Any]] = {}
    for one in model.program.inputs:
        texts = columns.get(one.name) or columns.get(one.name.replace("_", " "))
        if texts is None:
            continue
        cells = [None if text in MISSING else text for text in texts]
        if one.type in {DataType.DOUBLE, DataType.FLOAT, DataType.INTEGER}:
            inputs[one.name] = np.array([math.nan if cell is None else float(cell) for cell in cells])
        else:
            column = np.empty(length, dtype=object)
            column[:] = cells
            inputs[one.name] = column
    return length, inputs


def differences(triple: Triple, tolerance: float) -> list[str]:
    """Return what is not as expected, field by field; raises what loading raises."""
    columns = table(triple.input)
    if triple.layout == "cpmml":
        return differences_of(triple.pmml, columns, {"prediction": columns["prediction"]}, tolerance)
    return differences_of(triple.pmml, columns, table(triple.expected), tolerance)


def differences_of(
    pmml: Path, columns: dict[str, list[str]], expected: dict[str, list[str]], tolerance: float
) -> list[str]:
    """Return what a model answers otherwise than expected; `prediction` means its predicted value."""
    model = compile_pmml(pmml.read_bytes())
    length, inputs = inputs_of(model, columns)
    result = model.score(length, inputs)
    found: list[str] = []
    for name, texts in expected.items():
        answers = _answers(name, result, model, alone=len(expected) == 1)
        if answers is None:
            found += [f"{name}: not among the outputs {sorted(result.outputs)}"] if _declares(pmml, name) else []
            continue
        wrong = [
            f"row {row + 1}: {text!r} but {answer!r} {result.reasons.get(row, '')}"
            for row, (text, answer) in enumerate(zip(texts, answers.tolist(), strict=True))
            if not same(text, answer, tolerance) or row in result.reasons
        ]
        if wrong:
            found.append(f"{name}: {len(wrong)} of {len(texts)} rows differ, {wrong[0]}")
    return found


def _declares(pmml: Path, name: str) -> bool:
    """Tell whether a model has a field of this name; what its author left in comments nobody can answer."""
    return f'name="{name}"' in re.sub("<!--.*?-->", "", pmml.read_text(), flags=re.DOTALL)


def _answers(name: str, result: Result, model: Model, *, alone: bool) -> NDArray[Any] | None:
    if name in {"prediction", model.program.target}:
        return result.value
    if name in result.outputs:
        return result.outputs[name]
    if name.startswith("probability(") and result.probabilities is not None:
        return result.probabilities[:, result.labels.index(name.removeprefix("probability(").removesuffix(")"))]
    return result.value if alone else None


def same(text: str, answer: object, tolerance: float) -> bool:
    """Tell whether an answer is the expected text: numbers within a relative tolerance, all else exactly."""
    if answer is None or (isinstance(answer, float) and math.isnan(answer)):
        return text in MISSING
    if isinstance(answer, bool):
        return text.lower() == str(answer).lower()
    if isinstance(answer, str):
        return text == answer or (_number(text) is not None and _number(text) == _number(answer))
    wanted = _number(text)
    if wanted is None or not isinstance(answer, int | float):
        return False
    return math.isclose(wanted, answer, rel_tol=tolerance, abs_tol=tolerance)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def outcome(triple: Triple, tolerance: float) -> tuple[str, str]:
    """Return `right`, `refused` or `wrong`, and why."""
    try:
        found = differences(triple, tolerance)
    except ModelRejected as refusal:
        return "refused", str(refusal)
    return ("wrong", "; ".join(found)) if found else ("right", "")
