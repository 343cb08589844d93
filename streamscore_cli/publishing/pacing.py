"""When the next message is due, in an open loop; it sends nothing and stops nothing.

Due times are fixed when a run starts: the nth message is due at `start + n * interval`, however long the ones before
it took, so that a slow broker shows as a late message and not as a lower rate. Fast rates go in small bursts.
"""

from __future__ import annotations

import math
from typing import Protocol

from streamscore_cli.config.durations import parse_duration
from streamscore_cli.core.clock import Clock
from streamscore_cli.core.errors import UsageProblem

UNPACED_BURST = 1_000
"""How many messages a burst has when there is no interval, and at most: between bursts, stops are looked at."""

SHORTEST_WAIT_S = 0.000_5
"""No wait is shorter, so that high rates go in bursts instead of spinning."""

_ROUNDING_TICKS = 1e-6


class Stop(Protocol):
    """Tells that someone asked to stop, and waits in a way that notices it."""

    @property
    def requested(self) -> bool:
        """Tell whether someone asked to stop."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait this long, or until someone asks to stop."""
        ...


class Metronome:
    """Counts what is due at one interval; used by one thread."""

    def __init__(self, interval_s: float, clock: Clock) -> None:
        """Start now: the first message is due at once; an interval of 0 means as fast as it goes."""
        self._interval_s = interval_s
        self._clock = clock
        self._start_s = clock.monotonic_s()
        self._taken = 0

    @property
    def taken(self) -> int:
        """Return how many messages were sent."""
        return self._taken

    def due(self) -> int:
        """Return how many messages are due now, at most one burst."""
        if self._interval_s <= 0:
            return UNPACED_BURST
        ticks = math.floor(self._elapsed_s() / self._interval_s + _ROUNDING_TICKS) + 1
        return max(0, min(ticks - self._taken, UNPACED_BURST))

    def take(self, count: int) -> None:
        """Say that `count` messages were sent."""
        self._taken += count

    def wait_s(self) -> float:
        """Return the seconds until the next message is due; 0 when one is due."""
        if self._interval_s <= 0:
            return 0.0
        return max(0.0, self._taken * self._interval_s - self._elapsed_s())

    def _elapsed_s(self) -> float:
        return self._clock.monotonic_s() - self._start_s


def interval_s_of(interval: str | None, rate: float | None, default_s: float) -> float:
    """Return the seconds from message to message that an interval or a rate a second means, else the default.

    Raises `UsageProblem` for both at once and for a rate that is none, `SettingsError` for what is no duration.
    """
    if interval is not None and rate is not None:
        raise UsageProblem("--interval and --rate say the same thing twice.", "Give one of them.")
    if rate is not None:
        if not rate > 0:
            raise UsageProblem(f"--rate is {rate:g}; it must be above 0.", "Leave it out to go as fast as it goes.")
        return 1 / rate
    return default_s if interval is None else parse_duration(interval)


def wait_for(metronomes: tuple[Metronome, ...], stop: Stop) -> None:
    """Wait until a message of one of them is due, or a stop is asked for."""
    seconds = min(metronome.wait_s() for metronome in metronomes)
    if seconds > 0:
        stop.wait(max(seconds, SHORTEST_WAIT_S))
