"""Batches and checkpoints as OpenTelemetry spans; who exports them is in `tracing.py`, which alone imports this.

A batch is one trace: `process <topic>` with the children poll, decode, route, score (with a child per model, and one
for the encoding of its results) and produce. A checkpoint is a trace of its own, linked to the batches it commits.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from streamscore_cli.core.batch import RecordBatch
from streamscore_cli.state.snapshots import BatchObservation, SlotUse

MOST_LINKS = 128
"""Links of a span, at most: of a batch to the records' traces, of a checkpoint to its batches."""

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class BatchTracer:
    """The port `Tracer` with spans; used by the scoring thread only."""

    def __init__(self, tracer: Tracer, group: str) -> None:
        """Make spans with `tracer`; `group` is the consumer group."""
        self._tracer = tracer
        self._group = group
        self._poll_began_ns = 0
        self._commit_began_ns = 0
        self._uncommitted: list[SpanContext] = []

    def polling(self) -> None:
        """Note that a poll begins."""
        self._poll_began_ns = time.time_ns()

    def batch(self, batch: RecordBatch) -> SpanTrace:
        """Return the trace of a batch, which begins with the poll that brought it."""
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": batch.topic,
            "messaging.consumer.group.name": self._group,
            "messaging.batch.message_count": len(batch),
        }
        span = self._tracer.start_span(
            f"process {batch.topic}",
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            links=links_of(batch),
            start_time=self._poll_began_ns or None,
        )
        context = span.get_span_context()
        if span.is_recording() and len(self._uncommitted) < MOST_LINKS:
            self._uncommitted.append(context)
        return SpanTrace(self._tracer, span, self._poll_began_ns)

    def committing(self) -> None:
        """Note that it is looked whether a checkpoint is due."""
        self._commit_began_ns = time.time_ns()

    def committed(self) -> None:
        """Make the span of a checkpoint, linked to the batches since the one before."""
        batches, self._uncommitted = self._uncommitted, []
        if batches:
            links = [Link(context) for context in batches]
            attributes: dict[str, str | int] = {
                "messaging.system": "kafka",
                "messaging.operation.name": "commit",
                "messaging.operation.type": "settle",
                "messaging.consumer.group.name": self._group,
                "streamscore.batches": len(batches),
            }
            self._tracer.start_span(
                "checkpoint", kind=SpanKind.CLIENT, attributes=attributes, links=links, start_time=self._commit_began_ns
            ).end()


class SpanTrace:
    """The port `BatchTrace` as a span with a child a stage."""

    def __init__(self, tracer: Tracer, span: Span, began_ns: int) -> None:
        """Take the span of the batch, which began with the poll at `began_ns`."""
        self._tracer = tracer
        self._span = span
        self._marks: list[tuple[str, int, int]] = []
        now_ns = time.time_ns()
        self._ahead_ns = now_ns - time.perf_counter_ns()
        self._mark_ns = began_ns or now_ns
        self.ended("poll")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(Status(StatusCode.ERROR, str(error)))
            for name, began_ns, ended_ns in self._marks:
                self._child(name, began_ns, ended_ns, {})
        self._span.end()

    def ended(self, stage: str) -> None:
        """Note that a stage has ended now."""
        now_ns = time.time_ns()
        self._marks.append((stage, self._mark_ns, now_ns))
        self._mark_ns = now_ns

    def outcome(self, observation: BatchObservation, results_topic: str) -> None:
        """Make the spans of the stages, with what became of the records."""
        if not self._span.is_recording():
            return
        results = sum(use.records for use in observation.slots)
        failures = {f"{stage.value}/{cause.value}": count for (stage, cause), count in observation.dead_letters.items()}
        self._span.set_attributes(
            {
                "streamscore.records": observation.records,
                "streamscore.results": results,
                "streamscore.dead_letters": sum(failures.values()),
                "streamscore.dropped": sum(observation.dropped.values()),
            }
        )
        for failure, count in failures.items():
            self._span.add_event("dead letters", {"streamscore.failure": failure, "streamscore.records": count})
        sent = {
            "messaging.system": "kafka",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.destination.name": results_topic,
            "messaging.batch.message_count": results,
        }
        for stage, began_ns, ended_ns in self._marks:
            child = self._child(stage, began_ns, ended_ns, sent if stage == "produce" else {})
            if stage == "score":
                for use in observation.slots:
                    self._model(child, use)
        self._marks = []

    def _model(self, parent: Span, use: SlotUse) -> None:
        began_ns = use.begun_ns + self._ahead_ns
        scored_ns = began_ns + use.scoring_ns
        attributes = {
            "streamscore.data_type": use.data_type,
            "streamscore.model.name": use.model.name,
            "streamscore.model.version": use.model.version,
            "streamscore.model.sha256": use.model.sha256,
            "streamscore.records": use.records,
        }
        self._child(f"score {use.data_type}", began_ns, scored_ns, attributes, parent)
        self._child(f"encode {use.data_type}", scored_ns, use.encoded_ns + self._ahead_ns, {}, parent)

    def _child(
        self, name: str, began_ns: int, ended_ns: int, attributes: Mapping[str, Any], parent: Span | None = None
    ) -> Span:
        context = set_span_in_context(parent or self._span)
        child = self._tracer.start_span(name, context=context, attributes=attributes, start_time=began_ns)
        child.end(ended_ns)
        return child


def links_of(batch: RecordBatch) -> list[Link]:
    """Return links to the traces that the `traceparent` headers of a batch name, each once, the first 128 of them."""
    found: dict[bytes, Link] = {}
    for headers in batch.headers or ():
        for name, value in headers or ():
            if name == "traceparent" and value is not None and value not in found:
                context = _context_of(value)
                if context is not None:
                    found[value] = Link(context)
        if len(found) >= MOST_LINKS:
            break
    return list(found.values())[:MOST_LINKS]


def _context_of(traceparent: bytes) -> SpanContext | None:
    """Return what a W3C trace context header names; None where it names nothing, as all zeros do."""
    parts = _TRACEPARENT.fullmatch(traceparent)
    if parts is None or traceparent.startswith(b"ff"):
        return None
    context = SpanContext(
        int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=TraceFlags(int(parts[3], 16))
    )
    return context if context.is_valid else None
