"""JSON answers, good and bad, in one form; which answer is given is the endpoints' matter."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

SECURITY_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Sent with every answer, so that browsers and caches are not clever with it."""

PAGE_HEADERS = SECURITY_HEADERS | {"content-type": "text/html; charset=utf-8", "referrer-policy": "no-referrer"}
"""Sent with the live page, which brings a content policy of its own."""


def to_bytes(value: object) -> bytes:
    """Return `value` as one line of JSON."""
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with `value` as JSON."""
    return Response(to_bytes(value), status, SECURITY_HEADERS | dict(headers or {}), media_type="application/json")


def problem(status: int, error: str, hint: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that says what is wrong, and the next step."""
    return json_response({"error": error, "hint": hint}, status, headers)
