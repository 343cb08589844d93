"""A compiled model: columns in, answers out; it is data, knows no PMML element and nothing of the project's ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.values.batch import Batch, Computes, Predicts
from streamscore_cli.engines.pmml.values.column import Column, Faults, merged
from streamscore_cli.engines.pmml.values.decode import decoded
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY, Matrix
from streamscore_cli.engines.pmml.values.types import DataType
from streamscore_cli.engines.pmml.values.words import Dictionary


@dataclass(frozen=True, slots=True)
class InputField:
    """A field that the caller gives."""

    name: str
    type: DataType


@dataclass(frozen=True, slots=True)
class Answer:
    """A declared output: a column under a name."""

    name: str
    slot: int
    type: DataType


@dataclass(frozen=True, slots=True)
class Program:
    """All that a compiled model is: its columns and models by number, its words, its inputs and its answers."""

    columns: tuple[Computes, ...]
    models: tuple[Predicts, ...]
    words: tuple[str, ...]
    inputs: tuple[InputField, ...]
    main: int
    type: DataType
    labels: tuple[str, ...]
    has_probabilities: bool
    answers: tuple[Answer, ...]
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a model answers for n rows: see `core.scores.Scores`; `reasons` says by row why it could not be scored."""

    value: NDArray[Any]
    labels: tuple[str, ...]
    probabilities: Matrix | None
    outputs: Mapping[str, NDArray[Any]]
    reasons: Mapping[int, str] = field(default_factory=dict)


class Model:
    """Scores batches with a program; holds nothing between batches but the index of its words."""

    def __init__(self, program: Program) -> None:
        """Index the program's words."""
        self.program = program
        self._dictionary = Dictionary(program.words)

    def score(self, length: int, inputs: Mapping[str, NDArray[Any]]) -> Result:
        """Answer `length` rows.

        `inputs`: by name, float64 (NaN is missing) or object (None is missing), shape (length,); an absent field is
        missing in every row. Rows that fail are named in `Result.reasons`.
        """
        program = self.program
        batch = Batch(length, inputs, program.columns, program.models, self._dictionary)
        prediction = batch.prediction(program.main)
        value = prediction.value
        faults = value.faults
        outputs = {}
        for answer in program.answers:
            column: Column = batch.column(answer.slot)
            faults = merged((faults, column.faults))
            outputs[answer.name] = decoded(_usable(column, answer.type), answer.type, batch.words)
        return Result(
            decoded(_usable(value, program.type), program.type, batch.words),
            program.labels if program.has_probabilities else (),
            prediction.distributions[PROBABILITY] if program.has_probabilities else None,
            outputs,
            _reasons(faults, batch),
        )


def _usable(column: Column, kind: DataType) -> NDArray[np.float64]:
    """Return the cells, with NaN where they could not be decoded."""
    if column.faults is None or kind in {DataType.DOUBLE, DataType.FLOAT}:
        return column.values
    return np.where(column.faults != 0, np.nan, column.values)


def _reasons(faults: Faults | None, batch: Batch) -> dict[int, str]:
    if faults is None:
        return {}
    return {row: batch.reasons[int(faults[row]) - 1] for row in np.flatnonzero(faults).tolist()}
