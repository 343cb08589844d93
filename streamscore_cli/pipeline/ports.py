"""What the loops need from the outside, as ports; Kafka implements them in kafka/, tests with scripted things."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from streamscore_cli.core.batch import DeadLetter, ModelMessage, OutboundResults, RecordBatch, TopicPartition
from streamscore_cli.records.scored_rows import TimedRows
from streamscore_cli.state.snapshots import BatchObservation

__all__ = ["BatchTrace", "Checkpoint", "ModelMessage", "ModelsTopic", "Observer", "RecordSource", "Tracer"]


class RecordSource(Protocol):
    """Gives records of the partitions that this instance owns; used by the scoring thread only."""

    def poll(self, most: int) -> Sequence[RecordBatch]:
        """Return what is there, one batch a topic, after waiting a moment for a first record; may return nothing.

        There are at most `most` records in all.

        Rebalances happen inside. Raises `OffsetGap`, `KafkaRefused` or what a checkpoint raised while a partition left.
        """
        ...

    def hold(self, positions: Mapping[TopicPartition, int]) -> None:
        """Stop reading these partitions, each before the given offset, until `release`; a revoked one is forgotten."""
        ...

    def release(self) -> None:
        """Read all held partitions again, from where they were held."""
        ...

    def held(self) -> Collection[TopicPartition]:
        """Return the partitions on hold."""
        ...

    def assignment(self) -> Collection[TopicPartition]:
        """Return the partitions that this instance owns."""
        ...

    def joined(self) -> bool:
        """Tell whether the group has told this instance its partitions, be it none."""
        ...

    @property
    def gaps(self) -> int:
        """Return how many records retention took before they could be read, since the start."""
        ...

    def lag(self) -> Mapping[TopicPartition, int]:
        """Return, from what the client has at hand, how many records each partition is behind its end."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class Observer(Protocol):
    """Is shown every answer after it was handed to the producer (InfluxDB); called by the scoring thread.

    It returns at once, keeps at most what it is bounded to, and raises nothing: what it does with answers is its own
    affair, and never a reason to score slower.
    """

    def scored(self, answers: Sequence[TimedRows]) -> None:
        """Take note of answers; the arrays inside are shared and must not be changed."""
        ...


class BatchTrace(Protocol):
    """The trace of one batch: a context manager around its work, told when each stage has ended; it raises nothing."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, noting the error that ended it."""
        ...

    def ended(self, stage: str) -> None:
        """Note that a stage, which began when the one before ended, has ended now."""
        ...

    def outcome(self, observation: BatchObservation, results_topic: str) -> None:
        """Note what became of the records, and of which models they were scored by."""
        ...


class Tracer(Protocol):
    """Makes traces of batches; used by the scoring thread only, and never a reason to score slower or to fail."""

    def polling(self) -> None:
        """Note that a poll begins."""
        ...

    def batch(self, batch: RecordBatch) -> BatchTrace:
        """Return the trace of a batch that the last poll brought."""
        ...

    def committing(self) -> None:
        """Note that it is looked whether a checkpoint is due."""
        ...

    def committed(self) -> None:
        """Note that it was, and is being closed: its deliveries are waited for when there is more to produce."""
        ...


class Checkpoint(Protocol):
    """Makes results, dead letters and offsets true together; the order of that is written down in one place."""

    @property
    def waited_s(self) -> float:
        """Return how long it has waited for deliveries so far."""
        ...

    def results(self, results: OutboundResults) -> None:
        """Produce results; may wait while the producer's queue is full, and for what was produced before."""
        ...

    def dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Produce dead letters."""
        ...

    def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        """Say that all before these offsets has been produced for, or dropped by a policy."""
        ...

    def send_now(self) -> None:
        """Send what waits for company: there is no backlog that would bring any. Takes a millisecond or so."""
        ...

    def close_if_due(self) -> bool:
        """Close when the interval or the number of records is reached; tell whether it did.

        Raises `DeliveryFailed` or `KafkaRefused`; then nothing is committed.
        """
        ...

    def close(self) -> None:
        """Wait for every delivery, then commit; raises as `close_if_due`."""
        ...


class ModelsTopic(Protocol):
    """Reads the whole models topic, from its beginning and then for ever; used by the models thread only."""

    def poll(self, timeout_s: float) -> Sequence[ModelMessage]:
        """Return the next messages, after waiting at most `timeout_s` for the first."""
        ...

    def caught_up(self) -> bool:
        """Tell whether the end that the topic had when reading began has been reached."""
        ...

    def read(self, offset: int) -> ModelMessage | None:
        """Return the message at `offset`, or None where there is none any more."""
        ...

    def close(self) -> None:
        """Close the reader."""
        ...
