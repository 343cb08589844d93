"""How functions of words are computed: each distinct combination of arguments in a batch once; it knows no function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from streamscore_cli.engines.pmml.expressions.functions.function import Call
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType, show_number


def by_cells(arguments: Sequence[Cells], compute: Callable[[Sequence[float]], float]) -> Cells:
    """Return the cells that `compute` makes of each distinct combination of cells."""
    unique, places = np.unique(np.stack(list(arguments), axis=1), axis=0, return_inverse=True)
    cells = [compute(row) for row in unique.tolist()]
    return np.array(cells, dtype=np.float64)[places.reshape(-1)]


def by_words(arguments: Sequence[Cells], call: Call, compute: Callable[[Sequence[str]], str]) -> Cells:
    """Return the codes of the words that `compute` makes of each distinct combination; missing becomes ""."""
    words = call.batch.words
    return by_cells(arguments, lambda row: words.code(compute([text_of(*pair, call) for pair in _pairs(row, call)])))


def text_of(cell: float, kind: DataType, call: Call) -> str:
    """Return a cell as Java writes it as a string; missing is ""."""
    if math.isnan(cell):
        return ""
    return call.batch.words.word(cell) if kind is DataType.STRING else show_number(cell, kind)


def _pairs(row: Sequence[float], call: Call) -> Sequence[tuple[float, DataType]]:
    return list(zip(row, call.types, strict=True))
