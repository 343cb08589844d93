"""What a request passes before it reaches an endpoint: limits and the bearer token; it answers nothing else."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamscore_cli.api.responses import problem

MAX_HEADER_BYTES = 16 * 1024
MAX_BODY_BYTES = 1024 * 1024

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
"""What probes and Prometheus read without a token."""


class RequestLimits:
    """Refuses large headers and bodies unread; a request with any body is the last one of its connection.

    No endpoint reads a body. Closing the connection behind the answer is what keeps a slow or endless body from being
    received at all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 431 or 413, or pass the request on."""
        headers = Headers(scope=scope)
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        answer = _over_limit(scope, headers)

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await (answer or self._app)(scope, receive, send_last if has_body or answer else send)


class BearerToken:
    """Asks for `Authorization: Bearer <token>` on all but the open paths; an empty token asks for nothing."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, or pass the request on."""
        is_open = scope["path"] in OPEN_PATHS or wants_page(scope)
        if self._expected and not is_open and not self._given(scope["headers"]):
            hint = "Send the header 'Authorization: Bearer <token>' with the server's model_server.token."
            refusal = problem(401, "a bearer token is needed", hint, {"www-authenticate": "Bearer"})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _given(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        for name, value in headers:
            if name == b"authorization":
                scheme, _, credentials = value.partition(b" ")
                return scheme.lower() == b"bearer" and hmac.compare_digest(credentials.strip(), self._expected)
        return False


def wants_page(scope: Scope) -> bool:
    """Tell whether a browser asks for the live page, which itself holds nothing worth a token."""
    return scope["path"] == "/" and "text/html" in Headers(scope=scope).get("accept", "")


def _over_limit(scope: Scope, headers: Headers) -> Response | None:
    size = len(scope["raw_path"]) + len(scope["query_string"])
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HEADER_BYTES:
        return problem(431, f"the request's header is larger than {MAX_HEADER_BYTES} bytes", "Send fewer headers.")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return problem(413, f"the request's body is larger than {MAX_BODY_BYTES} bytes", "Send no body: use GET.")
    return None
