"""How functions of words are computed: each distinct combination of arguments in a batch once; it knows no function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from streamscore_cli.engines.pmml.expressions.functions.function import Call
from streamscore_cli.engines.pmml.expressions.pattern_machine import TooLongError
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType, show_number


def by_cells(
    arguments: Sequence[Cells], compute: Callable[[Sequence[float]], float], call: Call | None = None
) -> Cells:
    """Return the cells that `compute` makes of each distinct combination; what is too long for it fails its rows."""
    unique, places = np.unique(np.stack(list(arguments), axis=1), axis=0, return_inverse=True)
    places = places.reshape(-1)
    cells, failed = np.full(len(unique), math.nan), np.zeros(len(unique), dtype=bool)
    for number, row in enumerate(unique.tolist()):
        try:
            cells[number] = compute(row)
        except TooLongError:
            failed[number] = True
    if call is not None:
        call.fail(failed[places], "a text is too long for what is to be done with it")
    return cells[places]


def by_words(arguments: Sequence[Cells], call: Call, compute: Callable[[Sequence[str]], str]) -> Cells:
    """Return the codes of the words that `compute` makes of each distinct combination; missing becomes ""."""
    words = call.batch.words
    return by_cells(
        arguments, lambda row: words.code(compute([text_of(*pair, call) for pair in _pairs(row, call)])), call
    )


def text_of(cell: float, kind: DataType, call: Call) -> str:
    """Return a cell as Java writes it as a string; missing is ""."""
    if math.isnan(cell):
        return ""
    return call.batch.words.word(cell) if kind is DataType.STRING else show_number(cell, kind)


def _pairs(row: Sequence[float], call: Call) -> Sequence[tuple[float, DataType]]:
    return list(zip(row, call.types, strict=True))
