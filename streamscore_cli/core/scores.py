"""What a model answered for a batch; it holds answers in the model's types and encodes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.core.failures import Failure


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers for n rows.

    `result`: shape (n,), the label or value: float64 (NaN = the model gave none), int64, bool, or object of str, int,
    float, bool and None. `labels` and `probabilities` (float64, shape (n, len(labels))) go together; a regression has
    neither. `outputs`: every further declared output, shape (n,), types as `result`. `failures` name rows of this batch
    (0 .. n - 1) that could not be scored; their cells in the arrays mean nothing.
    """

    result: NDArray[Any]
    labels: tuple[str, ...] = ()
    probabilities: NDArray[np.float64] | None = None
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows, the failed ones included."""
        return len(self.result)

    def take(self, rows: NDArray[np.intp]) -> Scores:
        """Return the answers at `rows`, without failures; all rows, in order, cost nothing."""
        if len(rows) == len(self):
            return Scores(self.result, self.labels, self.probabilities, self.outputs)
        return Scores(
            self.result[rows],
            self.labels,
            None if self.probabilities is None else self.probabilities[rows],
            {name: array[rows] for name, array in self.outputs.items()},
        )
