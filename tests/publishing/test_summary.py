"""Counting acknowledgements, of brokers that take all, refuse some or fall silent."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from streamscore_cli.core.errors import DeliveryFailed
from streamscore_cli.publishing.summary import Summary, settle
from tests.fakes import RecordingOutbox


@dataclass
class SlowOutbox(RecordingOutbox):
    """Acknowledges `each` messages a flush, and then falls silent after `up_to`."""

    each: int = 1
    up_to: int = 1_000
    flushes: int = 0

    def flush(self, timeout_s: float) -> bool:
        del timeout_s
        self.flushes += 1
        self.acknowledged = min(self.acknowledged + self.each, self.up_to, self.sent)
        return self.acknowledged == self.sent


def filled(outbox: RecordingOutbox, count: int) -> RecordingOutbox:
    for _ in range(count):
        outbox.send("t", None, b"")
    return outbox


def test_all_acknowledged() -> None:
    summary = settle(filled(RecordingOutbox(), 3))
    assert summary == Summary(3, 3, 0, "")
    summary.raise_if_undelivered()


def test_refused_messages_are_counted_and_said() -> None:
    summary = settle(filled(RecordingOutbox(refuse=2), 5))
    assert (summary.acknowledged, summary.failed) == (3, 2)
    with pytest.raises(DeliveryFailed, match="2 of 5 messages were refused for good: the broker said no"):
        summary.raise_if_undelivered()


def test_a_slow_broker_is_waited_for() -> None:
    assert settle(filled(SlowOutbox(each=2), 11)).unanswered == 0


def test_a_silent_broker_is_not_waited_for_for_ever() -> None:
    outbox = SlowOutbox(each=2, up_to=4)
    summary = settle(filled(outbox, 11))
    assert summary.unanswered == 7
    assert outbox.flushes <= 4
    with pytest.raises(DeliveryFailed, match="7 of 11 messages were not acknowledged"):
        summary.raise_if_undelivered()
