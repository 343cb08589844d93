"""Lines that wait to be written: bounded, from the thread that makes them to the one that writes; it sends nothing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple


class Line(NamedTuple):
    """One point, and how many scores are lost if it is: 1, all those of an aggregate, 0 of what tells them again."""

    text: bytes
    scores: int


class Outbox:
    """A queue of lines; one thread puts, one takes."""

    def __init__(self, most_lines: int) -> None:
        """Hold at most `most_lines` lines; points a score leave a tenth of it to the aggregates."""
        self._most = most_lines
        self._most_raw = most_lines - most_lines // 10
        self._lines: deque[Line] = deque()
        self._filled = threading.Event()

    def __len__(self) -> int:
        """Return how many lines wait."""
        return len(self._lines)

    def put(self, lines: Sequence[Line], *, raw: bool = False) -> int:
        """Add lines as far as there is room; return how many scores were lost with the others."""
        room = max((self._most_raw if raw else self._most) - len(self._lines), 0)
        self._lines.extend(lines[:room])
        if lines:
            self._filled.set()
        return sum(line.scores for line in lines[room:])

    def take(self, most: int) -> list[Line]:
        """Return the oldest lines, at most `most`; may return none."""
        self._filled.clear()
        taken = [self._lines.popleft() for _ in range(min(most, len(self._lines)))]
        if self._lines:
            self._filled.set()
        return taken

    def wait(self, timeout_s: float) -> None:
        """Wait until there are lines, or `wake` was called, or the time is over."""
        self._filled.wait(timeout_s)

    def wake(self) -> None:
        """End a wait."""
        self._filled.set()
