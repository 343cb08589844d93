"""What PMML4S gives for a batch as `Scores`; it decides which output is the answer and computes none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.scores import Scores
from streamscore_cli.core.signature import Field, FieldType
from streamscore_cli.engines.jvm import Java
from streamscore_cli.engines.jvm_batch import BatchRunner, JavaRows

_TYPES = {
    "double": FieldType.DOUBLE,
    "real": FieldType.DOUBLE,
    "float": FieldType.FLOAT,
    "integer": FieldType.INTEGER,
    "boolean": FieldType.BOOLEAN,
}
_MISSING_LONG = float(np.iinfo(np.int64).min)  # what PMML4S makes of a missing integer
_PREDICTED, _PROBABILITY = "predictedValue", "probability"


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One output: its field and its place among the outputs of a row."""

    field: Field
    place: int


@dataclass(frozen=True, slots=True)
class OutputLayout:
    """Which of `width` outputs are what: the answer, the probabilities (one a class, or none), the further declared."""

    width: int
    result: OutputColumn
    classes: tuple[object, ...]
    labels: tuple[str, ...]
    probabilities: tuple[int, ...]
    outputs: tuple[OutputColumn, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the outputs for a signature."""
        chances = tuple(Field(f"probability({label})", FieldType.DOUBLE) for label in self.labels)
        return (self.result.field, *(chances if self.probabilities else ()), *(item.field for item in self.outputs))


def field_type(java_type: Java) -> FieldType:
    """Return our type for a PMML data type; dates and times are strings."""
    return _TYPES.get(str(java_type), FieldType.STRING)


def layout_of(model: Java) -> OutputLayout | None:
    """Find the answer, the probabilities and the declared outputs of a model; None if it answers nothing.

    A model with an Output element gives what that names and nothing else, so the model is told to give the rest too.
    """
    declared = {str(item.name()) for item in model.outputFields()} if model.output().isDefined() else set()
    model.setSupplementOutput(True)
    found = list(enumerate(model.outputFields()))
    if not found:
        return None
    result = next((pair for pair in found if str(pair[1].feature()) == _PREDICTED), found[0])
    classes = [(str(item.toString()), item.toVal()) for item in model.classes()]
    chances = {str(i.value().get().toString()): place for place, i in found if _is_class_probability(i)}
    used = {result[0]}
    probabilities: tuple[int, ...] = ()
    if classes and all(label in chances for label, _ in classes):
        probabilities = tuple(chances[label] for label, _ in classes)
        used |= set(probabilities)
    further = [(place, item) for place, item in found if place not in used and _is_wanted(item, declared)]
    return OutputLayout(
        width=len(found),
        result=_column(*result, name=str(model.targetName() or result[1].name())),
        classes=tuple(value for _, value in classes),
        labels=tuple(label for label, _ in classes) if probabilities else (),
        probabilities=probabilities,
        outputs=tuple(_column(place, item, name=str(item.name())) for place, item in further),
    )


def _is_class_probability(item: Java) -> bool:
    return str(item.feature()) == _PROBABILITY and bool(item.value().isDefined())


def _is_wanted(item: Java, declared: set[str]) -> bool:
    """Tell whether to give an output: those declared, or where nothing is, all but the winner's probability."""
    return str(item.name()) in declared if declared else str(item.feature()) != _PROBABILITY


def _column(place: int, item: Java, *, name: str) -> OutputColumn:
    return OutputColumn(Field(name, field_type(item.dataType())), place)


class OutputReader:
    """Reads the rows of one model into `Scores`."""

    def __init__(self, runner: BatchRunner, layout: OutputLayout) -> None:
        self._runner = runner
        self._layout = layout
        self._place_at = runner.place_at(layout.result.place, layout.classes) if layout.classes else None
        self._label_values = _array(layout.classes)

    def read(self, rows: JavaRows) -> Scores:
        """Return the answers of rows, of which none may be a Throwable."""
        layout = self._layout
        table = self._runner.table(rows, layout.width)
        return Scores(
            self._result(rows, table),
            layout.labels,
            table[:, layout.probabilities] if layout.probabilities else None,
            {item.field.name: self._values(rows, table, item) for item in layout.outputs},
        )

    def _result(self, rows: JavaRows, table: NDArray[np.float64]) -> NDArray[Any]:
        if self._place_at is None:
            return self._values(rows, table, self._layout.result)
        places = self._runner.places(rows, self._place_at)
        answers = self._label_values[places]
        if (places < 0).any():
            answers = answers.astype(object)
            answers[places < 0] = None
        return answers

    def _values(self, rows: JavaRows, table: NDArray[np.float64], item: OutputColumn) -> NDArray[Any]:
        if not item.field.type.is_numeric:
            return _array([_plain(value) for value in self._runner.objects(rows, item.place)])
        numbers = table[:, item.place].copy()
        return _whole(numbers) if item.field.type is FieldType.INTEGER else numbers


def _whole(numbers: NDArray[np.float64]) -> NDArray[Any]:
    """Return int64, object with None where some are missing, or the numbers themselves if they are not whole."""
    missing = np.isnan(numbers) | (numbers <= _MISSING_LONG)
    known = numbers[~missing]
    if not np.array_equal(np.trunc(known), known):
        return np.where(missing, np.nan, numbers)
    if not missing.any():
        return numbers.astype(np.int64)
    answers = np.full(len(numbers), None, dtype=object)
    answers[~missing] = known.astype(np.int64).tolist()
    return answers


def _array(values: Sequence[object]) -> NDArray[Any]:
    """Return values of one type as int64, float64 or bool, anything else as object."""
    plain = [_plain(value) for value in values]
    kinds = {type(value) for value in plain}
    if len(kinds) == 1 and kinds <= {int, float, bool}:
        return np.array(plain)
    array = np.empty(len(plain), dtype=object)
    array[:] = plain
    return array


def _plain(value: Java) -> object:
    """Return a Java number, boolean or string as Python's own."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if "Boolean" in type(value).__name__:
        return bool(value)
    return str(value)
