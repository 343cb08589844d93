"""What a model answered as the numbers and texts of a point; it knows no lines and no times."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def number_of(answer: object) -> float | None:
    """Return an answer as a finite number, that of a text such as `"5"` too; None where it is none."""
    if isinstance(answer, str) and not NUMERAL.fullmatch(answer):
        return None
    if not isinstance(answer, str | int | float | np.number | np.bool_):
        return None
    try:
        number = float(answer)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class Tally:
    """The finite numbers among answers with how often each occurs, shape (n,) both; the texts with how often."""

    values: NDArray[np.float64]
    times: NDArray[np.int64]
    labels: Sequence[tuple[str, int]] = ()


def tally(answers: NDArray[Any], *, classes: bool = False) -> Tally:
    """Count answers, once for each that is different unless they are floats; `classes`: numbers are labels, too."""
    if answers.dtype != object and not classes:
        values = answers.astype(np.float64)
        finite = values[np.isfinite(values)]
        return Tally(finite, np.ones(len(finite), dtype=np.int64))
    counts = Counter(answers.tolist())
    found = [(number, count) for answer, count in counts.items() if (number := number_of(answer)) is not None]
    return Tally(
        np.array([number for number, _ in found], dtype=np.float64),
        np.array([count for _, count in found], dtype=np.int64),
        [
            (_label(answer), count)
            for answer, count in counts.items()
            if isinstance(answer, str) or (classes and number_of(answer) is not None)
        ],
    )


def _label(answer: object) -> str:
    return f"{answer:g}" if isinstance(answer, float) else str(answer)
