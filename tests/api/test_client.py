"""The client against the real server, and against what is no server of ours."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from streamscore_cli.api.client import ServerAddress, fetch_stats, parse_address
from streamscore_cli.core.errors import ServerUnreachable, UsageProblem
from tests.api.conftest import Running, running
from tests.views import FakeView

TOKEN = "-".join(("s3cret", "42"))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://a:5500", "http://a:5500"),
        ("http://a:5500/", "http://a:5500"),
        ("https://a:443/wine/", "https://a:443/wine"),
        ("a:81", "http://a:81"),
        ("a", "http://a:5500"),
        ("http://[::1]:5500", "http://[::1]:5500"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert str(parse_address(text)) == url


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "ftp://a", "http://", "http://a:port", "http://a:99999", "http://me:pw@a", "a?b=c"]
)
def test_other_schemes_and_forms_are_refused(text: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_address(text)
    assert "pw" not in str(caught.value)


def test_fetch(server: Running) -> None:
    stats = fetch_stats(ServerAddress("http", "127.0.0.1", server.port))
    assert stats["instance"]["name"] == "wine-1"


def test_the_token_is_sent_and_a_wrong_one_says_where_to_give_it(view: FakeView) -> None:
    with running(view, token=TOKEN) as server:
        address = ServerAddress("http", "127.0.0.1", server.port)
        assert fetch_stats(address, TOKEN)["name"] == ""
        with pytest.raises(ServerUnreachable, match=r"asks for a token\. .*STREAMSCORE_MODEL_SERVER_TOKEN_FILE"):
            fetch_stats(address)
        with pytest.raises(ServerUnreachable, match="asks for another token") as caught:
            fetch_stats(address, "wrong")
    assert "wrong" not in str(caught.value)


def test_nothing_there_names_the_address_and_the_next_step(free_port: int) -> None:
    with pytest.raises(ServerUnreachable) as caught:
        fetch_stats(ServerAddress("http", "127.0.0.1", free_port))
    assert f"http://127.0.0.1:{free_port}" in caught.value.message
    assert "connection refused" in caught.value.message
    assert "streamscore serve" in caught.value.hint


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def answer_once(listener: socket.socket, answer: bytes) -> threading.Thread:
    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "no streamscore server"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "no streamscore server"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"\x16\x03\x01", "BadStatusLine"),
        (b"", "RemoteDisconnected"),
    ],
)
def test_something_else_there_is_said_so(listener: socket.socket, answer: bytes, message: str) -> None:
    thread = answer_once(listener, answer)
    with pytest.raises(ServerUnreachable, match=message):
        fetch_stats(ServerAddress("http", "127.0.0.1", listener.getsockname()[1]))
    thread.join()


def test_a_server_that_is_silent_is_given_up(listener: socket.socket) -> None:
    with pytest.raises(ServerUnreachable, match=r"nothing came within 0\.1 s"):
        fetch_stats(ServerAddress("http", "127.0.0.1", listener.getsockname()[1]), timeout_s=0.1)
