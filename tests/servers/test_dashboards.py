"""The dashboards' queries before real servers: InfluxDB with what the sink writes, Prometheus with the metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from streamscore_cli.api.metrics import Metrics
from streamscore_cli.core.clock import SystemClock
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.provision.grafana_wanted import dashboards_dir
from streamscore_cli.provision.influx import InfluxProvisioner
from streamscore_cli.state.snapshots import SinkSnapshot
from tests.influx.settings import influx_settings
from tests.integration.servers import wait_until
from tests.servers.hostile import HOST, Answer, HttpServer
from tests.servers.prometheus import scrape_config
from tests.sinks.scores import part
from tests.sinks.test_influx import Running
from tests.views import busy_view

if TYPE_CHECKING:
    from tests.servers.influx import Influx
    from tests.servers.prometheus import Prometheus

FOREST = ModelIdentity("a (random) forest", 42, "cd" * 32)
INTERVAL_MS = 5000
QUIET = ("changes(", "streamscore_dropped_records_total", "streamscore_gap_records_total")
"""What may find nothing while all goes well."""


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((dashboards_dir() / f"streamscore-{name}.json").read_text())
    return found


def targets(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each query of a dashboard with the title of its panel or the name of its annotation."""
    document = board(name)
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target
    for annotation in document["annotations"]["list"]:
        yield annotation["name"], annotation


def influxql(query: str, data_type: str = ".*", model: str = ".*") -> str:
    """Put values in place of variables, as Grafana does."""
    for variable, value in (
        ("$timeFilter", "time >= now() - 5m and time <= now()"),
        ("$__interval_ms", str(INTERVAL_MS)),
        ("$__interval", f"{INTERVAL_MS // 1000}s"),
        ("$data_type", data_type),
        ("$model", model),
    ):
        query = query.replace(variable, value)
    assert "$" not in re.sub(r"\$/", "", query), query
    return query


@pytest.fixture
def scored(influx18: Influx) -> Influx:
    """Give an InfluxDB what the sink writes of two models, with numbers and labels."""
    running = Running(influx18.port, retention_s=86_400.0, timeout_s=5.0)
    provisioner = InfluxProvisioner(influx_settings(influx18.port))
    running.prepare = lambda: provisioner.apply(provisioner.plan())
    now_ms = SystemClock().epoch_ms()
    with running:
        running.sink.intake.scored(
            [
                part([5.5, 6.5, 7.5], times_ms=[now_ms] * 3),
                part(["5", "6", "5"], model=FOREST, first_offset=3, times_ms=[now_ms] * 3, scoring_ns=4e6),
            ]
        )
        running.await_counts(written=6, waiting=0)
        running.end()
    return influx18


def test_every_influxql_query_finds_what_the_sink_wrote(scored: Influx) -> None:
    asked = 0
    for title, target in targets("serving"):
        if "query" not in target:
            continue
        for chosen in ({}, {"data_type": "(wine|beer)", "model": r"(tree|a \(random\) forest)"}):
            rows = scored.rows(influxql(target["query"], **chosen), "serving")
            assert rows, (title, target["query"])
            assert any(value is not None for row in rows for name, value in row.items() if name != "time"), title
        asked += 1
    assert asked > 15


def test_the_figures_are_those_that_were_scored(scored: Influx) -> None:
    found = {title: influxql(target["query"]) for title, target in targets("serving") if "query" in target}
    rate = scored.rows(found["Scores by model"], "serving")
    assert sum(row["sum"] for row in rate if row["sum"]) == pytest.approx(6 * 1000 / INTERVAL_MS)
    assert {(row["model"], row["version"]) for row in rate} == {("tree", "7"), ("a (random) forest", "42")}
    (models,) = scored.rows(found["Models that scored"], "serving")
    assert models["count"] == 2
    labels = scored.rows(found["Labels"], "serving")
    assert {row["label"]: row["sum"] for row in labels if row["sum"]} == {"5": 2, "6": 1}
    table = {row["model"]: row for row in scored.rows(found["Models"], "serving")}
    assert (table["tree"]["scores"], table["a (random) forest"]["scoring"]) == (3, pytest.approx(4, rel=0.02))
    newest = scored.rows(found["Newest points"], "serving")
    assert sorted(row["calculated"] for row in newest) == [5, 5, 5.5, 6, 6.5, 7.5]
    first = scored.rows(found["First score of a model"], "serving")
    assert {(row["model"], row["version"]) for row in first} == {("tree", "7"), ("a (random) forest", "42")}
    assert len({row["time"] for row in first} - {"1970-01-01T00:00:00Z"}) in {1, 2}


def test_a_chosen_model_leaves_the_others_out(scored: Influx) -> None:
    for title, target in targets("serving"):
        if title == "Newest points":
            rows = scored.rows(influxql(target["query"], model="tree"), "serving")
            assert {row["model"] for row in rows} == {"tree"}


def test_the_variables_offer_what_there_is(scored: Influx) -> None:
    offered = {
        variable["name"]: [row["value"] for row in scored.rows(variable["query"], "serving")]
        for variable in board("serving")["templating"]["list"]
        if variable["type"] == "query"
    }
    assert offered == {"data_type": ["wine"], "model": ["a (random) forest", "tree"]}


@pytest.fixture
def scraped(prometheus: Callable[[str], Prometheus], hostile: HttpServer) -> Prometheus:
    """Have a Prometheus scrape the metrics of a busy instance at least twice."""
    view = busy_view()
    view.now_sinks = (SinkSnapshot("influxdb", "http://influx:8086", 9, 4, 3, {"queue-full": 2}),)
    metrics, kind = Metrics(view).render("")
    hostile.on("GET", "/metrics", Answer(200, metrics, {"Content-Type": kind}))
    server = prometheus(scrape_config(f"{HOST}:{hostile.port}"))
    wait_until(lambda: server.value("count_over_time(streamscore_ready[1m]) >= 3") is not None, "three scrapes")
    return server


@pytest.mark.parametrize("name", ["operations", "serving"])
def test_every_promql_query_finds_the_metrics(scraped: Prometheus, hostile: HttpServer, name: str) -> None:
    asked = 0
    for title, target in targets(name):
        if "expr" not in target:
            continue
        expression = target["expr"].replace("$instance", f"(a|{HOST}:{hostile.port})")
        expression = expression.replace("$__rate_interval", "1m").replace("$__range", "1h")
        assert "$" not in expression
        found = scraped.query(expression)
        assert found or any(quiet in expression for quiet in QUIET), (title, expression)
        for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "") + target.get("titleFormat", "")):
            assert all(label in series["metric"] for series in found), (title, label)
        asked += 1
    assert asked > (25 if name == "operations" else 0)


def test_swaps_stand_at_the_time_of_the_swap_with_the_models_name(scraped: Prometheus) -> None:
    expressions = {title: target["expr"] for title, target in targets("serving") if "expr" in target}
    (swap,) = scraped.query(expressions["Model swaps"])
    (since,) = scraped.query("streamscore_model_since_timestamp_seconds * 1000")
    assert swap["value"][1] == since["value"][1]
    assert swap["metric"]["name"] == "winequality random forest"
