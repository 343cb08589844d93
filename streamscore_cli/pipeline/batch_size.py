"""How many records to ask for next, so that no batch takes long, however slow the model; it asks for none itself."""

from __future__ import annotations

TARGET_S = 0.5
"""How long the work on one batch should take at most: polling, commits and stops wait for it."""

TARGET_BYTES = 4 * 1024 * 1024
"""How long the values of one batch should be at most: large records are scored in batches that caches can hold."""

FIRST = 64
"""The size after a change of models, when nothing is known of their cost."""

GROWTH = 4
WEIGHT = 0.5
"""What the last batch counts for in the moving cost of a record."""


class BatchSize:
    """A moving cost of a record makes the size; written and read by the scoring thread only."""

    def __init__(self, most: int) -> None:
        """Never ask for more than `most`."""
        self._most = most
        self._size = min(FIRST, most)
        self._cost_s: float | None = None
        self._record_bytes = 1.0

    @property
    def records(self) -> int:
        """Return how many records the next batch should have at most; at least 1."""
        return self._size

    def begin_anew(self) -> None:
        """Forget the cost: other models answer from now on."""
        self._cost_s = None
        self._size = min(FIRST, self._most)

    def took(self, records: int, seconds: float, record_bytes: float = 1.0) -> None:
        """Take what a batch of `records` cost, and how long one was on average.

        The size grows by at most `GROWTH` a batch and falls at once.
        """
        if not records:
            return
        cost_s = seconds / records
        self._cost_s = cost_s if self._cost_s is None else WEIGHT * cost_s + (1 - WEIGHT) * self._cost_s
        affordable = int(TARGET_S / max(self._cost_s, cost_s, 1e-9))
        self._record_bytes = WEIGHT * record_bytes + (1 - WEIGHT) * self._record_bytes
        held = int(TARGET_BYTES / max(self._record_bytes, record_bytes, 1.0))
        grown = self._size * GROWTH if records >= self._size // 2 else self._size
        self._size = max(1, min(affordable, held, grown, self._most))
