"""uvicorn on our own sockets, run in a thread that somebody else starts; it handles no signals and no requests."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from streamscore_cli.api.guards import MAX_HEADER_BYTES
from streamscore_cli.api.protocol import ConnectionLimits, limited_protocol
from streamscore_cli.core.errors import SettingsError

LEGACY_PORT = 8888
"""Where the original's Kafka Streams server answered."""

_BACKLOG = 1024
_GRACEFUL_S = 3


class HttpServer:
    """Serves one application on one or more ports of a host; listens as soon as it is made, answers from `run` on."""

    def __init__(self, app: ASGIApp, host: str, ports: Sequence[int], limits: ConnectionLimits | None = None) -> None:
        """Bind and listen; port 0 takes a free one.

        Raises `SettingsError` when a port is in use or the address is not of this machine.
        """
        self._sockets = _listen_on_all(host, ports)
        self._ports = tuple(int(listening.getsockname()[1]) for listening in self._sockets)
        self._server = _Server(_config(app, limits or ConnectionLimits()))

    @property
    def ports(self) -> tuple[int, ...]:
        """Return the ports that were bound, in the order asked for."""
        return self._ports

    @property
    def started(self) -> bool:
        """Return whether requests are answered."""
        return self._server.started

    def run(self) -> None:
        """Answer requests until `stop`; blocks."""
        try:
            self._server.run(sockets=self._sockets)
        finally:
            self.close()

    def stop(self) -> None:
        """Ask `run` to end: answers in hand are finished, within seconds; any thread may call this."""
        self._server.should_exit = True

    def close(self) -> None:
        """Close the sockets of a server that never ran."""
        for listening in self._sockets:
            listening.close()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the supervisor has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp, limits: ConnectionLimits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=limited_protocol(limits),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_graceful_shutdown=_GRACEFUL_S,
    )


def _listen_on_all(host: str, ports: Sequence[int]) -> list[socket.socket]:
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(_listen(host, port)) for port in ports]
        opened.pop_all()
    return sockets


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        dual_stack = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((str(address[0]), port), family=family, backlog=_BACKLOG, dualstack_ipv6=dual_stack)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error


def _cannot_listen(host: str, port: int, error: OSError) -> SettingsError:
    if error.errno == errno.EADDRINUSE and port == LEGACY_PORT:
        hint = "Stop what uses it, or do without the original's second port (model_server.legacy_ports)."
        return SettingsError(f"HTTP port {port} on {host} is in use.", hint)
    if error.errno == errno.EADDRINUSE:
        hint = (
            "Stop what uses it, or choose another: --port, MODEL_SERVER_PORT or model_server.port; 0 takes a free one."
        )
        return SettingsError(f"HTTP port {port} on {host} is in use.", hint)
    if error.errno == errno.EACCES:
        hint = "Choose one above 1023: --port, MODEL_SERVER_PORT or model_server.port."
        return SettingsError(f"HTTP port {port} on {host} may not be used by this user.", hint)
    hint = "Give an address of this machine (--http-host, model_server.host): 127.0.0.1, or 0.0.0.0 for all."
    return SettingsError(f"Cannot listen on {host}, port {port}: {error.strerror or error}.", hint)
