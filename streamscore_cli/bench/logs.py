"""What a run notes while it is measured: when bursts were sent, when which answers came; sums are made afterwards.

Notes are plain arrays: four bytes an answer and sixteen a burst or batch, so that nothing but noting happens between
two records.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.bench.keys import Numbers

Times = NDArray[np.int64]
"""Nanoseconds of the run's one monotonic clock."""

_NS_PER_S = 1_000_000_000


class SendLog:
    """When records were meant to be sent, and when they were; written by the sending thread alone.

    With a rate, record n is meant for `begin + n / rate`, however late the sender is; without one, for the moment at
    which its burst was begun.
    """

    def __init__(self, rate: float | None) -> None:
        """Begin with nothing sent; `rate` is in records a second, None is as fast as it goes."""
        self.rate = rate
        self.begin_ns = 0
        self.first_measured: int | None = None
        self.sent = 0
        self._at = array("q")
        self._ends = array("q")

    def burst(self, at_ns: int, count: int) -> None:
        """Note that the next `count` records were handed over from `at_ns` on."""
        self._at.append(at_ns)
        self.sent += count
        self._ends.append(self.sent)

    def meant_ns(self, number: int) -> int:
        """Return when record `number` is meant to be sent; only for runs with a rate."""
        return self.begin_ns + int(number * (_NS_PER_S / (self.rate or 1)))

    def intended_ns(self, numbers: Numbers) -> Times:
        """Return when these records were meant to be sent."""
        if self.rate is not None:
            return self.begin_ns + (numbers.astype(np.float64) * (_NS_PER_S / self.rate)).astype(np.int64)
        return self.handed_over_ns(numbers)

    def handed_over_ns(self, numbers: Numbers) -> Times:
        """Return when the bursts of these records were begun."""
        bursts = np.searchsorted(_view(self._ends), numbers, side="right")
        found: Times = _view(self._at)[bursts]
        return found

    @property
    def end_ns(self) -> int:
        """Return when the last burst was begun."""
        return self._at[-1] if self._at else self.begin_ns


class ArrivalLog:
    """Which answers came when, in order; written by the receiving thread alone, read by others at any time."""

    def __init__(self) -> None:
        self._numbers = array("I")
        self._at = array("q")
        self._ends = array("q")
        self.foreign = 0

    def batch(self, at_ns: int, numbers: Numbers, foreign: int = 0) -> None:
        """Note the numbers of a batch that had come at `at_ns`, and how many messages in it were not of this run."""
        self.foreign += foreign
        if not len(numbers):
            return
        self._numbers.frombytes(numbers.tobytes())
        self._ends.append(len(self._numbers))
        self._at.append(at_ns)

    def __len__(self) -> int:
        """Return how many answers came, repeated ones too."""
        return len(self._numbers)

    def numbers(self, start: int, stop: int | None = None) -> Numbers:
        """Return the numbers of the answers from place `start` on, in the order they came."""
        return np.array(self._numbers[start:stop], dtype=np.uint32)

    def arrived_ns(self, start: int, stop: int) -> Times:
        """Return when the answers at the places from `start` to before `stop` came."""
        batches = np.searchsorted(_view(self._ends), np.arange(start, stop), side="right")
        found: Times = _view(self._at)[batches]
        return found

    @property
    def last_ns(self) -> int:
        """Return when the last answer came, 0 when none did."""
        return self._at[-1] if self._at else 0

    def places_before(self, at_ns: Sequence[int]) -> list[int]:
        """Return for each moment how many answers had come before it."""
        ends = np.concatenate(([0], _view(self._ends)))
        found: list[int] = ends[np.searchsorted(_view(self._at), at_ns)].tolist()
        return found


def _view(notes: array[int]) -> Times:
    """Return notes of 64 bits without a copy; while the view lives nothing can be noted."""
    return np.frombuffer(notes, dtype=np.int64) if notes else np.empty(0, dtype=np.int64)


class Seen:
    """Which records have an answer; grows with the numbers it is told."""

    def __init__(self) -> None:
        self.flags = np.zeros(1024, dtype=bool)
        self.distinct = 0

    def add(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Mark records; return which of them are new, the first where a number repeats."""
        if not len(numbers):
            return np.zeros(0, dtype=bool)
        needed = int(numbers.max()) + 1
        if needed > len(self.flags):
            grown = np.zeros(max(needed, 2 * len(self.flags)), dtype=bool)
            grown[: len(self.flags)] = self.flags
            self.flags = grown
        new = ~self.flags[numbers]
        first = np.zeros(len(numbers), dtype=bool)
        first[np.unique(numbers, return_index=True)[1]] = True
        new &= first
        self.flags[numbers] = True
        self.distinct += int(new.sum())
        return new

    def union(self, other: Seen) -> int:
        """Return how many records are marked here or there."""
        flags = np.zeros(max(len(self.flags), len(other.flags)), dtype=bool)
        flags[: len(self.flags)] |= self.flags
        flags[: len(other.flags)] |= other.flags
        return int(flags.sum())
