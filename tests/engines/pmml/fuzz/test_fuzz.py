"""Spoilt documents of others and our own: each is refused, or compiled and scored; nothing else ever happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def check(data: bytes) -> None:
    """Compile a document; score odd rows with what compiles."""
    try:
        model = compile_pmml(data)
    except ModelRejected:
        return
    inputs = {}
    for one in model.program.inputs:
        if one.type in {DataType.DOUBLE, DataType.FLOAT, DataType.INTEGER}:
            inputs[one.name] = np.array([np.nan, 0.0, 1.0, -1e300, np.inf])
        else:
            inputs[one.name] = np.array([None, "", "1", "2020-02-30", "true"], dtype=object)
    result = model.score(ROWS, inputs)
    assert len(result.value) == ROWS
    assert all(0 <= row < ROWS and reason for row, reason in result.reasons.items())


@pytest.mark.parametrize("spoil", [spoilt_bytes, spoilt_elements])
@SETTINGS
@given(random=st.randoms(use_true_random=False), place=st.integers(0, 2**16))
def test_spoilt_documents_are_refused_or_scored(
    documents: list[Path], spoil: Callable[[bytes, Random], bytes], random: Random, place: int
) -> None:
    check(spoil(documents[place % len(documents)].read_bytes(), random))


@SETTINGS
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ModelRejected):
        compile_pmml(data)
