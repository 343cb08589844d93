"""Fixtures of the real servers; a test that asks for one is marked `servers` by that alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.hostile import HttpServer
from tests.servers.influx import OLD, Influx
from tests.servers.processes import program
from tests.servers.prometheus import Prometheus, run_promtool

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OF_SERVERS = {"influx18", "influx18_auth", "influx16", "prometheus", "promtool", "browser", "page"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a real server, for `make test` to leave out; `make test-servers` looks in this folder only."""
    here = Path(__file__).parent
    for item in items:
        is_here = here in item.path.parents
        if is_here and OF_SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)
        if item.get_closest_marker("servers") and not is_here:
            raise pytest.UsageError(f"{item.nodeid} is marked `servers`: it belongs into tests/servers")


@pytest.fixture
def influx18(tmp_path: Path) -> Iterator[Influx]:
    """Start an InfluxDB 1.8.10 without users and databases for one test, which may do to it what it likes."""
    with Influx(tmp_path / "influx18") as server:
        yield server


@pytest.fixture
def influx18_auth(tmp_path: Path) -> Iterator[Influx]:
    """Start an InfluxDB 1.8.10 that asks who one is."""
    with Influx(tmp_path / "influx18_auth", auth=True) as server:
        yield server


@pytest.fixture
def influx16(tmp_path: Path) -> Iterator[Influx]:
    """Start an InfluxDB 1.6.7, which has the v1 API only."""
    with Influx(tmp_path / "influx16", OLD) as server:
        yield server


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[str], Prometheus]]:
    """Return what starts a Prometheus with a configuration; those started end with the test."""
    with ExitStack() as stack:
        numbers = iter(range(1000))
        yield lambda config: stack.enter_context(Prometheus(tmp_path / f"prometheus-{next(numbers)}", config))


@pytest.fixture(scope="session")
def promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs promtool."""
    program("promtool")
    return run_promtool


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium for the tests of a module: while it lives no other event loop can run in this thread."""
    from playwright.sync_api import sync_playwright

    executable = program("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open an empty page in a profile of its own; what its scripts do not catch fails the test."""
    uncaught: list[str] = []
    with browser.new_context() as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: uncaught.append(str(error)))
        yield opened
    assert uncaught == []


@pytest.fixture
def hostile() -> Iterator[HttpServer]:
    """Start an HTTP server that answers as the test says."""
    with HttpServer() as server:
        yield server
