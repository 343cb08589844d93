"""Lines of a pipe or a terminal as they come, and whether another one is there already; it parses none of them."""

from __future__ import annotations

import os
import select
from collections import deque
from typing import Self

READ_BYTES = 1 << 18


class LiveLines:
    """Reads a descriptor that it does not own; ends with it, or when `stop_descriptor` becomes readable."""

    def __init__(self, descriptor: int, stop_descriptor: int | None = None) -> None:
        """Begin; nothing is read yet."""
        self._descriptor = descriptor
        self._stop_descriptor = stop_descriptor
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._ended = False

    def __iter__(self) -> Self:
        """Return the lines themselves."""
        return self

    def __next__(self) -> bytes:
        """Return the next line, after waiting for it; the last one may have no line feed."""
        while not self._lines:
            if self._ended:
                raise StopIteration
            self._read(wait=True)
        return self._lines.popleft()

    def has_line(self) -> bool:
        """Tell whether there is another line now; waits for nothing."""
        if not self._lines and not self._ended:
            self._read(wait=False)
        return bool(self._lines)

    def _read(self, *, wait: bool) -> None:
        watched = [self._descriptor] if self._stop_descriptor is None else [self._descriptor, self._stop_descriptor]
        ready, _, _ = select.select(watched, [], [], None if wait else 0)
        if not ready:
            return
        data = b"" if self._stop_descriptor in ready else os.read(self._descriptor, READ_BYTES)
        if not data:
            self._ended = True
            self._lines.extend([self._rest] if self._rest else [])
            self._rest = b""
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines.extend(line + b"\n" for line in lines)
