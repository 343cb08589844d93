"""Fixtures of the engines' tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engines.wine import read_matrix


@pytest.fixture(scope="session")
def wine(data_dir: Path) -> NDArray[np.float64]:
    """Return the 1,599 red wines, 11 fields each."""
    return read_matrix(data_dir)
