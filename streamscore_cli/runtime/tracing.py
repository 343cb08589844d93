"""Traces of batches for OpenTelemetry, over OTLP/HTTP; without an endpoint in the settings nothing is imported.

What the collector does is never seen by the scoring thread: spans wait in a bounded queue, which a thread of the SDK
empties. What the spans say is in `spans.py`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from streamscore_cli import __version__
from streamscore_cli.config.addresses import checked_url
from streamscore_cli.config.settings import Settings
from streamscore_cli.core.errors import MissingDependency
from streamscore_cli.core.log_events import event
from streamscore_cli.pipeline.no_tracing import NO_TRACING, NoTracing
from streamscore_cli.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

    from streamscore_cli.runtime.spans import BatchTracer

log = logging.getLogger("streamscore.traces")

QUEUE_SPANS = 4096
REQUEST_S = 3.0
ENDING_S = 4.0
HOPELESS_S = 0.5
"""Spans that wait at most, what one request may take, and what the end of the server waits for the last of them: while
the collector takes some, and while it does not."""

_PATH = "/v1/traces"


def add_tracing(settings: Settings, supervisor: Supervisor, instance: str) -> BatchTracer | NoTracing:
    """Return the tracer that the settings ask for, whose end the supervisor brings about.

    Raises `SettingsError` for an endpoint that is no address, and `MissingDependency` when there is one and
    OpenTelemetry is not installed.
    """
    endpoint = checked_url("traces.endpoint", settings.traces.endpoint)
    if not endpoint:
        return NO_TRACING
    failing = threading.Event()
    provider = _provider(settings, endpoint, instance, failing)
    from streamscore_cli.runtime.spans import BatchTracer

    def run(stopping: Callable[[], bool]) -> None:
        while not stopping():
            time.sleep(0.1)
        ending = threading.Thread(target=provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(HOPELESS_S if failing.is_set() else ENDING_S)

    supervisor.add("traces", run, may_be_late_s=ENDING_S + 0.5)
    return BatchTracer(provider.get_tracer("streamscore", __version__), settings.scoring.group)


def _provider(settings: Settings, endpoint: str, instance: str, failing: threading.Event) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise MissingDependency(
            f"Traces are asked for (traces.endpoint), but {error.name or 'OpenTelemetry'} is not installed.",
            "Install it with: pip install 'streamscore[traces]'",
        ) from error
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a dead collector is said once, below
    endpoint = endpoint.rstrip("/")
    endpoint = endpoint if endpoint.endswith(_PATH) else endpoint + _PATH
    named = {
        "service.name": settings.traces.service_name,
        "service.version": __version__,
        "service.instance.id": instance,
    }
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    exporter = quiet_exporter(OTLPSpanExporter(endpoint=endpoint, timeout=REQUEST_S), endpoint, failing)
    provider.add_span_processor(BatchSpanProcessor(exporter, QUEUE_SPANS, 1000, 512))
    return provider


def quiet_exporter(inner: SpanExporter, endpoint: str, failing: threading.Event) -> SpanExporter:
    """Return `inner`, raising nothing, and saying once when it begins to fail and once when it goes well again.

    `failing` is set while spans do not arrive.
    """
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class QuietExporter(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            try:
                result = inner.export(spans)
            except Exception:
                log.debug("exporting spans failed", exc_info=True)
                result = SpanExportResult.FAILURE
            failed = result is not SpanExportResult.SUCCESS
            if failed and not failing.is_set():
                extra = event("traces-failing", endpoint=endpoint)
                log.warning("traces do not arrive at %s; scoring goes on, spans are dropped", endpoint, extra=extra)
            elif failing.is_set() and not failed:
                log.info("traces arrive again at %s", endpoint, extra=event("traces-recovered", endpoint=endpoint))
            if failed:
                failing.set()
            else:
                failing.clear()
            return result

        def shutdown(self) -> None:
            inner.shutdown()

    return QuietExporter()
