"""The rows that one model answered, and one result read back, as values; how they look as bytes is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.core.scores import Scores

SCHEMA = 1
"""The version of a result's body; it grows when a reader of the old one would misread the new one."""

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
    partitions: Sequence[int]
    offsets: Sequence[int]
    timestamps_ms: Sequence[int]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.scores)


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
