"""Where the scoring thread leaves what was answered: bounded, never waiting; what becomes of it is others' work."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamscore_cli.core.clock import Clock
from streamscore_cli.records.scored_rows import TimedRows

WAKE_SHARE = 4
"""The reader is woken when one in so many places is taken, so that a burst does not fill the rest."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was answered at `at_ms`; the arrays inside are shared and must not be changed."""

    at_ms: int
    answers: Sequence[TimedRows]


class Intake:
    """A queue of references: the scoring thread adds (`scored`), one other thread takes.

    Each count has one writer, so that nothing needs a lock; `deque` is safe at both ends.
    """

    def __init__(self, most_scores: int, clock: Clock) -> None:
        """Hold at most `most_scores` scores; one batch always fits into an empty queue."""
        self._most = most_scores
        self._wake_at = max(most_scores // WAKE_SHARE, 1)
        self._clock = clock
        self._queue: deque[tuple[int, Observed]] = deque()
        self._added = 0
        self._taken = 0
        self._dropped = 0
        self._full = threading.Event()

    def scored(self, answers: Sequence[TimedRows]) -> None:
        """Take note of answers, or drop and count them when there is no room; returns at once."""
        count = sum(len(part.rows) for part in answers)
        waiting = self._added - self._taken
        if waiting and waiting + count > self._most:
            self._dropped += count
            return
        self._queue.append((count, Observed(self._clock.epoch_ms(), answers)))
        self._added += count
        if waiting + count >= self._wake_at and not self._full.is_set():
            self._full.set()

    def take(self) -> Iterator[Observed]:
        """Yield what is there, oldest first."""
        self._full.clear()
        while self._queue:
            count, observed = self._queue.popleft()
            self._taken += count
            yield observed

    def wait(self, timeout_s: float) -> None:
        """Wait until much is there, or `wake` was called, or the time is over."""
        self._full.wait(timeout_s)

    def wake(self) -> None:
        """End a wait."""
        self._full.set()

    @property
    def offered(self) -> int:
        """Return how many scores were offered since the start."""
        return self._added + self._dropped

    @property
    def dropped(self) -> int:
        """Return how many of them were dropped for want of room."""
        return self._dropped
