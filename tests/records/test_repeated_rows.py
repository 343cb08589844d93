"""Rows that are the same bytes are found, and no others."""

from __future__ import annotations

import math

import numpy as np
import pytest

from streamscore_cli.records.repeated_rows import alike


@pytest.mark.parametrize("count", [1, 2, 300, 5000])
@pytest.mark.parametrize("distinct", [1, 7, 400, 5000])
@pytest.mark.parametrize("width", [1, 6])
def test_each_row_is_found_among_those_known(count: int, distinct: int, width: int) -> None:
    generator = np.random.default_rng(count + distinct)
    values = [0.0, -0.0, 0.1, 0.5, 1.0, math.nan, math.inf, *generator.uniform(size=9)]
    matrix = generator.choice(values, (distinct, width))[generator.integers(0, distinct, count)]
    known, index = alike(matrix)
    assert matrix[known][index].tobytes() == matrix.tobytes()
    differ = len({row.tobytes() for row in matrix})
    assert differ <= len(known) <= min(count, differ + differ // 2)
