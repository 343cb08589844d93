"""The rows of a ModelVerification and the comparison with answers; who scores them is decided by the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.document.element import Element, child, number, parse_number, required
from streamscore_cli.engines.pmml.document.grammar import Shapes, shape
from streamscore_cli.engines.pmml.values.types import to_float32

_TRUTHS = {"true": True, "false": False, "1": True, "0": False}

SHAPES: Shapes = {
    "ModelVerification": shape("", "VerificationFields InlineTable", "recordCount fieldCount"),
    "VerificationFields": shape("", "VerificationField"),
    "VerificationField": shape("field column precision zeroThreshold"),
    "InlineTable": shape("", "", inert="row"),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One field of the rows: texts (None: missing) and how near an answer must be."""

    name: str
    texts: tuple[str | None, ...]
    precision: float
    zero: float
    element: Element


def verification_of(model: Element) -> tuple[Checked, ...]:
    """Return the fields of a model's ModelVerification; none where it has none."""
    element = model.find("ModelVerification")
    if element is None:
        return ()
    rows = [{cell.tag: cell.text for cell in row.children} for row in child(element, "InlineTable").all("row")]
    fields = child(element, "VerificationFields").all("VerificationField")
    return tuple(_checked(field, rows) for field in fields)


def compare(
    fields: tuple[Checked, ...], answers: Mapping[str, NDArray[Any]], singles: frozenset[str] = frozenset()
) -> None:
    """Raise `ModelRejected` naming the first field and row where an answer is not as the document says.

    `singles`: the fields of type float, of which the document's numbers are rounded to 32 bits, too.
    """
    for field in fields:
        if field.name not in answers:
            continue
        fit = to_float32 if field.name in singles else float
        for row, (expected, found) in enumerate(zip(field.texts, answers[field.name].tolist(), strict=True)):
            if not _agree(expected, found, field, fit):
                raise ModelRejected(
                    f"The model does not pass its own verification: {field.element}, field {field.name!r},"
                    f" row {row + 1}: expected {expected!r:.60}, got {found!r:.60}."
                )


def _checked(field: Element, rows: list[dict[str, str]]) -> Checked:
    name = required(field, "field")
    column = (field.get("column") or name).rpartition(":")[2]
    texts = tuple(row.get(column) for row in rows)
    return Checked(name, texts, number(field, "precision", 1e-6), number(field, "zeroThreshold", 1e-16), field)


def _agree(expected: str | None, found: object, field: Checked, fit: Callable[[float], float]) -> bool:
    if expected is None or found is None:
        return expected is None or (found is None and expected == "")
    if isinstance(found, bool | np.bool_):
        return _TRUTHS.get(expected.strip().lower()) is bool(found)
    if isinstance(found, str):
        return expected == found or expected.strip() == found
    wanted = parse_number(expected)
    if wanted is None or not isinstance(found, int | float):
        return False
    return _near(fit(wanted), float(found), field)


def _near(wanted: float, found: float, field: Checked) -> bool:
    """Compare as the specification says: by ratio, except where the wanted value is about zero."""
    if abs(wanted) <= field.zero:
        return abs(found) <= field.zero
    low, high = sorted((wanted * (1 - field.precision), wanted * (1 + field.precision)))
    return low <= found <= high
