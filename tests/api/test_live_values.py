"""What the live page is sent, from a view that is busy with wine."""

from __future__ import annotations

from dataclasses import replace

from streamscore_cli.api.live_values import live_json
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.state.snapshots import Sample, SinkSnapshot
from tests.views import FakeView, busy_view, in_service


def test_the_first_state_has_the_history_and_later_ones_what_is_new() -> None:
    view = FakeView()
    view.now_history = tuple(Sample(second * 1000, 1, 2.04, 3, 4000, 5000, 6500, 7, 8) for second in range(1, 4))
    sample = {"results_per_s": 2.0, "p50_ms": 4.0, "p99_ms": 6.5}
    assert live_json(view)["history"] == [{"at_ms": at, **sample} for at in (1000, 2000, 3000)]
    assert live_json(view)["whole"] is True
    assert live_json(view, after_ms=2000)["history"] == [{"at_ms": 3000, **sample}]
    assert live_json(view, after_ms=2000)["whole"] is False
    assert live_json(view, after_ms=3000)["history"] == []


def test_an_instance_is_sent_with_its_counts() -> None:
    [instance] = live_json(busy_view())["instances"]
    assert (instance["name"], instance["host"], instance["port"], instance["ready"]) == (
        "wine-1",
        "10.0.0.7",
        5500,
        True,
    )
    assert (instance["records"], instance["results"], instance["lag"]) == (5010, 5000, 7)
    assert instance["dead_letters"] == {
        "total": 10,
        "causes": [{"stage": "decode", "cause": "undecodable", "count": 10}],
    }
    assert instance["partitions"] == [
        {"topic": "models_data", "partition": 0, "lag": 3, "waiting": ""},
        {"topic": "models_data", "partition": 1, "lag": 4, "waiting": "beer"},
    ]
    assert [event["state"] for event in instance["events"]] == ["available", "available", "rejected"]
    assert instance["last_scores"][-1]["result"] == "5"


def test_a_model_is_sent_with_its_use_and_one_without_use_with_none() -> None:
    view = busy_view()
    unused = in_service(ModelIdentity("never used", 3, "aa"), "beer")
    view.now_models = replace(view.now_models, in_service=(*view.now_models.in_service, unused))
    used, idle = live_json(view)["instances"][0]["models"]
    assert (used["name"], used["version"], used["data_type"], used["results"]) == (
        "winequality random forest",
        17,
        "wine",
        2500,
    )
    assert 1.2e-3 < used["scoring_p99_ms"] < 1.3e-3, "61,725 ns for 50 records"
    assert 48 < used["latency_p99_ms"] <= 50.5, "latencies are 1 to 50 ms"
    assert (idle["results"], idle["rate_per_s"], idle["scoring_p99_ms"], idle["latency_p99_ms"]) == (0, 0, 0, 0)


def test_a_sink_is_sent_with_what_it_lost() -> None:
    view = busy_view()
    view.now_sinks = (SinkSnapshot("influxdb", "http://influx:8086", 9, 4, 3, {"queue-full": 2, "refused": 1}, "away"),)
    assert live_json(view)["instances"][0]["sinks"] == [
        {"name": "influxdb", "written": 4, "waiting": 3, "dropped_total": 3, "problem": "away"}
    ]
