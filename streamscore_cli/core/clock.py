"""Time as a port, so that nothing reads a clock behind a test's back; it schedules nothing."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Reads time; durations come from `monotonic_s` or `perf_ns` only, dates from `epoch_ms` only."""

    def monotonic_s(self) -> float:
        """Return seconds of a clock that never goes back."""
        ...

    def perf_ns(self) -> int:
        """Return nanoseconds of the finest clock, for durations."""
        ...

    def epoch_ms(self) -> int:
        """Return milliseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def monotonic_s(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    def perf_ns(self) -> int:
        """Return `time.perf_counter_ns()`."""
        return time.perf_counter_ns()

    def epoch_ms(self) -> int:
        """Return `time.time_ns()` in whole milliseconds."""
        return time.time_ns() // 1_000_000
