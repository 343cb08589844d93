"""Columns of objects for the tests of both result formats: labels, few and many, and texts that are all different."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def objects(values: list[object]) -> NDArray[np.object_]:
    """Return values as an object column."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def texts(labels: Sequence[str], count: int, dice: random.Random) -> dict[str, list[object]]:
    """Return by kind `count` values: one label, several, none now and then, and long ones that are all different."""
    return {
        "label": [labels[0]] * count,
        "labels": dice.choices(labels, k=count),
        "maybe": dice.choices([None, *labels], k=count),
        "free": ["y" * dice.randrange(300) + str(row) for row in range(count)],
    }
