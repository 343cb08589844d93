"""One request to InfluxDB at a time, over plain HTTP, with a time limit; it knows no version and no API."""

from __future__ import annotations

import json
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Event, Timer
from urllib.parse import urlencode, urlsplit

from streamscore_cli.config.addresses import service_url
from streamscore_cli.config.credentials import check_login, check_token
from streamscore_cli.config.settings import InfluxSettings
from streamscore_cli.core.errors import ServiceRefused, ServiceUnreachable
from streamscore_cli.core.printable import printable

LONGEST_ANSWER_BYTES = 4 * 1024 * 1024
LONGEST_REASON = 300
ERRNO = re.compile(r"\[Errno -?\d+\] ")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Tell whether the status says yes."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def document(self) -> object:
        """Return the body as what its JSON says, None where it is none."""
        found: object = None
        with suppress(ValueError):
            found = json.loads(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Exchange:
    """Requests to the InfluxDB of `settings`, each on a connection of its own; may be used by any thread."""

    settings: InfluxSettings
    url: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out the address; raises `SettingsError` for one that is none, and for what no header can hold."""
        check_token("influxdb.token", self.settings.token)
        check_login("influxdb.user", self.settings.user)
        check_login("influxdb.password", self.settings.password)
        object.__setattr__(self, "url", service_url(self.settings.host, self.settings.port))

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """Return the answer to a GET; raises `ServiceUnreachable` when there is none in time."""
        return self._ask("GET", path, params or {}, None)

    def post(self, path: str, params: Mapping[str, str], body: bytes, timeout_s: float | None = None) -> Reply:
        """Return the answer to a POST of `body`; raises `ServiceUnreachable` when there is none in time."""
        return self._ask("POST", path, params, body, timeout_s)

    def form(self, path: str, params: Mapping[str, str]) -> Reply:
        """Return the answer to a POST of `params` as a form; raises as `post`."""
        return self._ask("POST", path, {}, urlencode(params).encode(), content_type=FORM)

    def reason(self, text: str) -> str:
        """Return what a server said as one short line without any secret."""
        for secret in (self.settings.token, self.settings.password, _basic(self.settings)):
            text = text.replace(secret, "***") if secret else text
        line = printable(text.strip())
        return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3] + "..."

    def said(self, reply: Reply) -> str:
        """Return the error in an answer, or its status where it says nothing."""
        document = reply.document()
        if isinstance(document, dict):
            found = next((document[key] for key in ("error", "message") if isinstance(document.get(key), str)), "")
        else:
            found = reply.headers.get("x-influxdb-error", "") or _text(reply)
        return self.reason(found) or f"HTTP {reply.status}"

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes | None,
        timeout_s: float | None = None,
        content_type: str = "text/plain; charset=utf-8",
    ) -> Reply:
        headers = {"Accept": "application/json", "Connection": "close"}
        if basic := _basic(self.settings):
            headers["Authorization"] = f"Basic {basic}"
        if body is not None:
            headers["Content-Type"] = content_type
        target = f"{path}?{urlencode(params)}" if params else path
        limit_s = timeout_s or self.settings.timeout_s
        connection = self._connection(limit_s)
        try:
            connection.connect()
            with _deadline(connection.sock, limit_s):
                connection.request(method, target, body, headers)
                answer = connection.getresponse()
                found = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(answer.status, found, answer.read(LONGEST_ANSWER_BYTES))
        except (OSError, HTTPException) as error:
            raise unreachable(self.url, error) from error
        except ValueError as error:
            raise unsendable(self.url, error) from None
        finally:
            connection.close()

    def _connection(self, timeout_s: float) -> HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return HTTPSConnection(host, parts.port, timeout=timeout_s, context=ssl.create_default_context())
        return HTTPConnection(host, parts.port, timeout=timeout_s)


@contextmanager
def _deadline(sock: socket, limit_s: float) -> Iterator[None]:
    """End an exchange that is not over in time, however its bytes drip; then raises TimeoutError."""
    late = Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            socket.shutdown(sock, SHUT_RDWR)  # the one of TLS may not be called while another thread reads

    timer = Timer(limit_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException):
        if not late.is_set():
            raise
    finally:
        timer.cancel()
        if late.is_set():
            raise TimeoutError


def unreachable(url: str, error: BaseException) -> ServiceUnreachable:
    """Return the error that says why nothing answered."""
    said = ERRNO.sub("", str(error)) or type(error).__name__
    why = "no answer in time" if isinstance(error, TimeoutError) else said
    return ServiceUnreachable(
        f"InfluxDB at {url} does not answer: {printable(why)}.",
        "Look at influxdb.host and influxdb.port, and whether it runs.",
    )


def unsendable(url: str, error: ValueError) -> ServiceUnreachable:
    """Return the error for a request that cannot be written, without its text, which may hold a secret."""
    return ServiceUnreachable(
        f"InfluxDB at {url} cannot be asked: the request cannot be written ({type(error).__name__}).",
        "Look at the settings influxdb.*: one has characters that no request can hold.",
    )


def refused(exchange: Exchange, status: int, said: str) -> ServiceRefused:
    """Return the error for an answer that says no, with the next step where there is one."""
    hints: dict[int, str] = {
        HTTPStatus.UNAUTHORIZED: "Look at influxdb.token (2.x), or influxdb.user and influxdb.password (1.x).",
        HTTPStatus.FORBIDDEN: "Whoever this is may not do that: give more rights, or do it by hand.",
    }
    return ServiceRefused(f"InfluxDB at {exchange.url} says no: {said}.", hints.get(status, ""), status=status)


def _basic(settings: InfluxSettings) -> str:
    if not settings.user:
        return ""
    return b64encode(f"{settings.user}:{settings.password}".encode()).decode("ascii")


def _text(reply: Reply) -> str:
    if "html" in reply.headers.get("content-type", ""):
        return f"HTTP {reply.status} with a web page"
    return reply.body.decode("utf-8", "replace")
