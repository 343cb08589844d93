"""Makes a client look for a broker that came back; it knows no topic and decides nothing.

A client that lost its broker may know no leader to connect to, and not ask for one before its next metadata are due,
minutes later. A question makes it connect, and learn where its topics are.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from confluent_kafka import KafkaException

from streamscore_cli.core.clock import Clock
from streamscore_cli.kafka.health import ClientHealth

EVERY_S = 2.0
WAIT_S = 1.0


class Asks(Protocol):
    """A client that can ask brokers for metadata."""

    def list_topics(self, *, timeout: float) -> object:
        """Ask for all topics; raises `KafkaException` when no answer comes in time."""
        ...


class Rouser:
    """Asks with one client, on the thread that uses it."""

    def __init__(self, client: Asks, name: str, health: ClientHealth, clock: Clock) -> None:
        """Take who asks, and the name under which it tells `health` whether a broker is there."""
        self._client = client
        self._name = name
        self._health = health
        self._clock = clock
        self._due_s = 0.0

    def rouse(self) -> None:
        """Ask when the client says that no broker is there, every few seconds; an error says nothing.

        Takes a second at most.
        """
        now_s = self._clock.monotonic_s()
        if self._health.reachable(self._name) is not False or now_s < self._due_s:
            return
        self._due_s = now_s + EVERY_S
        with suppress(KafkaException):
            self._client.list_topics(timeout=WAIT_S)
