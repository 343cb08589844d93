"""What a run needs from the outside, as ports; Kafka implements them in kafka/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from streamscore_cli.bench.swaps import Published
from streamscore_cli.core.batch import RecordBatch


class LoadOutbox(Protocol):
    """Takes records for the data topic."""

    def send_many(self, topic: str, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        """Hand records over, in order; waits while the queue is full."""
        ...

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is acknowledged or refused; tell whether it is."""
        ...

    @property
    def sent(self) -> int:
        """Return how many messages were handed over."""
        ...

    @property
    def acknowledged(self) -> int:
        """Return how many messages the broker has acknowledged, as far as it is known."""
        ...

    @property
    def failed(self) -> int:
        """Return how many messages were refused for good."""
        ...


class Answers(Protocol):
    """What came together: the keys of results, and dead letters where there are some."""

    @property
    def at_ns(self) -> int:
        """Return when the whole batch had come, on the clock's `perf_ns`."""
        ...

    @property
    def keys(self) -> Sequence[bytes | None]:
        """Return the keys of the results."""
        ...

    @property
    def letters(self) -> RecordBatch | None:
        """Return the dead letters, with their headers."""
        ...


class AnswerSource(Protocol):
    """Reads the results topic and the dead letters, from the end they had when it was opened."""

    def poll(self, timeout_s: float) -> Answers | None:
        """Return what has come, after waiting at most `timeout_s` for the first; None when nothing has."""
        ...


class Models(Protocol):
    """Publishes models, one after the other, and asks a server which one is in service."""

    @property
    def asking(self) -> bool:
        """Tell whether there is a server to ask."""
        ...

    def publish(self) -> Published:
        """Publish the next model and see it acknowledged."""
        ...

    def in_service_since_ns(self, model: Published) -> int | None:
        """Return since when a model is in service, on the clock's `perf_ns`; None when it is not, or nobody says."""
        ...


class Stop(Protocol):
    """Tells that someone asked to stop, and waits in a way that notices it."""

    @property
    def requested(self) -> bool:
        """Tell whether someone asked to stop."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait this long, or until someone asks to stop."""
        ...
