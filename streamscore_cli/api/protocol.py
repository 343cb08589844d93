"""uvicorn's HTTP/1.1 protocol with deadlines and a cap on connections; it parses nothing itself."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from streamscore_cli.api.responses import SECURITY_HEADERS, to_bytes

_RECEIVING = (h11.IDLE, h11.SEND_BODY)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long a request may take to arrive, an answer may be left untaken, a closing connection may take; how many.

    `stalled_s` runs while the buffers of a connection are full.
    """

    receipt_s: float = 10.0
    stalled_s: float = 10.0
    closing_s: float = 1.0
    connections: int = 512


@dataclass(slots=True)
class OpenConnections:
    """The connections of one server, the one that sent a whole request longest ago first."""

    by_age: dict[LimitedProtocol, None] = field(default_factory=dict)

    def renew(self, connection: LimitedProtocol) -> None:
        """Make `connection` the youngest."""
        self.by_age.pop(connection, None)
        self.by_age[connection] = None

    def forget(self, connection: LimitedProtocol) -> None:
        """Take `connection` off the list."""
        self.by_age.pop(connection, None)


class LimitedProtocol(H11Protocol):
    """A connection whose every request must be in by a deadline, and whose answers must be taken.

    When there are too many, the one that sent a whole request longest ago makes room: idle connections cannot lock
    others out.
    """

    limits: ClassVar[ConnectionLimits] = ConnectionLimits()
    open_connections: ClassVar[OpenConnections] = OpenConnections()

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the deadline of the first request, and make room if there are too many connections."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.open_connections.renew(self)
        if len(self.open_connections.by_age) > self.limits.connections:
            oldest = next(iter(self.open_connections.by_age))
            self.open_connections.forget(oldest)
            oldest.transport.abort()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.open_connections.forget(self)
        self._unwatch()
        self._going_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; the deadline runs from the first of a request to its last, whatever comes in between."""
        super().data_received(data)
        if self.conn.their_state not in _RECEIVING:
            self._unwatch()
            self.open_connections.renew(self)
        elif self._deadline is None:
            self._watch()

    def pause_writing(self) -> None:
        """Give the other side a while to take of the answer what fills the buffers; then it is gone."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.limits.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with an answer."""
        self._going_on()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP request, or has too large a header, in JSON."""
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else HTTPStatus.BAD_REQUEST
        self._refuse(status, msg if status == HTTPStatus.BAD_REQUEST else "the request's header is too large")

    def shutdown(self) -> None:
        """Close in order, and by force where the other side does not take its answer."""
        super().shutdown()
        self.loop.call_later(self.limits.closing_s, self.transport.abort)

    def _watch(self) -> None:
        self._deadline = self.loop.call_later(self.limits.receipt_s, self._too_slow)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _going_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"no whole request within {self.limits.receipt_s:g} s")
        else:
            self.transport.close()

    def _refuse(self, status: int, error: str) -> None:
        """Answer and close; from where no endpoint is reached."""
        body = to_bytes({"error": error, "hint": "Send a GET request with small headers, at once."})
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            **SECURITY_HEADERS,
        }
        answer = h11.Response(
            status_code=status,
            reason=HTTPStatus(status).phrase.encode(),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        )
        for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def limited_protocol(limits: ConnectionLimits) -> type[LimitedProtocol]:
    """Return a protocol class with its own limits and its own list of connections, for one server."""
    return type("LimitedProtocol", (LimitedProtocol,), {"limits": limits, "open_connections": OpenConnections()})
