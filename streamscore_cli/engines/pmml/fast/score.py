"""Plain rows the fast way, odd rows the general way, and their answers put together; it computes none of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.engines.pmml.answers import answered
from streamscore_cli.engines.pmml.fast.gate import Gate
from streamscore_cli.engines.pmml.fast.plain import Frame, PlainBatch
from streamscore_cli.engines.pmml.program import General, Inputs, Program, Result
from streamscore_cli.engines.pmml.values.batch import Predicts
from streamscore_cli.engines.pmml.values.column import Flags
from streamscore_cli.engines.pmml.values.prediction import Matrix

_MOSTLY_ODD = 0.75


class PlainFirst:
    """Scores a program with faster models in the place of its own wherever the rows allow it."""

    __slots__ = ("_frame", "_gate", "_program")

    def __init__(self, program: Program, models: tuple[Predicts, ...], gate: Gate) -> None:
        """Take the faster models, by the numbers of the program's."""
        self._program = program
        self._gate = gate
        self._frame = Frame(program.columns, models, gate.places, gate.words)

    def score(self, length: int, inputs: Inputs, general: General) -> Result:
        """Answer `length` rows; rows (or batches) that are odd are given to `general`."""
        matrix = self._gate.read(inputs) if length else None
        if matrix is None or matrix.shape[1] != length:
            return general(length, inputs)
        odd = self._gate.odd(matrix)
        if odd is None:
            return self._plain(matrix, inputs)
        count = int(np.count_nonzero(odd))
        if count > _MOSTLY_ODD * length:
            return general(length, inputs)
        others = general(count, {name: array[odd] for name, array in inputs.items()})
        plain = self._plain(matrix[:, ~odd], {name: array[~odd] for name, array in inputs.items()})
        return _joined(odd, others, plain)

    def _plain(self, matrix: Matrix, inputs: Inputs) -> Result:
        return answered(self._program, PlainBatch(self._frame, matrix, inputs))


def _joined(odd: Flags, others: Result, plain: Result) -> Result:
    probabilities = None
    if others.probabilities is not None and plain.probabilities is not None:
        probabilities = np.empty((len(odd), plain.probabilities.shape[1]))
        probabilities[odd], probabilities[~odd] = others.probabilities, plain.probabilities
    reasons = {}
    for result, rows in ((others, np.flatnonzero(odd)), (plain, np.flatnonzero(~odd))):
        reasons.update({int(rows[row]): reason for row, reason in result.reasons.items()})
    return Result(
        _placed(odd, others.value, plain.value),
        plain.labels,
        probabilities,
        {name: _placed(odd, others.outputs[name], plain.outputs[name]) for name in plain.outputs},
        dict(sorted(reasons.items())),
    )


def _placed(odd: Flags, others: NDArray[Any], plain: NDArray[Any]) -> NDArray[Any]:
    kind = plain.dtype if plain.dtype == others.dtype else np.dtype(object)
    result = np.empty(len(odd), dtype=kind)
    result[odd], result[~odd] = others, plain
    return result
