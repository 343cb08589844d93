"""What publishers need from the outside, as a port; Kafka implements it in kafka/."""

from __future__ import annotations

from typing import Protocol


class Outbox(Protocol):
    """Sends messages and counts what became of them; order per key is kept."""

    def send(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Hand a message over; waits while the queue is full."""
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
        """Return how many messages the broker has acknowledged."""
        ...

    @property
    def failed(self) -> int:
        """Return how many messages were refused for good."""
        ...

    @property
    def last_error(self) -> str:
        """Return why the last refused message was refused, or an empty string."""
        ...
