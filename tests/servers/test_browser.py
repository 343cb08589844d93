"""The browser of the tests opens pages, runs their scripts, and tells of what they do not catch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.hostile import Answer, HttpServer, as_html

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = (
    b"<title>before</title><p>0</p><script>fetch('/value').then(r => r.text()).then(t => document.title = t)</script>"
)


def test_it_opens_a_page(page: Page, hostile: HttpServer) -> None:
    hostile.otherwise(as_html(200, "A title"))
    page.goto(hostile.url)
    assert page.title() == "A title"
    assert page.screenshot().startswith(b"\x89PNG")


def test_it_runs_scripts(page: Page, hostile: HttpServer) -> None:
    hostile.on("GET", "/value", Answer(200, b"after"))
    hostile.otherwise(Answer(200, SCRIPT, {"Content-Type": "text/html"}))
    page.goto(hostile.url)
    page.wait_for_function("document.title === 'after'")
