"""A compiled model: columns in, answers out; it is data, knows no PMML element and nothing of the project's ports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.fast import build_fast
from streamscore_cli.engines.pmml.program import Fast, Inputs, Program, Result
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column, Faults, merged
from streamscore_cli.engines.pmml.values.decode import decoded
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import DataType
from streamscore_cli.engines.pmml.values.words import Dictionary


class Model:
    """Scores batches with a program; holds nothing between batches but what it derives from the program at first."""

    def __init__(self, program: Program) -> None:
        """Index the program's words, and build its fast way where there is one."""
        self.program = program
        self._dictionary = Dictionary(program.words)
        self._fast: Fast | None = build_fast(program)

    def score(self, length: int, inputs: Inputs) -> Result:
        """Answer `length` rows.

        `inputs`: by name, float64 (NaN is missing) or object (None is missing), shape (length,); an absent field is
        missing in every row. Rows that fail are named in `Result.reasons`.
        """
        with np.errstate(all="ignore"):
            if self._fast is not None:
                return self._fast.score(length, inputs, self.general)
            return self.general(length, inputs)

    def general(self, length: int, inputs: Inputs) -> Result:
        """Answer as `score` does, always the way that all programs can go."""
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
