"""Functions of strings; each distinct combination of words in a batch is computed once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from streamscore_cli.engines.pmml.expressions.functions.function import Call, Function, OnMissing, Types
from streamscore_cli.engines.pmml.values.column import Cells
from streamscore_cli.engines.pmml.values.types import DataType, show_number


def _one_string(types: Types) -> DataType | None:
    return DataType.STRING if types == (DataType.STRING,) else None


def _anything(types: Types) -> DataType | None:
    plain = {DataType.STRING, DataType.INTEGER, DataType.DOUBLE, DataType.FLOAT, DataType.BOOLEAN}
    return DataType.STRING if set(types) <= plain else None


def by_words(arguments: Sequence[Cells], call: Call, compute: Callable[[Sequence[str]], str]) -> Cells:
    """Return the codes of the words that `compute` makes of each distinct combination; missing becomes ""."""
    unique, places = np.unique(np.stack(list(arguments), axis=1), axis=0, return_inverse=True)
    words = call.batch.words
    codes = [words.code(compute(_texts(row, call))) for row in unique.tolist()]
    return np.array(codes, dtype=np.float64)[places.reshape(-1)]


def _texts(row: list[float], call: Call) -> list[str]:
    return [
        "" if math.isnan(cell) else call.batch.words.word(cell) if kind is DataType.STRING else show_number(cell, kind)
        for cell, kind in zip(row, call.types, strict=True)
    ]


def _word(compute: Callable[[str], str]) -> Function:
    return Function(1, 1, _one_string, lambda a, call: by_words(a, call, lambda texts: compute(texts[0])))


FUNCTIONS: dict[str, Function] = {
    "uppercase": _word(str.upper),
    "lowercase": _word(str.lower),
    "concat": Function(2, None, _anything, lambda a, call: by_words(a, call, "".join), OnMissing.OWN),
}
