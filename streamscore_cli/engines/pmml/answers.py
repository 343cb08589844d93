"""From a batch that is being scored to the result its caller sees; who scores it, and which way, is not known here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.program import Program, Result
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.column import Column, Faults, merged
from streamscore_cli.engines.pmml.values.decode import decoded
from streamscore_cli.engines.pmml.values.prediction import PROBABILITY
from streamscore_cli.engines.pmml.values.types import DataType

_AS_THEY_ARE = {DataType.DOUBLE, DataType.FLOAT}


def answered(program: Program, batch: Batch) -> Result:
    """Return what the program answers for the batch's rows."""
    prediction = batch.prediction(program.main)
    value = prediction.value
    faults = value.faults
    outputs = {}
    for answer in program.answers:
        column = batch.column(answer.slot)
        if column.faults is not None:
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
    if column.faults is None or kind in _AS_THEY_ARE:
        return column.values
    return np.where(column.faults != 0, np.nan, column.values)


def _reasons(faults: Faults | None, batch: Batch) -> dict[int, str]:
    if faults is None:
        return {}
    return {row: batch.reasons[int(faults[row]) - 1] for row in np.flatnonzero(faults).tolist()}
