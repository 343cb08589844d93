"""The metrics and the alerts before the judges of the field: promtool, and a Prometheus that scrapes a real server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streamscore_cli.api.metrics import Metrics
from streamscore_cli.state.snapshots import SinkSnapshot
from tests.integration.brokers import make_topics, settings_for, shared_broker
from tests.integration.servers import Server, wait_until
from tests.integration.wines import send, send_model, wines
from tests.servers.prometheus import scrape_config
from tests.views import busy_view

if TYPE_CHECKING:
    from tests.servers.prometheus import Prometheus

Promtool = Callable[..., subprocess.CompletedProcess[str]]
RULES = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
MODEL = "winequality_decision_tree_classification"


@pytest.fixture
def scoring(request: pytest.FixtureRequest, tmp_path: Path, data_dir: Path) -> Iterator[Server]:
    """Run a server that has scored the 1,599 wines."""
    settings = settings_for(shared_broker(request.config))
    make_topics(settings)
    with Server(settings, tmp_path) as server:
        server.await_ready()
        send_model(settings, data_dir / f"{MODEL}.pmml")
        send(settings, wines(settings, data_dir), (str(row).encode() for row in range(1599)))
        wait_until(lambda: server.stats().get("results") == 1599, "1,599 results")
        yield server


def test_promtool_finds_nothing_to_say_about_the_metrics(promtool: Promtool) -> None:
    view = busy_view()
    view.now_sinks = (SinkSnapshot("influxdb", "http://influx:8086", 9, 4, 3, {"queue-full": 2}),)
    text, _ = Metrics(view).render("")
    done = promtool("check", "metrics", stdin=text.decode())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_alerts_are_well_formed_and_fire_when_they_have_to(promtool: Promtool) -> None:
    for arguments in (
        ("check", "rules", "--lint=all", "--lint-fatal", "streamscore.rules.yaml"),
        ("check", "config", "prometheus.yaml"),
        ("test", "rules", "streamscore.rules.test.yaml"),
    ):
        done = promtool(*arguments, directory=RULES)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.kafka
def test_a_prometheus_scrapes_a_server_that_scores(prometheus: Callable[[str], Prometheus], scoring: Server) -> None:
    server = prometheus(scrape_config(scoring.address))
    by_model = f'sum(streamscore_results_total{{data_type="wine",model="{MODEL}"}})'
    wait_until(lambda: server.value(by_model) == 1599, "the results to be scraped")
    assert server.value("sum(streamscore_latency_seconds_count)") == 1599
    assert server.value("sum(streamscore_records_total)") == 1599
    assert server.value("sum(streamscore_consumer_lag_records)") == 0
    assert server.value("histogram_quantile(0.99, sum by (le) (streamscore_scoring_seconds_bucket))") is not None
    [info] = server.query("streamscore_model_info")
    assert (info["metric"]["name"], info["metric"]["engine"]) == (MODEL, "pmml")
    assert server.value("up{job='streamscore'} and on(instance) process_resident_memory_bytes > 1e6") == 1
