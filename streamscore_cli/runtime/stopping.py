"""Ctrl-C and SIGTERM as a request that loops look at between two pieces of work; it ends nothing by itself."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the order to end, and the terminal that is closed."""


class StopSignals:
    """A `Stop` that the first of `SIGNALS` requests; the second one acts as it did before, an ignored one not at all.

    Use it as a context manager on the main thread. Waits end at once when a signal comes: the handler writes to a pipe
    that they select on, because Python resumes plain reads and sleeps after a signal.
    """

    def __init__(self, on_request: Callable[[], None] = lambda: None) -> None:
        """Call `on_request` at once when a signal comes, so that its sender sees that it was heard."""
        self._on_request = on_request
        self._requested = False
        self._requested_at_s = 0.0
        self._before: dict[int, Any] = {}
        self._read_end, self._write_end = -1, -1

    @property
    def requested(self) -> bool:
        """Tell whether someone asked to stop."""
        return self._requested

    def requested_for_s(self) -> float:
        """Return how many seconds ago the stop was asked for; 0 when it was not."""
        return time.monotonic() - self._requested_at_s if self._requested else 0.0

    def request(self) -> None:
        """Ask to stop."""
        if not self._requested:
            self._requested_at_s = time.monotonic()
            self._requested = True
            os.write(self._write_end, b"\0")

    def wait(self, seconds: float) -> None:
        """Wait this long, or until someone asks to stop."""
        select.select([self._read_end], [], [], seconds)

    @property
    def descriptor(self) -> int:
        """Return what becomes readable when someone asks to stop, for those who wait for other things too."""
        return self._read_end

    def __enter__(self) -> Self:
        self._read_end, self._write_end = os.pipe()
        heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._on_signal) for number in heard}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()
        os.close(self._read_end)
        os.close(self._write_end)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._restore()
        self._on_request()
        self.request()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
