"""Spoilt documents of others and our own: each is refused, or compiled and scored; nothing else ever happens."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore_cli.core.errors import ModelRejected
from streamscore_cli.engines.pmml.compile import compile_pmml
from streamscore_cli.engines.pmml.values.types import DataType
from tests.engines.pmml.fuzz.mutations import spoilt_bytes, spoilt_elements

LARGEST = 40_000
ROWS = 5
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def documents(data_dir: Path) -> list[Path]:
    """Return the small documents at hand: our own, and where they are, the original's and the corpus."""
    folders = (data_dir, data_dir.parent.parent / "shared")
    paths = sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*.pmml"))
    return [path for path in paths if path.stat().st_size < LARGEST]


NUMBERS = (math.nan, 0.0, -0.0, 1.0, 2.5, -3.0, 1e308, -1e308, math.inf, -math.inf, 1e-320, 2.0**31, 1e17)
TEXTS = (
    None,
    "",
    "1",
    "a",
    "true",
    "2020-02-30",
    "2020-02-03",
    "12:30:00",
    "NaN",
    "-INF",
    "1e400",
    "\ud800",
    "x" * 300,
)
OBJECTS = (*TEXTS, 0, -5, 10**400, 2**64, True, 1.5, math.nan, np.float32(1.5), np.int64(7), b"by", [1], object())


def column(random: Random, *, number: bool) -> NDArray[Any]:
    """Return values of the kind that is due, or of any other."""
    kind = random.randrange(6)
    if kind < 3 and number:
        return np.array([random.choice(NUMBERS) for _ in range(ROWS)])
    if kind == 3:
        return np.array([random.choice((0, 1, -1, 2**40, -(2**63))) for _ in range(ROWS)])
    if kind == 4:
        return np.array([random.random() < 0.5 for _ in range(ROWS)])
    values = np.empty(ROWS, dtype=object)
    values[:] = [random.choice(OBJECTS if kind == 5 else TEXTS) for _ in range(ROWS)]
    return values


def check(data: bytes, random: Random) -> None:
    """Compile a document; score odd rows with what compiles, together and the first alone."""
    try:
        model = compile_pmml(data)
    except ModelRejected:
        return
    numbers = {DataType.DOUBLE, DataType.FLOAT, DataType.INTEGER}
    inputs = {one.name: column(random, number=one.type in numbers) for one in model.program.inputs}
    result = model.score(ROWS, inputs)
    assert len(result.value) == ROWS
    assert all(len(output) == ROWS for output in result.outputs.values())
    assert all(0 <= row < ROWS and reason for row, reason in result.reasons.items())
    alone = model.score(1, {name: values[:1] for name, values in inputs.items()})
    assert (0 in alone.reasons) == (0 in result.reasons)


@pytest.mark.parametrize("spoil", [spoilt_bytes, spoilt_elements])
@SETTINGS
@given(random=st.randoms(use_true_random=False), place=st.integers(0, 2**16))
def test_spoilt_documents_are_refused_or_scored(
    documents: list[Path], spoil: Callable[[bytes, Random], bytes], random: Random, place: int
) -> None:
    check(spoil(documents[place % len(documents)].read_bytes(), random), random)


@SETTINGS
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ModelRejected):
        compile_pmml(data)
