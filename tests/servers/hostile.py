"""An HTTP server that answers as its test says, badly too, and keeps what it was asked; it knows no product's API."""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import parse_headers
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent; `body` as it came, the names of the headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Return the target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """Return the last value of each parameter of the query."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, True).items()}

    @property
    def text(self) -> str:
        """Return the body as text, unpacked when it came packed."""
        return (gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body).decode()

    @property
    def json(self) -> Any:
        """Return the body as what its JSON says."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; with `drip_s` its bytes go out one at a time, that many seconds apart."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drip_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Hang:
    """Take the request, and never answer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Take the request, send this much of an answer, and close the connection."""

    after: bytes = b""


Reply = Answer | Hang | Cut


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """Answer with JSON; underscores in the names of headers stand for dashes (`Retry_After="1"`)."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


def as_html(status: int = 200, title: str = "Sign in") -> Answer:
    """Answer with a page, as a proxy or a login in between does."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


class HttpServer:
    """A server on a port of its own; a context manager, and `stop` and `start` make it go and come back there.

    Replies are looked up by method and path, then in what is for all others. Of several replies each is given once and
    the last for ever.
    """

    def __init__(self, *replies: Reply) -> None:
        """Answer everything with `replies`, or with an empty 200; nothing is open before `start`."""
        self.port = 0
        self._others: deque[Reply] = deque(replies or (Answer(),))
        self._routes: dict[tuple[str, str], deque[Reply]] = {}
        self._requests: list[Request] = []
        self._changed = threading.Condition()
        self._listener: _Listener | None = None

    @property
    def url(self) -> str:
        """Return where it is, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def requests(self) -> list[Request]:
        """Return what was asked so far, in order."""
        with self._changed:
            return list(self._requests)

    def asked(self, method: str, path: str) -> list[Request]:
        """Return the requests of a method for a path."""
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """From now on answer this method and path with these replies."""
        with self._changed:
            self._routes[method, path] = deque(replies)

    def otherwise(self, *replies: Reply) -> None:
        """From now on answer all that has no route of its own with these replies."""
        with self._changed:
            self._others = deque(replies)

    def await_requests(self, count: int, wait_s: float = 30.0) -> list[Request]:
        """Wait until at least `count` requests came, and return all; fails when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self._requests) >= count, wait_s)
            assert came, f"{len(self._requests)} requests in {wait_s:g} s, not {count}"
            return list(self._requests)

    def reply_to(self, request: Request) -> Reply:
        """Keep the request and return what is to be answered."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
            replies = self._routes.get((request.method, request.path), self._others)
            return replies.popleft() if len(replies) > 1 else replies[0]

    def start(self) -> None:
        """Listen, on the port that it had before if it had one."""
        assert self._listener is None, "it listens already"
        self._listener = _Listener(self)
        self.port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), name="hostile", daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut those there are."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(socketserver.ThreadingTCPServer):
    """The listening socket and the connections it took."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, owner: HttpServer) -> None:
        self.owner = owner
        self.ending = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__((HOST, owner.port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.discard(request)

    def end(self) -> None:
        self.ending.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave out what a client that went away leads to; a test sees it at the client."""


class _Connection(socketserver.StreamRequestHandler):
    """The requests of one connection, one after the other."""

    server: _Listener

    def handle(self) -> None:
        while (request := self._read()) is not None:
            match self.server.owner.reply_to(request):
                case Hang():
                    self.server.ending.wait()
                    return
                case Cut(after):
                    self.wfile.write(after)
                    return
                case Answer() as answer:
                    self._send(request, answer)

    def _read(self) -> Request | None:
        words = self.rfile.readline(65_536).decode("latin-1").split()
        if len(words) != 3:  # the connection ended, or this is no HTTP
            return None
        headers = {name.lower(): value for name, value in parse_headers(self.rfile).items()}
        return Request(words[0], words[1], headers, self.rfile.read(int(headers.get("content-length", "0"))))

    def _send(self, request: Request, answer: Answer) -> None:
        body = b"" if answer.status in WITHOUT_BODY else answer.body
        headers = {"Content-Length": str(len(body)), **answer.headers}
        if answer.status in WITHOUT_BODY:
            headers.pop("Content-Length")
        lines = [f"HTTP/1.1 {answer.status} scripted", *(f"{name}: {value}" for name, value in headers.items())]
        whole = "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if request.method == "HEAD" else body)
        if not answer.drip_s:
            self.wfile.write(whole)
            return
        for byte in whole:
            if self.server.ending.wait(answer.drip_s):
                return
            self.wfile.write(bytes([byte]))


@contextmanager
def refusing() -> Iterator[str]:
    """Yield the URL of a port that refuses connections and that nobody else can take meanwhile."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield f"http://{HOST}:{held.getsockname()[1]}"


@contextmanager
def black_hole(*, full: bool = False) -> Iterator[str]:
    """Yield the URL of a port where nobody accepts: requests can be sent and are never read.

    With `full` its queue is full (Linux): connecting itself hangs.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0 if full else 128)
        port = listener.getsockname()[1]
        if full:
            _fill(port, stack)
        yield f"http://{HOST}:{port}"


def _fill(port: int, stack: ExitStack, wait_s: float = 30.0) -> None:
    """Connect until no connection is made any more within a short while."""
    deadline_s = time.monotonic() + wait_s
    while time.monotonic() < deadline_s:
        client = stack.enter_context(socket.socket())
        client.settimeout(0.3)
        try:
            client.connect((HOST, port))
        except TimeoutError:
            return
    raise AssertionError(f"the queue of port {port} did not fill in {wait_s:g} s")
