"""The tables of `stats`, as text, from what a real view says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from streamscore_cli.api.values import stats_json
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.snapshots import Readiness
from streamscore_cli.ui.stats_view import render_instance, render_stats, status_line
from tests.ui.conftest import plain
from tests.views import FakeView, busy_view, in_service


def document(view: FakeView) -> Mapping[str, Any]:
    """Return the stats as they are after a journey over the wire."""
    found: Mapping[str, Any] = json.loads(json.dumps(stats_json(view)))
    return found


@pytest.mark.parametrize("width", [80, 100])
def test_a_busy_instance(width: int, same_as_snapshot: Callable[[str, str], None]) -> None:
    shown = plain(render_instance(document(busy_view()), width, zone=UTC), width)
    same_as_snapshot(f"busy-{width}.txt", shown)
    assert max(map(len, shown.splitlines())) <= width


def test_an_instance_that_has_just_started(same_as_snapshot: Callable[[str, str], None]) -> None:
    view = FakeView()
    view.now_readiness = Readiness(ready=False, missing=("models topic", "group"))
    view.now_models = replace(view.now_models, loading="forest")
    same_as_snapshot("starting-80.txt", plain(render_instance(document(view), 80, zone=UTC), 80))


def test_several_instances_have_a_line_each_first(same_as_snapshot: Callable[[str, str], None]) -> None:
    shown = plain(render_stats([document(busy_view()), document(FakeView())], 80, zone=UTC), 80)
    same_as_snapshot("two-80.txt", shown)


def test_one_instance_has_no_such_line() -> None:
    stats = document(busy_view())
    assert plain(render_stats([stats], 80, zone=UTC), 80) == plain(render_instance(stats, 80, zone=UTC), 80)


def test_lists_show_the_newest_rows() -> None:
    shown = plain(render_instance(document(busy_view()), 80, zone=UTC, rows=1), 80)
    assert shown.count("22:13:30") == 2
    assert "linear" not in shown


def test_one_line_for_logs() -> None:
    assert status_line(document(busy_view()), UTC) == (
        "22:13:30 wine-1 ready records=5010 results=5000 rate=501.0 p50_ms=24.83 p99_ms=49.66 lag=7 dead_letters=10 "
        "swaps=2 models=wine:winequality random forest@17"
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
