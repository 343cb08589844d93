"""A whole server with a real InfluxDB, with a bad one, and with none: scores flow, and it ends in time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streamscore_cli.config.settings import Settings
from tests.integration.brokers import make_topics, settings_for, shared_broker
from tests.integration.servers import Server, wait_until
from tests.integration.wines import send, send_model, wines
from tests.servers.hostile import Answer, Hang, HttpServer, as_json, black_hole, refusing

if TYPE_CHECKING:
    from tests.servers.influx import Influx

pytestmark = [pytest.mark.servers, pytest.mark.kafka]

MODEL = "winequality_decision_tree_classification"


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    own = settings_for(shared_broker(request.config))
    make_topics(own)
    return own


@contextmanager
def serving(settings: Settings, directory: Path, influx: str) -> Iterator[Server]:
    """Run a server that has InfluxDB at a URL, until it is ready."""
    server = Server(settings, directory)
    port = influx.rpartition(":")[2]
    server.file.write_text(f'{server.file.read_text()}[influxdb]\nhost = "http://127.0.0.1"\nport = {port}\n')
    with server:
        server.await_ready()
        yield server


def score_wines(server: Server, settings: Settings, data_dir: Path) -> None:
    """Have the 1,599 wines scored."""
    before = server.stats().get("results", 0)
    send(settings, wines(settings, data_dir), (str(row).encode() for row in range(1599)))
    wait_until(lambda: server.stats().get("results") == before + 1599, "1,599 results")


def counted(influx: Influx) -> int:
    """Return how many scores InfluxDB has been told of."""
    if {"name": "serving"} not in influx.rows("SHOW DATABASES"):
        return 0
    rows = influx.rows('SELECT sum("count") AS found FROM serving_seconds', "serving")
    return int(rows[0]["found"]) if rows else 0


def test_scores_are_seen_in_influxdb(influx18: Influx, settings: Settings, tmp_path: Path, data_dir: Path) -> None:
    with serving(settings, tmp_path, influx18.url) as server:
        send_model(settings, data_dir / f"{MODEL}.pmml")
        score_wines(server, settings, data_dir)
        wait_until(lambda: counted(influx18) == 1599, "1,599 scores in InfluxDB")
        assert server.end() == 0
    found = influx18.rows("SELECT mean(calculated) AS mean FROM serving GROUP BY model", "serving")
    assert [row["model"] for row in found] == [MODEL]
    labels = influx18.rows('SELECT sum("count") AS found FROM serving_labels GROUP BY label', "serving")
    assert sum(row["found"] for row in labels) == 1599
    assert {row["label"] for row in labels} <= {"3", "4", "5", "6", "7", "8"}


def test_it_may_be_gone_at_the_start_and_die_later(
    influx18: Influx, settings: Settings, tmp_path: Path, data_dir: Path
) -> None:
    influx18.stop()
    with serving(settings, tmp_path, influx18.url) as server:
        send_model(settings, data_dir / f"{MODEL}.pmml")
        score_wines(server, settings, data_dir)
        assert "does not answer" in server.log.read_text()
        influx18.start()
        wait_until(lambda: counted(influx18) == 1599, "what waited")
        influx18.kill()
        score_wines(server, settings, data_dir)
        influx18.restart()
        wait_until(lambda: counted(influx18) == 2 * 1599, "what waited again")
        assert server.end() == 0
    assert server.log.read_text().count("takes points again") in {1, 2}


@contextmanager
def hanging() -> Iterator[str]:
    with HttpServer(Answer(404)) as influx:
        influx.on("GET", "/ping", Answer(204, headers={"X-Influxdb-Version": "1.8.10"}))
        influx.on("POST", "/query", as_json({"results": [{}]}))
        influx.on("POST", "/api/v2/write", Hang())
        yield influx.url


@pytest.mark.parametrize("bad", [hanging, refusing, black_hole])
def test_a_bad_one_keeps_no_record_from_its_result_and_no_server_from_its_end(
    settings: Settings, tmp_path: Path, data_dir: Path, bad: Any
) -> None:
    with bad() as url, serving(settings, tmp_path, url) as server:
        send_model(settings, data_dir / f"{MODEL}.pmml")
        score_wines(server, settings, data_dir)
        try:
            assert server.end() == 0
        except subprocess.TimeoutExpired:
            pytest.fail(server.log.read_text())
    log = server.log.read_text()
    assert "were not written before the end" in log
    assert " stopped" in log.splitlines()[-1]
