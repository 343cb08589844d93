"""A log-linear histogram of durations as an immutable value, and its builder; it knows no clock and no unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUB_BUCKETS = 32
"""Buckets an octave: a bucket is at most 1/32 (3.1 %) of its values wide, its middle at most 1.6 % away from them."""

OCTAVES = 42
"""From 1 to 2**42 - 1: an hour in microseconds with much to spare, and more than an hour in nanoseconds."""

BUCKETS = SUB_BUCKETS * OCTAVES
SMALLEST = 1
LARGEST = (1 << OCTAVES) - 1

# The upper bits of a float64 are its exponent and the leading bits of its mantissa: shifted, they number the buckets.
_SHIFT = 52 - int(math.log2(SUB_BUCKETS))
_FIRST = 1023 * SUB_BUCKETS

Counts = NDArray[np.int64]


def _no_counts() -> Counts:
    counts = np.zeros(BUCKETS, dtype=np.int64)
    counts.flags.writeable = False
    return counts


def _lower_bound(bucket: int) -> float:
    octave, part = divmod(bucket, SUB_BUCKETS)
    return float(1 << octave) * (1 + part / SUB_BUCKETS)


def _middle(bucket: int) -> int:
    """Return the middle of the integers of a bucket; one narrower than 1 holds at most one integer."""
    first = math.ceil(_lower_bound(bucket))
    last = math.ceil(_lower_bound(bucket + 1)) - 1
    return (first + max(first, last)) // 2


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of integers from 1 to 2**42 - 1 (what is outside counts as the nearest), with a relative error of 1.6 %.

    `minimum`, `maximum` and `total` (the sum) are exact; all three are 0 while nothing is counted.
    """

    counts: Counts = field(default_factory=_no_counts)
    count: int = 0
    minimum: int = 0
    maximum: int = 0
    total: int = 0

    @classmethod
    def of(cls, values: Sequence[int] | NDArray[np.int64]) -> Histogram:
        """Count `values`."""
        builder = HistogramBuilder()
        builder.add(np.asarray(values, dtype=np.int64))
        return builder.build()

    def percentile(self, percent: float) -> int:
        """Return the value at or below which `percent` of the values lie (nearest rank), 0 when there are none."""
        if not self.count:
            return 0
        rank = min(max(math.ceil(percent * self.count / 100), 1), self.count)
        if rank in {1, self.count}:
            return self.minimum if rank == 1 else self.maximum
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank))
        return min(max(_middle(bucket), self.minimum), self.maximum)

    def up_to(self, bounds: Sequence[int]) -> list[int]:
        """Return for each of the ascending `bounds` how many values lie in buckets that begin at or below it."""
        if not self.count:
            return [0] * len(bounds)
        edges = np.clip(np.asarray(bounds, dtype=np.int64), SMALLEST, LARGEST)
        places = (edges.astype(np.float64).view(np.int64) >> _SHIFT) - _FIRST
        counted: list[int] = np.cumsum(self.counts)[places].tolist()
        return counted

    def since(self, older: Histogram) -> Histogram:
        """Return what was counted after `older`, an earlier state of the same counts.

        Its `minimum` and `maximum` are the middles of the outermost buckets: exact ones are not known of a difference.
        """
        counts = self.counts - older.counts
        filled = np.flatnonzero(counts)
        if not len(filled):
            return Histogram()
        counts.flags.writeable = False
        return Histogram(
            counts,
            self.count - older.count,
            max(_middle(int(filled[0])), self.minimum),
            min(_middle(int(filled[-1])), self.maximum),
            self.total - older.total,
        )

    def merge(self, other: Histogram) -> Histogram:
        """Return the histogram of both sets of values."""
        if not other.count or not self.count:
            return self if self.count else other
        counts = self.counts + other.counts
        counts.flags.writeable = False
        return Histogram(
            counts,
            self.count + other.count,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.total + other.total,
        )

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object: `buckets` alternates the number of a bucket that is not empty and its count."""
        filled = np.flatnonzero(self.counts)
        buckets = np.column_stack((filled, self.counts[filled])).ravel().tolist()
        return {
            "per_octave": SUB_BUCKETS,
            "min": self.minimum,
            "max": self.maximum,
            "sum": self.total,
            "buckets": buckets,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Histogram:
        """Read what `to_json` wrote; raises `ValueError` when it is something else."""
        try:
            pairs = np.asarray(document["buckets"], dtype=np.int64).reshape(-1, 2)
            known = document["per_octave"] == SUB_BUCKETS
            smallest, largest, total = (int(document[key]) for key in ("min", "max", "sum"))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"not a histogram: {error}") from error
        if not known or np.any(pairs[:, 0] < 0) or np.any(pairs[:, 0] >= BUCKETS) or np.any(pairs[:, 1] < 0):
            raise ValueError("not a histogram of this layout")
        counts = np.zeros(BUCKETS, dtype=np.int64)
        np.add.at(counts, pairs[:, 0], pairs[:, 1])
        counts.flags.writeable = False
        return cls(counts, int(counts.sum()), smallest, largest, total)

    def __eq__(self, other: object) -> bool:
        """Tell whether both count the same values, as far as buckets tell."""
        if not isinstance(other, Histogram):
            return NotImplemented
        same_ends = (self.minimum, self.maximum, self.total) == (other.minimum, other.maximum, other.total)
        return same_ends and bool(np.array_equal(self.counts, other.counts))

    def __hash__(self) -> int:
        """Return a hash of the exact parts."""
        return hash((self.count, self.minimum, self.maximum, self.total))


@dataclass(frozen=True, slots=True)
class Counted:
    """A batch of values, shape (n,), each within the buckets, and the bucket of each; without values the rest is 0."""

    values: NDArray[np.int64]
    buckets: NDArray[np.int64]
    smallest: int
    largest: int
    total: int

    def apart(self, lengths: NDArray[np.int64]) -> Sequence[Counted]:
        """Return the values as batches of such lengths that follow each other."""
        ends = lengths.cumsum()
        some = np.flatnonzero(lengths)
        parts = [Counted(self.values[:0], self.buckets[:0], 0, 0, 0)] * len(lengths)
        if not len(some):
            return parts
        starts = (ends - lengths)[some]
        found = (ufunc.reduceat(self.values, starts).tolist() for ufunc in (np.minimum, np.maximum, np.add))
        for part, first, end, *exact in zip(some.tolist(), starts.tolist(), ends[some].tolist(), *found, strict=True):
            parts[part] = Counted(self.values[first:end], self.buckets[first:end], *exact)
        return parts


def counted(values: NDArray[np.int64]) -> Counted:
    """Sort a batch of values, shape (n,), into buckets; what lies outside of them goes into the nearest."""
    if not len(values):
        return Counted(values, values, 0, 0, 0)
    smallest, largest = int(values.min()), int(values.max())
    if smallest < SMALLEST or largest > LARGEST:
        return counted(np.clip(values, SMALLEST, LARGEST))
    buckets = values.astype(np.float64).view(np.int64)
    buckets >>= _SHIFT
    buckets -= _FIRST
    return Counted(values, buckets, smallest, largest, int(values.sum()))


class HistogramBuilder:
    """Counts values a batch at a time; used by one thread, which gives `build()` to the others."""

    def __init__(self) -> None:
        self._counts = np.zeros(BUCKETS, dtype=np.int64)
        self._count = 0
        self._minimum = LARGEST
        self._maximum = 0
        self._total = 0

    def add(self, values: NDArray[np.int64]) -> None:
        """Count a batch of values, shape (n,); vectorised."""
        self.add_counted(counted(values))

    def add_counted(self, values: Counted) -> None:
        """Count values that have been sorted into buckets already, perhaps for several builders."""
        if len(values.buckets):
            np.add.at(self._counts, values.buckets, 1)
            self._note(len(values.buckets), values.smallest, values.largest, values.total)

    def add_repeated(self, value: int, times: int) -> None:
        """Count one value `times` times."""
        if times <= 0:
            return
        kept, bucket = _placed(value)
        self._counts[bucket] += times
        self._note(times, kept, kept, kept * times)

    def build(self) -> Histogram:
        """Return what has been counted up to now."""
        if not self._count:
            return Histogram()
        counts = self._counts.copy()
        counts.flags.writeable = False
        return Histogram(counts, self._count, self._minimum, self._maximum, self._total)

    def _note(self, count: int, smallest: int, largest: int, total: int) -> None:
        self._count += count
        self._minimum = min(self._minimum, smallest)
        self._maximum = max(self._maximum, largest)
        self._total += total


@lru_cache(maxsize=64)
def _placed(value: int) -> tuple[int, int]:
    """Return a value within the buckets, and its bucket; the slots of a batch often have the same."""
    kept = min(max(value, SMALLEST), LARGEST)
    mantissa, exponent = math.frexp(kept)
    return kept, (exponent - 1) * SUB_BUCKETS + int(mantissa * 2 * SUB_BUCKETS) - SUB_BUCKETS
