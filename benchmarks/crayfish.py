"""The payload of the Crayfish benchmark (EDBT 2024): 784 floats in a string in a JSON object of about 8 KB."""

from __future__ import annotations

import numpy as np

FLOATS = 784
DISTINCT = 256
SEED = 11


def payloads() -> list[bytes]:
    """Return different records; the floats are written as float32 need it, with a comma behind the last."""
    draw = np.random.default_rng(SEED)
    return [_payload(draw.random(FLOATS, dtype=np.float32)) for _ in range(DISTINCT)]


def _payload(numbers: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    text = "".join(f"{number!s}," for number in numbers)
    sizes = f'"dataPointSz1": 1, "dataPointSz2": {FLOATS}'
    return f'{{"creationTimestamp": 1790000000000, {sizes}, "dataPoint": "{text}", "prediction": null}}'.encode()
