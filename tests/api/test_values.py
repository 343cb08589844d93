"""Snapshots as JSON: the original's keys, and ours."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from streamscore_cli.api.values import stats_json
from streamscore_cli.state.snapshots import LastScore
from tests.views import FOREST, LINEAR, FakeView, busy_view, in_service

ORIGINAL_KEYS = ["name", "description", "since", "invocations", "duration", "min", "max"]


def test_the_original_keys_come_first_and_are_empty_before_any_model() -> None:
    stats = stats_json(FakeView())
    assert stats is not None
    assert list(stats)[:7] == ORIGINAL_KEYS
    assert [stats[key] for key in ORIGINAL_KEYS] == ["", "", 0, 0, 0.0, 0.0, 0.0]


def test_the_model_in_service_with_its_own_use() -> None:
    stats = stats_json(busy_view(), "wine")
    assert stats is not None
    assert [stats[key] for key in ORIGINAL_KEYS] == [
        "winequality random forest",
        "trained on red wines",
        1_700_000_005_100,
        2500,
        pytest.approx(50 * 0.061725),
        pytest.approx(0.0012345),
        pytest.approx(0.0012345),
    ]
    assert (stats["data_type"], stats["version"], stats["sha256"]) == ("wine", 17, FOREST.sha256)
    assert (stats["engine"], stats["format"], stats["load_ms"]) == ("pmml", "pmml", 78.25)


def test_durations_keep_less_than_a_microsecond() -> None:
    stats = stats_json(busy_view())
    assert stats is not None
    linear = next(use for use in stats["instance"]["use"] if use["version"] == LINEAR.version)
    assert (linear["min"], linear["max"]) == (0.0006, 0.0006)
    assert linear["scoring_ms"]["p99"] == pytest.approx(0.0006, rel=0.03)


def test_the_default_is_the_data_type_swapped_last_and_an_unknown_one_is_none() -> None:
    view = FakeView()
    view.now_models = replace(
        view.now_models,
        declared=frozenset({"wine", "beer", "cider"}),
        in_service=(in_service(FOREST, "wine"), in_service(LINEAR, "beer")),
    )
    last, wine, cider = stats_json(view), stats_json(view, "wine"), stats_json(view, "cider")
    assert last is not None
    assert wine is not None
    assert cider is not None
    assert (last["data_type"], wine["data_type"], cider["data_type"]) == ("beer", "wine", "cider")
    assert (cider["name"], cider["invocations"]) == ("", 0)
    assert stats_json(view, "mead") is None


def test_all_of_the_instance() -> None:
    stats = stats_json(busy_view())
    assert stats is not None
    instance = stats["instance"]
    assert (instance["records"], instance["results"], instance["lag"]) == (5010, 5000, 7)
    assert instance["dead_letters"] == {
        "total": 10,
        "causes": [{"stage": "decode", "cause": "undecodable", "count": 10}],
    }
    assert instance["dropped"] == {"total": 1, "causes": [{"cause": "no-model", "count": 1}]}
    assert instance["rate_per_s"] == pytest.approx(500, rel=0.03)
    assert instance["uptime_s"] == pytest.approx(10)
    latency = instance["latency_ms"]
    assert (latency["count"], latency["min"], latency["max"]) == (5000, 1, 50)
    assert [latency[key] for key in ("p50", "p90", "p99", "p99_9")] == pytest.approx([25, 45, 50, 50], rel=0.03)
    assert instance["partitions"][1] == {"topic": "models_data", "partition": 1, "lag": 4, "waiting": "beer"}
    assert instance["waiting"] == [{"topic": "models_data", "partition": 1, "data_type": "beer"}]
    assert [(use["name"], use["in_service"]) for use in instance["use"]] == [(LINEAR.name, False), (FOREST.name, True)]
    assert [event["state"] for event in instance["events"]] == ["available", "available", "rejected"]
    assert (instance["events"][1]["previous"], instance["swaps"], instance["rejections"]) == (LINEAR.name, 2, 1)
    assert len(instance["last_scores"]) == 10
    json.dumps(stats, allow_nan=False)


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("5", "5"),
        (None, None),
        (True, True),
        (5.5, 5.5),
        (float("nan"), None),
        (float("inf"), None),
        (7, 7),
        (2**70, str(2**70)),
        (np.float64(2.5), 2.5),
        (np.int64(3), 3),
        (np.bool_(False), False),
        ({"a": 1}, "{'a': 1}"),
        (b"x", "b'x'"),
    ],
)
def test_results_of_all_types_have_a_json_form(result: object, shown: object) -> None:
    view = FakeView()
    view.now_scoring = replace(view.now_scoring, last_scores=(LastScore(1, "wine", "m", result),))
    stats = stats_json(view)
    assert stats is not None
    found = stats["instance"]["last_scores"][0]["result"]
    assert (found, type(found)) == (shown, type(shown))
