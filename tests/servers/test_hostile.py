"""The scripted HTTP server does each bad thing that it is there for; no other server is needed."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.servers.hostile import HOST, Answer, Cut, Hang, HttpServer, as_html, as_json, black_hole, refusing

SOON_S = 0.3


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as own:
        yield own


def connect(server: HttpServer, timeout_s: float = 10.0) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(HOST, server.port, timeout=timeout_s)


def ask(server: HttpServer, method: str = "GET", target: str = "/", body: bytes | None = None) -> tuple[int, bytes]:
    with closing(connect(server)) as connection:
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 409, 412, 429, 500, 503])
def test_it_answers_with_the_status_it_was_given(server: HttpServer, status: int) -> None:
    server.otherwise(Answer(status, b"why"))
    assert ask(server) == (status, b"" if status == 204 else b"why")


def test_replies_come_in_order_and_the_last_stays(server: HttpServer) -> None:
    server.otherwise(Answer(503), Answer(503), Answer(204))
    assert [ask(server)[0] for _ in range(4)] == [503, 503, 204, 204]


def test_a_route_has_replies_of_its_own(server: HttpServer) -> None:
    server.on("POST", "/api/v2/write", as_json({"code": "not found"}, 404))
    assert ask(server, "POST", "/api/v2/write?bucket=serving") == (404, b'{"code": "not found"}')
    assert ask(server, "GET", "/api/v2/write")[0] == 200
    assert ask(server, "POST", "/other")[0] == 200


def test_headers_go_along(server: HttpServer) -> None:
    server.otherwise(as_json({}, 429, Retry_After="7"))
    connection = connect(server)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Content-Type"] == "application/json"
    connection.close()


def test_it_answers_a_page_where_json_is_expected(server: HttpServer) -> None:
    server.otherwise(as_html())
    status, body = ask(server)
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_it_keeps_what_it_was_asked(server: HttpServer) -> None:
    connection = connect(server)
    packed = gzip.compress(b'{"a": 1}')
    connection.request("PUT", "/x?db=serving&db=other&rp=", packed, {"Content-Encoding": "gzip", "X-Who": "me"})
    connection.getresponse().read()
    connection.close()
    (request,) = server.await_requests(1)
    assert (request.method, request.path, request.query) == ("PUT", "/x", {"db": "other", "rp": ""})
    assert (request.headers["x-who"], request.json) == ("me", {"a": 1})
    assert server.asked("PUT", "/x") == [request]
    assert server.asked("GET", "/x") == []


def test_a_connection_serves_several_requests(server: HttpServer) -> None:
    connection = connect(server)
    for number in range(3):
        connection.request("GET", f"/{number}")
        connection.getresponse().read()
    connection.close()
    assert [request.path for request in server.requests] == ["/0", "/1", "/2"]


def test_it_hangs(server: HttpServer) -> None:
    server.otherwise(Hang())
    connection = connect(server, SOON_S)
    connection.request("GET", "/")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert server.await_requests(1)[0].path == "/"


def test_it_answers_a_byte_at_a_time(server: HttpServer) -> None:
    server.otherwise(Answer(200, b"never whole" * 1000, drip_s=0.01))
    connection = connect(server)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.read(5) == b"never"
    server.stop()
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    connection.close()


def test_it_cuts_the_connection(server: HttpServer) -> None:
    server.otherwise(Cut(), Cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server)
    with pytest.raises(http.client.IncompleteRead):
        ask(server)


def test_it_goes_and_comes_back_on_its_port(server: HttpServer) -> None:
    port = server.port
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(server)
    server.start()
    assert server.port == port
    assert ask(server)[0] == 200


def test_stopping_lets_go_of_a_client_that_hangs(server: HttpServer) -> None:
    server.otherwise(Hang())
    connection = connect(server)
    connection.request("GET", "/")
    server.await_requests(1)
    server.stop()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.getresponse()
    connection.close()


def test_a_port_that_refuses() -> None:
    with refusing() as url, pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port_of(url)), 5)


def test_a_port_that_nobody_reads() -> None:
    with black_hole() as url, socket.create_connection((HOST, port_of(url)), SOON_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_a_port_where_connecting_hangs() -> None:
    with black_hole(full=True) as url, pytest.raises(TimeoutError):
        socket.create_connection((HOST, port_of(url)), SOON_S)
