"""The tables of `stats`, as text, from what a real view says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from streamscore_cli.api.values import stats_json
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.snapshots import Readiness, SinkSnapshot
from streamscore_cli.ui.stats_view import render_instance, render_stats, status_line
from streamscore_cli.ui.watch_view import Look
from tests.ui.conftest import plain
from tests.views import FakeView, busy_view, in_service

LOOK = Look(zone=UTC)


def document(view: FakeView) -> Mapping[str, Any]:
    """Return the stats as they are after a journey over the wire."""
    found: Mapping[str, Any] = json.loads(json.dumps(stats_json(view)))
    return found


@pytest.mark.parametrize("width", [80, 100])
def test_a_busy_instance(width: int, same_as_snapshot: Callable[[str, str], None]) -> None:
    shown = plain(render_instance(document(busy_view()), width, look=LOOK), width)
    same_as_snapshot(f"busy-{width}.txt", shown)
    assert max(map(len, shown.splitlines())) <= width


def test_an_instance_that_has_just_started(same_as_snapshot: Callable[[str, str], None]) -> None:
    view = FakeView()
    view.now_readiness = Readiness(ready=False, missing=("models topic", "group"))
    view.now_models = replace(view.now_models, loading="forest")
    same_as_snapshot("starting-80.txt", plain(render_instance(document(view), 80, look=LOOK), 80))


def test_several_instances_have_a_line_each_first(same_as_snapshot: Callable[[str, str], None]) -> None:
    shown = plain(render_stats([document(busy_view()), document(FakeView())], 80, LOOK), 80)
    same_as_snapshot("two-80.txt", shown)


def test_one_instance_has_no_such_line() -> None:
    stats = document(busy_view())
    assert plain(render_stats([stats], 80, LOOK), 80) == plain(render_instance(stats, 80, look=LOOK), 80)


def test_lists_show_the_newest_rows() -> None:
    shown = plain(render_instance(document(busy_view()), 80, look=LOOK, rows=1), 80)
    assert shown.count("22:13:30") == 2
    assert "linear" not in shown


def test_a_filter_leaves_the_other_models_out() -> None:
    shown = plain(render_instance(document(busy_view()), 80, look=replace(LOOK, wanted="LINEAR v1")), 80)
    assert "winequality linear regression\n" in shown.partition("USE")[2].partition("TIME")[0]
    assert "forest" not in shown.partition("USE")[2].partition("TIME")[0]


def test_percentiles_are_those_of_the_last_seconds_and_not_of_all() -> None:
    view = busy_view()
    assert view.now_earlier is not None
    view.now_earlier = view.now_scoring
    shown = plain(render_instance(document(view), 80, look=LOOK), 80)
    assert re.search(r"record to result, last 10 s +- +- ", shown)
    assert re.search(r"record to result, all +24.8 ms", shown)
    assert "p50_ms=0 p99_ms=0" in status_line(document(view), UTC)


def test_sinks_say_what_they_lost_and_why() -> None:
    view = busy_view()
    view.now_sinks = (SinkSnapshot("influxdb", "http://x", 5000, 4000, 10, {"queue-full": 990}, "connection refused"),)
    shown = plain(render_instance(document(view), 80, look=LOOK), 80)
    assert re.search(r"influxdb +5,000 +4,000 +10 +990 +connection refused", shown)
    assert "influxdb_lost=990" in status_line(document(view), UTC)


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_terminal_has_a_line_a_row(width: int, same_as_snapshot: Callable[[str, str], None]) -> None:
    shown = plain(render_stats([document(busy_view())], width, LOOK), width)
    same_as_snapshot(f"narrow-{width}.txt", shown)
    assert max(map(len, shown.splitlines())) <= width


def test_hundreds_of_models_are_no_line_of_hundreds() -> None:
    view = FakeView()
    services = tuple(in_service(ModelIdentity(f"m{number}", number, ""), f"t{number}") for number in range(300))
    view.now_models = replace(view.now_models, in_service=services)
    line = status_line(document(view))
    assert line.endswith("models=t295:m295@295,t296:m296@296,t297:m297@297,t298:m298@298,t299:m299@299,+295")


def test_one_line_for_logs() -> None:
    assert status_line(document(busy_view()), UTC) == (
        "22:13:30 wine-1 ready records=5010 results=5000 rate=501.0 p50_ms=24.83 p99_ms=49.66 lag=7 dead_letters=10 "
        "swaps=2 rejections=1 models=wine:winequality random forest@17"
    )


@pytest.mark.parametrize("stats", [{}, {"instance": 5}, {"instance": {"models": "x", "use": [1], "records": "many"}}])
def test_what_another_version_says_is_shown_as_far_as_it_is_understood(stats: Mapping[str, object]) -> None:
    assert "RECORDS/S" in plain(render_instance(stats, 80), 80)
    assert status_line(stats)


def test_control_characters_in_names_do_not_reach_the_terminal() -> None:
    view = FakeView()
    evil = ModelIdentity("good\x1b[2Jevil\u202e", 1, "")
    view.now_models = replace(view.now_models, in_service=(in_service(evil),))
    for shown in (plain(render_instance(document(view), 80), 80), status_line(document(view))):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert r"good\x1b[2Jevil\u202e" in shown
