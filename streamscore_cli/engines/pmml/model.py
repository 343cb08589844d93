"""A compiled model: columns in, answers out; it is data, knows no PMML element and nothing of the project's ports."""

from __future__ import annotations

import numpy as np

from streamscore_cli.engines.pmml.answers import answered
from streamscore_cli.engines.pmml.fast import build_fast
from streamscore_cli.engines.pmml.program import Fast, Inputs, Program, Result
from streamscore_cli.engines.pmml.values.batch import Batch
from streamscore_cli.engines.pmml.values.words import BatchWords, Dictionary


class Model:
    """Scores batches with a program; holds nothing between batches but what it derives from the program at first."""

    def __init__(self, program: Program) -> None:
        """Index the program's words, and build its fast way where there is one."""
        self.program = program
        self._dictionary = Dictionary(program.words)
        self._fast: Fast | None = build_fast(program)

    @np.errstate(all="ignore")
    def score(self, length: int, inputs: Inputs) -> Result:
        """Answer `length` rows.

        `inputs`: by name, float64 (NaN is missing) or object (None is missing), shape (length,); an absent field is
        missing in every row. Rows that fail are named in `Result.reasons`.
        """
        if self._fast is not None:
            return self._fast.score(length, inputs, self.general)
        return self.general(length, inputs)

    def general(self, length: int, inputs: Inputs) -> Result:
        """Answer as `score` does, always the way that all programs can go."""
        program = self.program
        return answered(program, Batch(length, inputs, program.columns, program.models, BatchWords(self._dictionary)))
