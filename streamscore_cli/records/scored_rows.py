"""The rows that models answered, and one result read back, as values; how they look as bytes is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from streamscore_cli.core.columns import Integers, Rows, integers
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores

SCHEMA = 1
"""The version of a result's body; it grows when a reader of the old one would misread the new one."""

_MOST_16_BITS = 2**16
"""Numbers of 16 bits are sorted in one pass."""

ResultValue = float | int | bool | str | None
"""A label or value in the type that the model gave it; None: the model gave none."""


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """What `model` answered for rows of `topic`: `scores` without failures, and one source a row.

    `timestamps_ms` are milliseconds since the epoch, -1 where the record has none.
    """

    data_type: str
    scores: Scores
    model: ModelIdentity
    topic: str
    partitions: Integers
    offsets: Integers
    timestamps_ms: Integers

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.scores)

    def alone(self) -> ScoredTogether:
        """Return the same rows as a batch of one data type."""
        heads, codes = [Head(self.data_type, self.model)], np.zeros(len(self), np.intp)
        return ScoredTogether(heads, codes, self.scores, self.topic, self.partitions, self.offsets, self.timestamps_ms)


@dataclass(frozen=True, slots=True)
class Head:
    """What rows have in common: their data type, and the model that answered."""

    data_type: str
    model: ModelIdentity


@dataclass(frozen=True, slots=True)
class ScoredTogether:
    """Rows of `topic` that one call scored; row i is one of `heads[codes[i]]`.

    The models of all heads are the same bytes, so that all answers have one shape; the rest is as in `ScoredRows`.
    """

    heads: Sequence[Head]
    codes: Rows
    scores: Scores
    topic: str
    partitions: Integers
    offsets: Integers
    timestamps_ms: Integers

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.scores)

    def by_head(self) -> tuple[Rows, list[int]]:
        """Return the rows sorted by head, each head's in order, and where those of each end."""
        codes = self.codes.astype(np.uint16) if len(self.heads) < _MOST_16_BITS else self.codes
        return np.argsort(codes, kind="stable"), np.bincount(codes, minlength=len(self.heads)).cumsum().tolist()

    def apart(self) -> Iterator[ScoredRows]:
        """Yield the rows of each head that has any."""
        order, ends = self.by_head()
        for head, first, end in zip(self.heads, [0, *ends], ends, strict=False):
            if first < end:
                yield self._of(head, order[first:end])

    def _of(self, head: Head, at: Rows) -> ScoredRows:
        columns = self.partitions, self.offsets, self.timestamps_ms
        taken = (integers(column)[at] for column in columns)
        return ScoredRows(head.data_type, self.scores.take(at), head.model, self.topic, *taken)


@dataclass(frozen=True, slots=True)
class TimedRows:
    """Answered rows, the engine that answered, and what it took: `scoring_ns` is nanoseconds a record."""

    rows: ScoredRows
    engine: str
    scoring_ns: float


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """One result, decoded; `timestamp_ms` is -1 where the source record has none."""

    data_type: str
    result: ResultValue
    model: ModelIdentity
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    probabilities: Mapping[str, float | None] = field(default_factory=dict)
    outputs: Mapping[str, ResultValue] = field(default_factory=dict)
    schema: int = SCHEMA
