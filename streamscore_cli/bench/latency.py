"""Latencies counted as HdrHistogram counts them, to three digits, a whole batch at a time; it knows no clock.

Bucket layout and the value that stands for a bucket are HdrHistogram's (2,048 sub-buckets, lowest value 1):
https://hdrhistogram.github.io/HdrHistogram/. The histogram of `state/` has 32, enough for a live view and no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF = 1024
"""Buckets an octave: values are kept to one part in 1,024."""

OCTAVES = 43
LARGEST_NS = (1 << (OCTAVES + 10)) - 1

PERCENTS = (50.0, 90.0, 99.0, 99.9)
CURVE = (0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999, 100.0)
"""The points of a curve, as far as there are records for them."""

_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What a number of durations came to, in milliseconds; `curve` are pairs of a percentile and its value."""

    count: int
    min: float
    mean: float
    p50: float
    p90: float
    p99: float
    p99_9: float
    max: float
    curve: tuple[tuple[float, float], ...]


class LatencyHistogram:
    """Counts nanoseconds from 0 to 2**53; what is outside counts as the nearest."""

    def __init__(self) -> None:
        self.counts = np.zeros(HALF * (OCTAVES + 1), dtype=np.int64)
        self.total = 0
        self.count = 0
        self.minimum = LARGEST_NS
        self.maximum = 0

    def add(self, values: NDArray[np.int64]) -> None:
        """Count a batch of nanoseconds, shape (n,)."""
        if not len(values):
            return
        kept = np.clip(values, 0, LARGEST_NS)
        _, exponents = np.frexp(kept.astype(np.float64))
        shifts = np.maximum(exponents.astype(np.int64) - 11, 0)
        self.counts += np.bincount((kept >> shifts) + shifts * HALF, minlength=len(self.counts))
        self.count += len(kept)
        self.total += int(kept.sum())
        self.minimum = min(self.minimum, int(kept.min()))
        self.maximum = max(self.maximum, int(kept.max()))

    def merge(self, other: LatencyHistogram) -> None:
        """Count what another histogram has counted."""
        self.counts += other.counts
        self.total += other.total
        self.count += other.count
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)

    def percentile_ns(self, percent: float) -> int:
        """Return the value at or below which `percent` of the values lie (nearest rank), 0 when there are none."""
        if not self.count:
            return 0
        rank = min(max(math.ceil(percent / 100 * self.count - 1e-6), 1), self.count)
        if rank == 1:
            return self.minimum
        place = int(np.searchsorted(np.cumsum(self.counts), rank))
        shift = max(place // HALF - 1, 0)
        return min(((place - shift * HALF + 1) << shift) - 1, self.maximum)

    def summary(self) -> Percentiles | None:
        """Return the percentiles in milliseconds; None when nothing was counted."""
        if not self.count:
            return None
        p50, p90, p99, p99_9 = (self.percentile_ns(percent) / _NS_PER_MS for percent in PERCENTS)
        return Percentiles(
            count=self.count,
            min=self.minimum / _NS_PER_MS,
            mean=self.total / self.count / _NS_PER_MS,
            p50=p50,
            p90=p90,
            p99=p99,
            p99_9=p99_9,
            max=self.maximum / _NS_PER_MS,
            curve=self._curve(),
        )

    def _curve(self) -> tuple[tuple[float, float], ...]:
        told = [percent for percent in CURVE if percent == CURVE[-1] or self.count * (1 - percent / 100) >= 1]
        return tuple((percent, self.percentile_ns(percent) / _NS_PER_MS) for percent in told)
