"""The live page as a document: what it is served with, and what its policy allows; browsers are in tests/servers."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from streamscore_cli.api.page import live_page
from tests.api.conftest import Running

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def parts_of(tag: str) -> list[str]:
    return re.findall(f"<{tag}>(.*?)</{tag}>", live_page().html.decode(), re.DOTALL)


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_browser_gets_the_page_and_everybody_else_the_index(server: Running) -> None:
    page = server.request("/", headers=BROWSER)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body == live_page().html.decode()
    assert page.headers["content-security-policy"] == live_page().policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    for other in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert server.request("/", headers=other).headers["content-type"] == "application/json"


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    [style], [script] = parts_of("style"), parts_of("script")
    assert dict(part.split(maxsplit=1) for part in live_page().policy.split("; ")) == {
        "default-src": "'none'",
        "script-src": digest(script),
        "style-src": digest(style),
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize(
    "forbidden",
    [
        r"\son[a-z]+\s*=",
        r"\sstyle\s*=",
        r"https?://(?!www\.w3\.org/2000/svg)",
        r"innerHTML|outerHTML|insertAdjacent|eval\(",
    ],
)
def test_it_has_no_inline_handlers_no_outside_resources_and_no_way_to_markup(forbidden: str) -> None:
    assert re.findall(forbidden, live_page().html.decode()) == []


def test_it_is_small() -> None:
    assert len(live_page().html) < 40_000
