"""What became of a run of a publisher, by the broker's acknowledgements; it sends nothing more."""

from __future__ import annotations

from dataclasses import dataclass

from streamscore_cli.core.errors import DeliveryFailed
from streamscore_cli.publishing.ports import Outbox

PATIENCE_S = 30.0
"""How long the broker may acknowledge nothing at all before the rest counts as not delivered."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How many messages were handed over, and how many of them the broker acknowledged."""

    sent: int
    acknowledged: int
    failed: int
    last_error: str

    @property
    def unanswered(self) -> int:
        """Return how many messages the broker neither took nor refused."""
        return self.sent - self.acknowledged - self.failed

    def raise_if_undelivered(self) -> None:
        """Raise `DeliveryFailed` unless the broker acknowledged all."""
        if self.failed:
            raise DeliveryFailed(
                f"{self.failed:,} of {self.sent:,} messages were refused for good: {self.last_error}.",
                "The others are in the topic; publish again what is missing when the cause is gone.",
            )
        if self.unanswered:
            raise DeliveryFailed(
                f"{self.unanswered:,} of {self.sent:,} messages were not acknowledged within {PATIENCE_S:.0f} s.",
                "Is the broker there? `streamscore doctor` looks.",
            )


def settle(outbox: Outbox, patience_s: float = PATIENCE_S) -> Summary:
    """Wait for the broker's answers as long as some come every `patience_s`, and count them."""
    answered = -1
    while not outbox.flush(patience_s):
        now_answered = outbox.acknowledged + outbox.failed
        if now_answered == answered:
            break
        answered = now_answered
    return Summary(outbox.sent, outbox.acknowledged, outbox.failed, outbox.last_error)
