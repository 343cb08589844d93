"""A server makes Grafana as it should be while it starts and scores; Grafana is the stand-in of tests/provision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamscore_cli.config.settings import Settings
from tests.integration.brokers import make_topics, settings_for, shared_broker
from tests.integration.servers import Server, wait_until
from tests.provision.grafana import TOKEN, Grafana
from tests.servers.hostile import Hang

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    own = settings_for(shared_broker(request.config))
    make_topics(own)
    return own


@contextmanager
def serving(settings: Settings, directory: Path, port: int) -> Iterator[Server]:
    """Run a server that has a Grafana at a port."""
    server = Server(settings, directory)
    token = directory / "token"
    token.write_text(f"{TOKEN}\n")
    more = f'[grafana]\nhost = "127.0.0.1"\nport = {port}\ntoken_file = "{token}"\n'
    server.file.write_text(server.file.read_text() + more)
    with server:
        yield server


def test_grafana_is_made_at_the_start_and_also_when_it_comes_late(settings: Settings, tmp_path: Path) -> None:
    grafana = Grafana()
    grafana.start()
    grafana.stop()
    with serving(settings, tmp_path, grafana.port) as server:
        server.await_ready()
        wait_until(lambda: "does not answer" in server.log.read_text(), "the warning")
        grafana.start()
        wait_until(lambda: len(grafana.dashboards) == 2, "the dashboards")
        assert server.end() == 0
    grafana.stop()
    log = server.log.read_text()
    assert log.count("does not answer") == 1
    assert "dashboard streamscore: serving" in log
    assert TOKEN not in log


def test_a_grafana_that_hangs_neither_keeps_it_from_getting_ready_nor_from_ending(
    settings: Settings, tmp_path: Path
) -> None:
    with Grafana() as grafana:
        grafana.on("GET", "/api/health", Hang())
        with serving(settings, tmp_path, grafana.port) as server:
            server.await_ready()
            grafana.await_requests(1)
            assert server.end() == 0


def test_it_can_be_told_not_to(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMSCORE_PROVISION", "false")
    with Grafana() as grafana, serving(settings, tmp_path, grafana.port) as server:
        server.await_ready()
        assert server.end() == 0
        assert grafana.requests == []
