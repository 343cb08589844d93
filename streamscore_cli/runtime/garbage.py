"""Keeps the garbage collector out of the way of batches; it frees nothing by itself.

Batches make some ten thousand small objects and drop them again, none of them in a cycle. With the usual thresholds the
collector looks at them several times a batch, which was a tenth of the bare loop's time.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 100_000
"""More than the largest batch leaves alive at a time: cycles are still found, once that many objects have piled up."""


def spare_collections() -> None:
    """Collect once, leave out from now on what is there, and collect only when objects pile up."""
    gc.collect()
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS, middle, old)
