"""Asks another instance for its state over HTTP; it follows no redirects, uses no proxies and shows nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from streamscore_cli.core.errors import ServerUnreachable, UsageProblem

TIMEOUT_S = 3.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
DEFAULT_PORT = 5500

_SCHEMES = {"http": HTTPConnection, "https": HTTPSConnection}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where an instance answers."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    def __str__(self) -> str:
        """Return the address as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"


def parse_address(text: str) -> ServerAddress:
    """Return the address that `text` names: a URL (http or https), host:port or a host.

    Raises `UsageProblem`.
    """
    url = text if "://" in text else f"http://{text}"
    hint = "Write it as http://host:port."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageProblem(f"'{text}' is not the address of a server: {error}.", hint) from error
    if parts.scheme not in _SCHEMES:
        raise UsageProblem(f"'{text}' is not the address of a server: only http and https are spoken.", hint)
    if parts.username is not None or not parts.hostname or parts.query or parts.fragment:
        raise UsageProblem(f"'{parts.hostname or text}' is not given as the plain address of a server.", hint)
    return ServerAddress(parts.scheme, parts.hostname, port or DEFAULT_PORT, parts.path.rstrip("/"))


def fetch_stats(address: ServerAddress, token: str = "", timeout_s: float = TIMEOUT_S) -> Mapping[str, Any]:
    """Return the `/stats` object of an instance; `timeout_s` is for each wait.

    Raises `ServerUnreachable` when nothing answers, or something that is no streamscore server, or one that wants
    another token.
    """
    status, body = _get(address, "/stats", token, timeout_s)
    if status == HTTPStatus.UNAUTHORIZED:
        hint = "Give it in STREAMSCORE_MODEL_SERVER_TOKEN_FILE (a file) or STREAMSCORE_MODEL_SERVER_TOKEN."
        raise ServerUnreachable(f"{address} asks for {'another' if token else 'a'} token.", hint)
    try:
        stats = json.loads(body)
    except ValueError:
        stats = None
    if status != HTTPStatus.OK or not isinstance(stats, dict) or not isinstance(stats.get("instance"), dict):
        message = f"What answers at {address} is no streamscore server (status {status})."
        raise ServerUnreachable(message, "Check the address and the port.")
    return stats


def _get(address: ServerAddress, path: str, token: str, timeout_s: float) -> tuple[int, bytes]:
    connection = _SCHEMES[address.scheme](address.host, address.port, timeout=timeout_s)
    headers = {"accept": "application/json", "connection": "close"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    try:
        connection.request("GET", f"{address.prefix}{path}", headers=headers)
        response = connection.getresponse()
        return response.status, response.read(MAX_ANSWER_BYTES)
    except (OSError, HTTPException) as error:
        message = f"No streamscore server answers at {address}: {_why(error, timeout_s)}."
        raise ServerUnreachable(message, "Start one: streamscore serve") from error
    finally:
        connection.close()


def _why(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came within {timeout_s:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return f"{type(error).__name__} {error}".rstrip()
