"""Counts of the last seconds, and the rate they make; the writer adds, a frozen copy is read by others."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_S = 5
"""Whole seconds that a rate looks back on, besides the one that is running."""


@dataclass(frozen=True, slots=True)
class RateWindow:
    """Counts by second of a monotonic clock that started counting at `since_s`; immutable, so any thread may ask."""

    since_s: float = 0.0
    counts: tuple[tuple[int, int], ...] = ()

    def per_second(self, now_s: float) -> float:
        """Return the mean rate over the last seconds before `now_s`; it falls to zero when nothing is added."""
        first = int(now_s) - WINDOW_S
        total = sum(count for second, count in self.counts if second >= first)
        covered = now_s - max(first, self.since_s)
        return total / max(covered, 1.0)


class RateCounter:
    """Adds up counts by second; used by one thread."""

    def __init__(self, since_s: float) -> None:
        """Start at `since_s` of the monotonic clock that `add` is told."""
        self._since_s = since_s
        self._counts: dict[int, int] = {}

    def add(self, now_s: float, count: int) -> None:
        """Add `count` to the second of `now_s`, and forget the seconds that no window needs."""
        second = int(now_s)
        if second not in self._counts:
            oldest = second - WINDOW_S
            self._counts = {kept: value for kept, value in self._counts.items() if kept >= oldest}
            self._counts[second] = 0
        self._counts[second] += count

    def window(self) -> RateWindow:
        """Return what has been counted up to now."""
        return RateWindow(self._since_s, tuple(self._counts.items()))
