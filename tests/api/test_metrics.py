"""The metrics: what they say, that they stay bounded, and that strangers' names cannot break them."""

from __future__ import annotations

from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic

from streamscore_cli.api.metrics import MOST_IN_SERVICE, Metrics
from streamscore_cli.core.models import ModelIdentity
from streamscore_cli.sinks.point_maker import TOO_OLD
from streamscore_cli.state.histogram import Histogram
from streamscore_cli.state.recorder import MOST_USES, Recorder
from streamscore_cli.state.snapshots import BatchObservation, ModelsSnapshot, SinkSnapshot, SlotUse
from tests.api.conftest import Running
from tests.fakes import FakeClock
from tests.views import FakeView, busy_view, in_service

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]


def scrape(view: FakeView) -> Samples:
    text, _ = Metrics(view).render("")
    families = parse_classic(text.decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def of(samples: Samples, name: str, /, **labels: str) -> float:
    return samples["streamscore_" + name, frozenset(labels.items())]


def series(samples: Samples, name: str) -> int:
    return sum(one == "streamscore_" + name for one, _ in samples)


def test_what_a_busy_instance_says() -> None:
    view = busy_view()
    samples = scrape(view)
    forest = {"data_type": "wine", "model": "winequality random forest", "version": "17"}
    assert of(samples, "records_total") == 5010
    assert of(samples, "results_total", **forest) == 2500
    assert of(samples, "dead_letters_total", stage="decode", cause="undecodable") == 10
    assert of(samples, "dead_letters_total", stage="score", cause="scoring-failed") == 0
    assert of(samples, "dropped_records_total", cause="no-model") == 1
    assert of(samples, "consumer_lag_records", topic="models_data", partition="1") == 4
    assert of(samples, "assigned_partitions") == 2
    assert of(samples, "waiting_partitions") == 1
    assert of(samples, "admissions_total", outcome="rejected") == 1
    assert of(samples, "swaps_total") == 2
    assert of(samples, "ready") == 1
    assert of(samples, "model_load_seconds", data_type="wine") == pytest.approx(0.07825)
    names = {"name": "winequality random forest", "version": "17", "sha256": "2e" * 32}
    assert of(samples, "model_info", data_type="wine", engine="pmml", format="pmml", **names) == 1


def test_latencies_are_cumulative_buckets_in_seconds() -> None:
    samples = scrape(busy_view())  # in every batch of 50 one record took 1 ms, one 2 ms, and so on up to 50 ms
    linear = {"data_type": "wine", "model": "winequality linear regression", "version": "12"}
    for bound, of_50 in (("0.001", 1), ("0.0025", 2), ("0.005", 5), ("0.01", 10), ("0.025", 25), ("0.05", 50)):
        assert of(samples, "latency_seconds_bucket", le=bound, **linear) == 50 * of_50
    assert of(samples, "latency_seconds_bucket", le="+Inf", **linear) == 2500
    assert of(samples, "latency_seconds_count", **linear) == 2500
    assert of(samples, "latency_seconds_sum", **linear) == pytest.approx(50 * sum(range(1, 51)) / 1000)
    assert of(samples, "scoring_seconds_bucket", le="5e-07", **linear) == 0
    assert of(samples, "scoring_seconds_bucket", le="1e-06", **linear) == 2500  # 30 us a batch of 50: 0.6 us


def test_bounds_hold_values_up_to_them_and_at_most_a_32nd_more() -> None:
    values = [1, 99, 100, 101, 103, 104, 110, 10_000]
    assert Histogram.of(values).up_to([1, 100, 9_000, 10_000]) == [1, 4, 7, 8]  # 100 lies in the bucket [100, 102)
    assert Histogram().up_to([1, 2]) == [0, 0]


def test_a_sink_says_what_it_wrote_and_lost() -> None:
    view = busy_view()
    view.now_sinks = (SinkSnapshot("influxdb", "http://influx:8086", 100, 70, 10, {"queue-full": 20}),)
    samples = scrape(view)
    assert of(samples, "sink_points_total", sink="influxdb") == 100
    assert of(samples, "sink_written_points_total", sink="influxdb") == 70
    assert of(samples, "sink_waiting_points", sink="influxdb") == 10
    assert of(samples, "sink_dropped_points_total", sink="influxdb", cause="queue-full") == 20


def test_a_thousand_models_that_come_and_go_keep_the_series_bounded_and_the_totals_growing() -> None:
    view, clock = FakeView(), FakeClock()
    recorder = Recorder(clock)
    records = []
    for number in range(1000):
        model = ModelIdentity(f"model {number}", number, "aa")
        recorder.record(BatchObservation(10, 10, (SlotUse(f"type {number}", model, 10, 10, 1, [5] * 10),), {}, {}))
        view.now_models = ModelsSnapshot(in_service=(*view.now_models.in_service, in_service(model, f"type {number}")))
        if number % 100 == 99:
            recorder.publish(force=True)
            view.now_scoring = recorder.snapshot()
            samples = scrape(view)
            records.append(of(samples, "records_total"))
            assert series(samples, "results_total") <= MOST_USES
            assert series(samples, "latency_seconds_count") <= MOST_USES
            assert series(samples, "model_info") <= MOST_IN_SERVICE
    assert records == [1000.0 * (step + 1) for step in range(10)]


def test_names_of_strangers_cannot_break_the_format() -> None:
    view = busy_view()
    name = 'evil"} 1\nstreamscore_ready 0\n\\'
    use = replace(view.now_scoring.models[0], model=ModelIdentity(name, 1, "aa"))
    view.now_scoring = replace(view.now_scoring, models=(use,))
    samples = scrape(view)
    assert of(samples, "ready") == 1
    assert of(samples, "results_total", data_type="wine", model=name, version="1") == 2500


def test_over_http_in_the_form_asked_for_and_without_a_token(server: Running) -> None:
    for accept, parse, media_type in (
        ("", parse_classic, "text/plain"),
        ("application/openmetrics-text; version=1.0.0", parse_openmetrics, "application/openmetrics-text"),
    ):
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/metrics", headers={"accept": accept})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert (answer.status, str(answer.getheader("content-type")).split(";")[0]) == (200, media_type)
        names = {family.name for family in parse(text)}
        assert {"streamscore_records", "streamscore_ready"} <= names | {one.removesuffix("_total") for one in names}
        assert "process_cpu_seconds" in text
        connection.close()


def test_the_alert_about_drops_leaves_out_a_cause_that_there_is() -> None:
    rules = (Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "streamscore.rules.yaml").read_text()
    assert f'streamscore_sink_dropped_points_total{{cause!="{TOO_OLD}"}}' in rules
