"""The properties: the engine answers as the reference does, whatever batch a row is in and however it is scored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.model import Model
from streamscore_cli.engines.pmml.program import Result
from tests.engines.pmml.properties.case import Case, Cell
from tests.engines.pmml.reference.document import parse
from tests.engines.pmml.reference.scorer import Answer, score

SIZES = (1, 2, 17, 300)
_RELATIVE, _ABSOLUTE = 1e-12, 1e-13


def check(case: Case, seed: int = 0) -> None:
    """Check all properties of one case; raises AssertionError with the row, the field and both answers."""
    document = parse(case.document)
    wanted = [score(document, row) for row in case.rows]
    model = compile_pmml(case.document)
    picks = np.random.default_rng(seed)
    batches = [[place] for place in range(len(case.rows))]
    batches += [picks.integers(len(case.rows), size=size).tolist() for size in SIZES[1:]]
    for batch in batches:
        _check_batch(model, case, wanted, batch)


def _check_batch(model: Model, case: Case, wanted: Sequence[Answer], batch: list[int]) -> None:
    inputs = columns([case.rows[place] for place in batch])
    usual = model.score(len(batch), inputs)
    with np.errstate(all="ignore"):
        generally = model.general(len(batch), inputs)
    others = [generally, model.score(len(batch), dict(reversed(inputs.items())))]
    for row, place in enumerate(batch):
        for result in (usual, *others):
            found = difference(result, row, wanted[place])
            way = "as ever" if result is usual else "generally" if result is others[0] else "in another column order"
            assert not found, f"{way}, row {row} of {len(batch)}: {found}\n{case.rows[place]}\n{case.document.decode()}"


def columns(rows: Sequence[dict[str, Cell]]) -> dict[str, NDArray[Any]]:
    """Return rows as the engine gets them: float64 where all cells are numbers or missing, else object."""
    found: dict[str, NDArray[Any]] = {}
    for name in rows[0]:
        cells = [row[name] for row in rows]
        if all(isinstance(cell, float) for cell in cells):
            found[name] = np.array(cells, dtype=np.float64)
        elif not any(isinstance(cell, str) for cell in cells) and any(isinstance(cell, float) for cell in cells):
            found[name] = np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)
        else:
            found[name] = np.empty(len(cells), dtype=object)
            found[name][:] = cells
    return found


def difference(result: Result, row: int, answer: Answer) -> str:
    """Return in what a row's result is not the reference's answer, empty if in nothing."""
    if answer.fault is not None or row in result.reasons:
        both = answer.fault is not None and row in result.reasons
        return "" if both else f"engine fails with {result.reasons.get(row)!r}, reference with {answer.fault!r}"
    given: dict[str, object] = {"value": result.value[row]}
    wanted: dict[str, object] = {"value": answer.value}
    if answer.probabilities is not None and result.probabilities is not None:
        for place, label in enumerate(result.labels):
            given[f"share of {label}"] = result.probabilities[row, place]
            wanted[f"share of {label}"] = answer.probabilities.get(label, 0.0)
    for name, value in answer.outputs.items():
        given[name], wanted[name] = result.outputs[name][row], value
    wrong = [name for name in wanted if not same(given[name], wanted[name])]
    if wrong == ["value"] and answer.rounded and _tied(answer, given["value"], wanted["value"]):
        return ""
    return "; ".join(f"{name}: engine {given[name]!r}, reference {wanted[name]!r}" for name in wrong)


def _tied(answer: Answer, one: object, other: object) -> bool:
    """Tell whether two labels of an ensemble have the same share but for rounding, so that either may win."""
    shares = answer.probabilities or {}
    return str(one) in shares and str(other) in shares and same(shares[str(one)], shares[str(other)])


def same(given: object, wanted: object) -> bool:
    """Tell whether two answers are the same: numbers within 1e-12, all else exactly."""
    if isinstance(given, np.generic):
        given = given.item()
    if _is_missing(given) or _is_missing(wanted):
        return _is_missing(given) and _is_missing(wanted)
    if isinstance(given, int | float) and isinstance(wanted, int | float):
        return math.isclose(given, wanted, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    return given == wanted


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
