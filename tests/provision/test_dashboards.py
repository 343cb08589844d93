"""The shipped dashboards as documents; their queries are run by real servers in tests/servers/test_dashboards.py."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from streamscore_cli.provision.grafana_wanted import dashboards_dir

METRICS = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
OF_A_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((dashboards_dir() / f"streamscore-{name}.json").read_text())
    return found


BOTH = pytest.mark.parametrize("name", ["operations", "serving"])


@BOTH
def test_panels_have_their_own_ids_and_places_and_say_what_they_show(name: str) -> None:
    panels = board(name)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["type"] == "row" or panel["description"].endswith("."), panel["title"]


@BOTH
def test_each_query_goes_to_its_panels_data_source_which_can_be_chosen(name: str) -> None:
    document = board(name)
    offered = {f"${{{variable['name']}}}" for variable in document["templating"]["list"]}
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            assert target["datasource"] == panel["datasource"]
            assert target["datasource"]["uid"] in offered
            kind = "influxdb" if "query" in target else "prometheus"
            assert target["datasource"]["type"] == kind
    for annotation in document["annotations"]["list"]:
        assert annotation["datasource"]["uid"] in offered


@BOTH
def test_variables_that_queries_use_are_there(name: str) -> None:
    document = board(name)
    there = {variable["name"] for variable in document["templating"]["list"]}
    built_in = {"__interval", "__interval_ms", "__rate_interval", "__range", "timeFilter"}
    queries = json.dumps([document["panels"], document["annotations"]])
    used = {found for found in re.findall(r"\$\{?(\w+)", queries) if not found.startswith("tag_")}
    assert used - built_in == there


@BOTH
def test_metrics_are_those_that_are_documented(name: str) -> None:
    documented = set(re.findall(r"`(streamscore_\w+)`", METRICS.read_text()))
    used = set(re.findall(r"streamscore_\w+", json.dumps([board(name)["panels"], board(name)["annotations"]])))
    assert {OF_A_HISTOGRAM.sub("", metric) for metric in used} <= documented
    assert used


def test_the_one_has_what_is_served_and_the_other_how_the_servers_fare() -> None:
    serving = [panel["title"] for panel in board("serving")["panels"]]
    operations = [panel["title"] for panel in board("operations")["panels"]]
    assert {"Scores by model", "Latency", "Calculated", "Labels"} <= set(serving)
    assert {"Lag by partition", "Batch sizes", "Dead letters by cause", "Memory", "Restarts"} <= set(operations)
    assert "Admissions and swaps" in operations
    swaps = [annotation["name"] for annotation in board("serving")["annotations"]["list"]]
    assert swaps == ["Model swaps", "First score of a model"]
