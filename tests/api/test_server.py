"""The server's sockets, life and limits, by real sockets against the real server."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack, suppress

import pytest

from streamscore_cli.api.app import make_app
from streamscore_cli.api.server import HttpServer
from streamscore_cli.core.errors import SettingsError
from streamscore_cli.state.snapshots import ModelsSnapshot
from tests.api.conftest import SHORT, Running, read_all, running
from tests.views import FakeView

CHUNK = b"x" * 65536


def whole_answer(connection: socket.socket) -> bytes:
    """Return the answer to `/healthz`, headers and body."""
    received = b""
    while not received.endswith(b'{"status":"ok"}\n'):
        chunk = connection.recv(65536)
        assert chunk, "the server closed the connection"
        received += chunk
    return received


class TestSockets:
    def test_several_ports_answer_alike(self, view: FakeView) -> None:
        server = HttpServer(make_app(view), "127.0.0.1", [0, 0])
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            assert [Running(server, port).request("/healthz").status for port in server.ports] == [200, 200]
            assert server.started
        finally:
            server.stop()
            thread.join(10)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.ports[0]), timeout=5)

    def test_a_port_in_use_names_the_port_and_the_setting(self, view: FakeView, server: Running) -> None:
        with pytest.raises(SettingsError) as caught:
            HttpServer(make_app(view), "127.0.0.1", [0, server.port])
        assert str(server.port) in caught.value.message
        assert "model_server.port" in caught.value.hint

    def test_an_address_of_another_machine_names_the_setting(self, view: FakeView) -> None:
        with pytest.raises(SettingsError) as caught:
            HttpServer(make_app(view), "192.0.2.1", [0])
        assert "192.0.2.1" in caught.value.message
        assert "model_server.host" in caught.value.hint

    def test_a_server_that_never_ran_can_be_closed(self, view: FakeView) -> None:
        server = HttpServer(make_app(view), "127.0.0.1", [0])
        server.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.ports[0]), timeout=5)


class TestHeaders:
    def test_a_header_that_never_ends_is_431(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(b"GET /stats HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 20_000)
            assert read_all(connection).startswith(b"HTTP/1.1 431 ")

    def test_a_whole_header_over_the_limit_is_431(self, server: Running) -> None:
        answer = server.request("/stats", headers={"X-Large": "a" * 17_000})
        assert answer.status == 431

    def test_a_header_of_a_megabyte_is_refused(self, server: Running) -> None:
        with server.connect() as connection:
            with suppress(ConnectionError):
                connection.sendall(b"GET /stats HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 1_000_000)
            assert b" 200 " not in read_all(connection)[:20]

    def test_a_header_under_the_limit_is_fine(self, server: Running) -> None:
        assert server.request("/stats", headers={"X-Large": "a" * 15_000}).status == 200

    def test_what_is_no_http_is_400_in_json(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
            head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b"nosniff" in head
        assert set(json.loads(body)) == {"error", "hint"}


class TestBodies:
    def test_a_large_body_is_413_before_it_is_sent(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(b"POST /stats HTTP/1.1\r\nHost: x\r\nContent-Length: 209715200\r\n\r\n")
            assert read_all(connection).startswith(b"HTTP/1.1 413 ")

    @pytest.mark.parametrize("framing", [b"Content-Length: 209715200", b"Transfer-Encoding: chunked"])
    def test_200_mib_are_not_taken(self, server: Running, framing: bytes) -> None:
        """A client that pushes a body whatever the answer is cut off long before its end."""
        chunk = b"10000\r\n" + CHUNK + b"\r\n" if b"chunked" in framing else CHUNK
        sent = 0
        with server.connect() as connection:
            connection.sendall(b"GET /stats HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n")
            try:
                while sent < 200 * 1024 * 1024:
                    connection.sendall(chunk)
                    sent += len(chunk)
            except ConnectionError:
                pass
        assert sent < 50 * 1024 * 1024

    def test_a_small_body_is_ignored_and_the_connection_ends(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            answer = read_all(connection)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer

    def test_a_slow_body_is_not_waited_for(self, server: Running) -> None:
        with server.connect() as connection:
            connection.sendall(b"POST /stats HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            connection.sendall(b"a")
            assert read_all(connection).startswith(b"HTTP/1.1 405 ")


class TestDeadlines:
    """The client sends a byte from time to time; only the deadline of the whole can end that."""

    def test_slow_headers_are_408(self, strict: Running) -> None:
        assert self._drip(strict, b"GET /stats HTTP/1.1\r\nHost: x\r\nX-Slow: ").startswith(b"HTTP/1.1 408 ")

    def test_a_slow_second_request_ends_too(self, strict: Running) -> None:
        with strict.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in whole_answer(connection)
            assert self._drip_into(connection, b"GET /stats HTTP/1.1\r\n").startswith(b"HTTP/1.1 408 ")

    def test_a_connection_without_a_request_is_closed(self, strict: Running) -> None:
        with strict.connect() as connection:
            assert read_all(connection).startswith(b"HTTP/1.1 408 ")

    def test_a_request_that_came_in_time_is_not_cut(self, strict: Running) -> None:
        with strict.connect() as connection:
            for _ in range(3):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert whole_answer(connection).startswith(b"HTTP/1.1 200 ")
                threading.Event().wait(SHORT.receipt_s * 1.5)

    def test_pipelined_requests_are_answered(self, strict: Running) -> None:
        last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with strict.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 4 + last)
            assert read_all(connection).count(b"HTTP/1.1 200 ") == 5

    def _drip(self, server: Running, start: bytes) -> bytes:
        with server.connect() as connection:
            return self._drip_into(connection, start)

    @staticmethod
    def _drip_into(connection: socket.socket, start: bytes) -> bytes:
        connection.sendall(start)
        connection.settimeout(0.05)
        for _ in range(100):
            try:
                return connection.recv(65536)
            except TimeoutError:
                connection.sendall(b"a")
        return b"never ended"


class TestManyConnections:
    def test_health_is_answered_beside_200_idle_connections(self, server: Running) -> None:
        with ExitStack() as opened:
            for _ in range(200):
                opened.enter_context(server.connect()).sendall(b"GET /stats HTTP/1.1\r\n")
            probe = opened.enter_context(server.connect())
            probe.settimeout(1)
            probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert probe.recv(65536).startswith(b"HTTP/1.1 200 ")

    def test_beyond_the_cap_the_one_idle_for_longest_makes_room(self, view: FakeView) -> None:
        patient = type(SHORT)(receipt_s=30, closing_s=0.3, connections=20)
        with running(view, limits=patient) as server, ExitStack() as opened:
            idle = [opened.enter_context(server.connect()) for _ in range(20)]
            assert server.request("/healthz").status == 200
            assert read_all(idle[0]) == b""
            idle[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle[-1].recv(65536).startswith(b"HTTP/1.1 200 ")

    def test_a_connection_in_use_is_not_the_one_that_makes_room(self, view: FakeView) -> None:
        patient = type(SHORT)(receipt_s=30, closing_s=0.3, connections=20)
        with running(view, limits=patient) as server, ExitStack() as opened:
            in_use, *_ = [opened.enter_context(server.connect()) for _ in range(20)]
            for _ in range(30):
                in_use.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert whole_answer(in_use).startswith(b"HTTP/1.1 200 ")
                opened.enter_context(server.connect())

    def test_a_client_that_does_not_take_its_answer_does_not_hold_up_the_end(
        self, view: FakeView, caplog: pytest.LogCaptureFixture
    ) -> None:
        view.now_models = ModelsSnapshot(loading="x" * 20_000_000)
        with running(view, limits=SHORT) as server:
            stuck = server.connect()
            stuck.sendall(b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n")
            assert stuck.recv(1) == b"H"
        stuck.close()
        assert "exceeded" not in caplog.text

    def test_open_connections_do_not_hold_up_the_end(self, view: FakeView) -> None:
        with ExitStack() as opened:
            with running(view) as server:
                idle = opened.enter_context(server.connect())
                half = opened.enter_context(server.connect())
                half.sendall(b"GET /stats HTTP/1.1\r\n")
                assert server.request("/healthz").status == 200
            assert read_all(idle) == b""
            assert read_all(half) == b""
