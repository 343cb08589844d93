"""Traces of real batches, sent to a small OTLP receiver that reads what the protocol says."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from streamscore_cli.config.settings import Settings, TraceSettings
from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.core.choices import OnError
from streamscore_cli.core.errors import RecordRefused, SettingsError
from streamscore_cli.pipeline.no_tracing import NO_TRACING
from streamscore_cli.runtime.spans import MOST_LINKS, BatchTracer, links_of
from streamscore_cli.runtime.supervisor import Supervisor
from streamscore_cli.runtime.tracing import add_tracing, quiet_exporter
from tests.topology import Topology

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = b"00-0af7651916cd43dd8448eb211c80319d-00f067aa0ba902b7-00"
WAIT_S = 20.0


class Collector:
    """Takes spans at `/v1/traces`; answers `status` to each request."""

    def __init__(self, status: int = 200) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.paths: list[str] = []
        self.status = status
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.paths.append(self.path)
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(collector.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> Span:
        [span] = [span for span in self.spans if span.name == name]
        return span


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    thread = threading.Thread(target=started.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield started
    started.server.shutdown()
    started.server.server_close()
    thread.join()


@contextmanager
def tracing(endpoint: str) -> Iterator[BatchTracer]:
    """Yield a tracer; in the end all of it is stopped, as an instance does."""
    supervisor = Supervisor()
    tracer = add_tracing(Settings(traces=TraceSettings(endpoint)), supervisor, "me")
    assert isinstance(tracer, BatchTracer)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    yield tracer
    supervisor.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def attributes(span: Span) -> dict[str, object]:
    return {
        one.key: one.value.int_value if one.value.HasField("int_value") else one.value.string_value
        for one in span.attributes
    }


def test_a_batch_is_a_span_with_its_stages_as_children(collector: Collector) -> None:
    with tracing(collector.address) as tracer:
        topology = Topology(b"number:2", b"other:3", tracer=tracer)
        topology.feed(0, {"x": 1}, {"x": 1, "kind": "other"}, {"x": 2}, b"{junk")
        topology.source.headers = [[("traceparent", PARENT)], None, [("traceparent", OTHER)], [("traceparent", b"x")]]
        topology.step()
    batch = collector.named("process in")
    assert batch.kind == Span.SPAN_KIND_CONSUMER
    assert {(link.trace_id.hex(), link.span_id.hex()) for link in batch.links} == {
        ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),
        ("0af7651916cd43dd8448eb211c80319d", "00f067aa0ba902b7"),
    }
    assert attributes(batch) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "in",
        "messaging.consumer.group.name": "streamscore",
        "messaging.batch.message_count": 4,
        "streamscore.records": 4,
        "streamscore.results": 3,
        "streamscore.dead_letters": 1,
        "streamscore.dropped": 0,
    }
    [letters] = batch.events
    assert [one.value.string_value for one in letters.attributes][:1] == ["decode/undecodable"]
    stages = [span.name for span in collector.spans if span.parent_span_id == batch.span_id]
    assert stages == ["poll", "decode", "route", "score", "produce"]
    score = collector.named("score")
    parts = {span.name for span in collector.spans if span.parent_span_id == score.span_id}
    assert parts == {"score number", "encode number", "score other", "encode other"}
    assert {span.trace_id for span in collector.spans if span.name != "checkpoint"} == {batch.trace_id}
    model = attributes(collector.named("score other"))
    assert (model["streamscore.model.name"], model["streamscore.model.version"]) == ("times 3", 1)
    assert model["streamscore.records"] == 1
    assert attributes(collector.named("produce"))["messaging.destination.name"] == "out"
    assert collector.paths[0] == "/v1/traces"
    resource = collector.requests[0].resource_spans[0].resource.attributes
    named = {one.key: one.value.string_value for one in resource}
    assert (named["service.name"], named["service.instance.id"]) == ("streamscore", "me")


def test_stages_follow_each_other_within_their_batch(collector: Collector) -> None:
    with tracing(collector.address) as tracer:
        topology = Topology(b"number:2", tracer=tracer)
        topology.feed(0, {"x": 1})
        topology.step()
    batch = collector.named("process in")
    times = [batch.start_time_unix_nano]
    for name in ("poll", "decode", "route", "score", "produce"):
        span = collector.named(name)
        assert span.start_time_unix_nano == times[-1]
        times.append(span.end_time_unix_nano)
    assert times == sorted(times)
    assert times[-1] <= batch.end_time_unix_nano


def test_a_checkpoint_is_linked_to_the_batches_it_commits(collector: Collector) -> None:
    with tracing(collector.address + "/") as tracer:
        topology = Topology(b"number:2", tracer=tracer)
        topology.feed(0, {"x": 1})
        topology.step()
        topology.step()  # nothing new: no second span
    checkpoint = collector.named("checkpoint")
    assert [link.span_id for link in checkpoint.links] == [collector.named("process in").span_id]


def test_a_batch_that_ends_in_an_error_says_which(collector: Collector) -> None:
    with tracing(collector.address) as tracer:
        topology = Topology(b"number:2", on_error=OnError.STOP, tracer=tracer)
        topology.feed(0, b"{junk")
        with pytest.raises(RecordRefused):
            topology.step()
    batch = collector.named("process in")
    assert attributes(batch)["error.type"] == "RecordRefused"
    assert batch.status.code == 2
    assert [span.name for span in collector.spans if span.parent_span_id] == ["poll", "decode", "route", "score"]


@pytest.mark.parametrize(
    "headers", [[("traceparent", None)], [("other", PARENT)], [("traceparent", b"00-" + b"0" * 53)]]
)
def test_headers_that_name_no_trace_are_no_links(headers: list[tuple[str, bytes | None]]) -> None:
    assert links_of(RecordBatch("in", [b""], [None], [0], [0], [0], [headers])) == []


def test_links_are_bounded_and_each_is_there_once() -> None:
    names = [b"00-%032x-%016x-01" % (number + 1, number + 1) for number in range(1000)]
    headers = [[("traceparent", name)] * 2 for name in names]
    values = [b""] * 1000
    batch = RecordBatch("in", values, [None] * 1000, [0] * 1000, [0] * 1000, [0] * 1000, headers)
    links = links_of(batch)
    assert [link.context.span_id for link in links] == list(range(1, MOST_LINKS + 1))


def test_a_collector_that_is_away_harms_nothing_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    closed = Collector()
    closed.server.server_close()
    with caplog.at_level(logging.INFO):
        began_s = time.monotonic()
        with tracing(closed.address) as tracer:
            topology = Topology(b"number:2", tracer=tracer)
            for number in range(50):
                topology.feed(0, {"x": number})
                topology.step()
            assert topology.answers == [2 * number for number in range(50)]
        assert time.monotonic() - began_s < 15  # a bound against hanging, not a measurement
    assert [record.message for record in caplog.records if "traces" in record.message and record.levelno >= 30] == [
        f"traces do not arrive at {closed.address}/v1/traces; scoring goes on, spans are dropped"
    ]


class Scripted(SpanExporter):
    """Answers as told, or raises."""

    def __init__(self, *answers: SpanExportResult | Exception) -> None:
        self.answers = list(answers)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_failing_is_said_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    bad, good = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    failing = threading.Event()
    exporter = quiet_exporter(Scripted(good, bad, OSError("gone"), bad, good, good, bad), "there", failing)
    with caplog.at_level(logging.INFO):
        assert [exporter.export([]) for _ in range(7)] == [good, bad, bad, bad, good, good, bad]
    named = [record.__dict__["event"] for record in caplog.records]
    assert named == ["traces-failing", "traces-recovered", "traces-failing"]
    assert failing.is_set()


def test_without_an_endpoint_nothing_is_traced_and_nothing_imported() -> None:
    assert add_tracing(Settings(), Supervisor(), "me") is NO_TRACING
    code = "import sys, streamscore_cli.runtime.instance; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_endpoint_with_a_password_is_refused_and_not_told() -> None:
    settings = Settings(traces=TraceSettings("http://admin:hunter2@collector:4318"))
    with pytest.raises(SettingsError, match=r"traces\.endpoint") as caught:
        add_tracing(settings, Supervisor(), "me")
    assert "hunter2" not in str(caught.value)
