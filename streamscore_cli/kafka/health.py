"""What the clients of an instance know about their brokers, gathered in one place; it connects to nothing itself.

The client library says through callbacks only that a certificate is wrong, a password is not taken or no broker is
there: to the one who polls, all of these look like no records. Callbacks come on the threads that poll, hence the lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from confluent_kafka import KafkaError

from streamscore_cli.core.clock import Clock, SystemClock
from streamscore_cli.core.log_events import event
from streamscore_cli.kafka.faults import refused

_log = logging.getLogger("streamscore.kafka")

REMIND_S = 10.0
"""How often the log says that brokers are still away."""

_SUMMED_UP = frozenset({"FAIL", "ERROR", "REQTMOUT", "COORD", "GETPID", "FETCHERR", "CONNECT", "HEARTBEAT"})
"""Kinds of the client's log lines that come with every attempt to reconnect; what they say is said here once."""


class ClientLog:
    """Takes the log lines of a client; what repeats with each attempt to reconnect is for debugging only."""

    def log(self, level: int, pattern: str, *parts: object) -> None:
        """Log one line; the first part is its kind, as the client library numbers and names them."""
        repeats = bool(parts) and parts[0] in _SUMMED_UP
        _log.log(logging.DEBUG if repeats else level, pattern, *parts)


@dataclass(slots=True)
class _Client:
    """What one client said last: whether a broker is connected, and why not."""

    reachable: bool | None = None
    cause: str = "no connection yet"


class ClientHealth:
    """The state of the brokers as the clients of one instance see it; it logs once per change, and then reminds."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Begin with nothing known."""
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._clients: dict[str, _Client] = {}
        self._errors: dict[str, str] = {}
        self._fatal: KafkaError | None = None
        self._away_since_s: float | None = None
        self._remind_at_s = 0.0

    def watch(self, name: str) -> ClientWatch:
        """Return the callbacks for a client called `name`."""
        with self._lock:
            self._clients.setdefault(name, _Client())
        return ClientWatch(self, name)

    def forget(self, name: str) -> None:
        """Stop asking what a client that was closed said last."""
        with self._lock:
            self._clients.pop(name, None)

    def broker_reachable(self) -> bool:
        """Tell whether every client that needs a broker is connected to one, as of the last few seconds."""
        with self._lock:
            states = [client.reachable for client in self._clients.values()]
        return False not in states and True in states

    def reachable(self, name: str) -> bool | None:
        """Tell whether one client is connected to a broker; None where it has not said, or needs none."""
        with self._lock:
            client = self._clients.get(name)
            return None if client is None else client.reachable

    @property
    def errors(self) -> Mapping[str, str]:
        """Return the last text of each kind of error that the clients reported, by its name."""
        with self._lock:
            return dict(self._errors)

    @property
    def cause(self) -> str:
        """Return why no broker is reachable, as the clients say, or an empty string."""
        with self._lock:
            return next((client.cause for client in self._clients.values() if client.reachable is False), "")

    def raise_if_fatal(self) -> None:
        """Raise `KafkaRefused` when a client reported that it cannot go on."""
        if self._fatal is not None:
            raise refused(self._fatal, "this client to go on")

    def on_error(self, name: str, error: KafkaError) -> None:
        """Keep an error that a client reports; it says why, the statistics say whether."""
        with self._lock:
            known = self._errors.get(error.name()) == error.str()
            self._errors[error.name()] = error.str()
            if error.fatal() and self._fatal is None:
                self._fatal = error
            client = self._clients.setdefault(name, _Client())
            if error.name() != "_ALL_BROKERS_DOWN":  # it only counts what others explain
                client.cause = error.str()
        level = logging.DEBUG if known and not error.fatal() else logging.WARNING
        if error.name() not in {"_TRANSPORT", "_ALL_BROKERS_DOWN"}:
            extra = event("client-error", client=name, code=error.name(), reason=error.str())
            _log.log(level, "%s client: %s (%s)", name, error.str(), error.name(), extra=extra)

    def on_statistics(self, name: str, text: str | bytes) -> None:
        """Take the statistics of a client: whether a broker is connected, and whether one is needed."""
        statistics = orjson.loads(text)
        brokers = statistics.get("brokers", {}).values()
        connected = any(broker.get("state") == "UP" for broker in brokers)
        idle = statistics.get("type") == "producer" and not statistics.get("msg_cnt")  # idle connections are closed
        with self._lock:
            self._clients.setdefault(name, _Client()).reachable = None if idle and not connected else connected
        self._say()

    def _say(self) -> None:
        now_s = self._clock.monotonic_s()
        with self._lock:
            away = any(client.reachable is False for client in self._clients.values())
            cause = next((client.cause for client in self._clients.values() if client.reachable is False), "")
            since_s = self._away_since_s
            if away and since_s is None:
                self._away_since_s, self._remind_at_s = now_s, now_s + REMIND_S
            elif away and now_s >= self._remind_at_s:
                self._remind_at_s = now_s + REMIND_S
            elif away or since_s is None:
                return
            else:
                self._away_since_s = None
        if not away and since_s is not None:
            lasted_s = now_s - since_s
            _log.info("a broker answers again, after %.0f s", lasted_s, extra=event("broker-back", away_s=lasted_s))
        elif since_s is None:
            _log.warning("no broker answers: %s; waiting for one", cause, extra=event("broker-away", cause=cause))
        else:
            extra = event("broker-still-away", cause=cause, away_s=now_s - since_s)
            _log.warning("still no broker answers, for %.0f s: %s; waiting", now_s - since_s, cause, extra=extra)


@dataclass(frozen=True, slots=True)
class ClientWatch:
    """The callbacks of one client."""

    health: ClientHealth
    name: str

    def on_error(self, error: KafkaError) -> None:
        """Pass an error on."""
        self.health.on_error(self.name, error)

    def on_statistics(self, text: str) -> None:
        """Pass statistics on."""
        self.health.on_statistics(self.name, text)

    def closed(self) -> None:
        """Say that the client is no more."""
        self.health.forget(self.name)
