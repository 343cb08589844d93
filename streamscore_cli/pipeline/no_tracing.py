"""The tracer of those who trace nothing: one object, whose methods do nothing and allocate nothing."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.state.snapshots import BatchObservation


class NoTracing:
    """A `Tracer` and its own `BatchTrace`."""

    __slots__ = ()

    def polling(self) -> None:
        """Do nothing."""

    def batch(self, batch: RecordBatch) -> Self:
        """Return itself."""
        return self

    def committing(self) -> None:
        """Do nothing."""

    def committed(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return

    def ended(self, stage: str) -> None:
        """Do nothing."""

    def outcome(self, observation: BatchObservation, results_topic: str) -> None:
        """Do nothing."""


NO_TRACING = NoTracing()
