"""Python's garbage collector, paused while a document is read and compiled; it frees nothing itself.

Each of its passes walks through all elements, in vain and with every other thread waiting: half of the time that
reading a large document takes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Pauses:
    """Counts who wants the collector paused, the whole process': the last to end restores what the first met."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._lock = Lock()
        self._count = 0
        self._was_enabled = False

    def begin(self) -> None:
        """Pause the collector, or count one more who wants it paused."""
        with self._lock:
            if self._count == 0:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._count += 1

    def end(self) -> None:
        """Count one less; the last one sets the collector going again if it went before."""
        with self._lock:
            self._count -= 1
            if self._count == 0 and self._was_enabled:
                gc.enable()


_PAUSES = Pauses()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector until the block ends, however it ends."""
    _PAUSES.begin()
    try:
        yield
    finally:
        _PAUSES.end()
