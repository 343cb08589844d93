"""A real server on a free port, in a thread, over a view that a test can change."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest

from streamscore_cli.api.app import make_app
from streamscore_cli.api.protocol import ConnectionLimits
from streamscore_cli.api.server import HttpServer
from tests.views import FakeView

SHORT = ConnectionLimits(receipt_s=0.3, closing_s=0.3, connections=64)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Running:
    """A server that runs, and the ways to talk to it."""

    server: HttpServer
    port: int

    def request(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            text = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            is_json = found.get("content-type", "").startswith("application/json")
            return Answer(response.status, found, json.loads(text) if is_json and text else text.decode())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@contextmanager
def running(view: FakeView, token: str = "", limits: ConnectionLimits | None = None) -> Iterator[Running]:
    server = HttpServer(make_app(view, token), "127.0.0.1", [0], limits)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Running(server, server.ports[0])
    finally:
        server.stop()
        thread.join(10)
    assert not thread.is_alive()


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes; a reset is a way of closing."""
    received = bytearray()
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return bytes(received)


@pytest.fixture
def view() -> FakeView:
    return FakeView()


@pytest.fixture
def server(view: FakeView) -> Iterator[Running]:
    with running(view) as started:
        yield started


@pytest.fixture
def strict(view: FakeView) -> Iterator[Running]:
    """Return a server with short deadlines and few connections."""
    with running(view, limits=SHORT) as started:
        yield started
