"""One question to the process that compiles, and its answer, through pipes; what either means is not known here."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable
from typing import IO

import numpy as np

from streamscore_cli.engines.compile_wire import ANSWER, MODEL, MOST_REFUSAL_BYTES, REFUSAL

LOOK_S = 0.1
"""How often one looks at the clock and whether to stop."""

_PIECE = 1 << 20
_MOST_COMPLAINTS = 500


class Ended(Exception):
    """The process ended, or closed its pipes, before it had answered; `complaints`: the end of what it printed."""

    def __init__(self, complaints: str) -> None:
        """Keep what it printed."""
        super().__init__(complaints)
        self.complaints = complaints


class Late(Exception):
    """There was no answer in time."""


class Garbled(Exception):
    """What came is no answer."""


class Stopped(Exception):
    """Nobody wants the answer any more."""


class Talk:
    """Writes, reads and looks at the clock in turns; moves pieces between pipe and memory without holding the GIL."""

    def __init__(
        self, process: subprocess.Popen[bytes], question: Iterable[bytes | memoryview], most_bytes: int
    ) -> None:
        """Take the process, the parts of the question, and how large an answer may be."""
        self._process = process
        self._waiting = [memoryview(part) for part in question if part]
        self._most_bytes = most_bytes
        self._kind = b""
        self._header = bytearray()
        self._body: memoryview | None = None
        self._filled = 0
        self._complaints = b""

    def answer(self, deadline_s: float, stopping: Callable[[], bool]) -> tuple[bytes, memoryview]:
        """Return the kind and the bytes of the answer; raises `Ended`, `Late`, `Garbled` or `Stopped`."""
        with selectors.DefaultSelector() as selector:
            selector.register(_pipe(self._process.stdin), selectors.EVENT_WRITE, self._write)
            selector.register(_pipe(self._process.stdout), selectors.EVENT_READ, self._read)
            selector.register(_pipe(self._process.stderr), selectors.EVENT_READ, self._listen)
            while self._body is None or self._filled < len(self._body):
                if stopping():
                    raise Stopped
                if time.monotonic() >= deadline_s:
                    raise Late
                for key, _ in selector.select(LOOK_S):
                    if not key.data(key.fd):
                        selector.unregister(key.fd)
        if self._waiting and self._kind == MODEL:
            raise Garbled
        return self._kind, self._body

    def _write(self, pipe: int) -> bool:
        """Write a piece; return whether there is more."""
        try:
            written = os.write(pipe, self._waiting[0][:_PIECE])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False  # the other pipe tells how it ended
        self._waiting[0] = self._waiting[0][written:]
        if not self._waiting[0]:
            del self._waiting[0]
        return bool(self._waiting)

    def _read(self, pipe: int) -> bool:
        if self._body is None:
            data = os.read(pipe, ANSWER.size - len(self._header))
            self._header += data
            if len(self._header) == ANSWER.size:
                self._begin()
            count = len(data)
        else:
            count = os.readv(pipe, [self._body[self._filled : self._filled + _PIECE]])
            self._filled += count
        if not count:
            self._hear_all()
            raise Ended(self._complaints.decode("utf-8", "replace").strip()[-_MOST_COMPLAINTS:])
        return True

    def _begin(self) -> None:
        self._kind, size = ANSWER.unpack(self._header)
        most = {MODEL: self._most_bytes, REFUSAL: MOST_REFUSAL_BYTES}.get(self._kind, 0)
        if not 0 < size <= most:
            raise Garbled
        self._body = np.empty(size, dtype=np.uint8).data  # not zeroed first, as a bytearray would be

    def _listen(self, pipe: int) -> bool:
        try:
            data = os.read(pipe, 1 << 16)
        except BlockingIOError:
            return True
        self._complaints = (self._complaints + data)[-4 * _MOST_COMPLAINTS :]
        return bool(data)

    def _hear_all(self) -> None:
        """Read what was printed before the end, as far as it is there."""
        pipe = _pipe(self._process.stderr)
        before = None
        while self._complaints != before:
            before = self._complaints
            self._listen(pipe)


def _pipe(stream: IO[bytes] | None) -> int:
    return -1 if stream is None else stream.fileno()
