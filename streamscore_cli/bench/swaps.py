"""Swaps of models during a run: when one is due, and which records were under way meanwhile; it publishes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamscore_cli.bench.logs import Times


@dataclass(frozen=True, slots=True)
class Published:
    """A model that was published: its name and sha256, and when, on the run's clock."""

    name: str
    sha256: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Swap:
    """A model published under load; `in_service_ns` is when a server said that it took it, None where none said."""

    model: Published
    in_service_ns: int | None = None

    @property
    def took_ms(self) -> float | None:
        """Return the milliseconds from publishing until it was in service."""
        return None if self.in_service_ns is None else (self.in_service_ns - self.model.at_ns) / 1e6


@dataclass(frozen=True, slots=True)
class Windows:
    """Spans of time that do not overlap, in order."""

    begins: Times
    ends: Times

    @classmethod
    def of(cls, swaps: Sequence[Swap], length_ns: int) -> Windows:
        """Return the windows of swaps: from publishing until `length_ns` after the model was in service.

        Where no server said when that was, until `length_ns` after publishing. Windows that touch are one.
        """
        merged: list[list[int]] = []
        for swap in sorted(swaps, key=lambda swap: swap.model.at_ns):
            begin = swap.model.at_ns
            end = max(begin, swap.in_service_ns or 0) + length_ns
            if merged and begin <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        spans = np.array(merged, dtype=np.int64).reshape(-1, 2)
        return cls(spans[:, 0], spans[:, 1])

    def touched(self, sent_ns: Times, arrived_ns: Times) -> NDArray[np.bool_]:
        """Tell of each record whether it was under way, from its intended sending to its result, in any window."""
        if not len(self.begins):
            return np.zeros(len(sent_ns), dtype=bool)
        nearest = np.searchsorted(self.ends, sent_ns, side="right")
        begins = np.append(self.begins, np.iinfo(np.int64).max)
        found: NDArray[np.bool_] = begins[nearest] <= arrived_ns
        return found
