"""An instance's snapshots as Prometheus metrics; it measures nothing, and knows no HTTP beyond the media type.

Every series is made when it is asked for. Label sets are bounded: models by what the recorder keeps, data types by
`MOST_IN_SERVICE`, causes and outcomes by enumerations.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streamscore_cli import __version__
from streamscore_cli.core.failures import Cause, Stage
from streamscore_cli.state.histogram import Histogram
from streamscore_cli.state.snapshots import InstanceView, ModelsSnapshot, ModelUse, ScoringSnapshot, SinkSnapshot

PREFIX = "streamscore_"
MOST_IN_SERVICE = 500
"""Models in service that are named; the newest, where there are more."""

LATENCY_US = tuple(round(ms * 1e3) for ms in (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1e3, 2.5e3, 5e3, 1e4, 6e4, 6e5))
SCORING_NS = tuple(round(us * 1e3) for us in (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1e3, 1e4, 1e5, 1e6))
BATCH_RECORDS = (1, 10, 50, 100, 250, 500, 1000, 2000, 4000, 8000, 16_000)
"""Upper bounds of the buckets. A value counts under a bound when its bucket of the finer histogram begins at or below
it: one that is up to 1/32 larger than the bound may count under it, a smaller one always does."""

FROM_THE_START = (
    (Stage.DECODE, Cause.NULL_VALUE),
    (Stage.DECODE, Cause.UNDECODABLE),
    (Stage.DECODE, Cause.WRONG_TYPE),
    (Stage.ROUTE, Cause.UNKNOWN_DATA_TYPE),
    (Stage.ROUTE, Cause.NO_MODEL),
    (Stage.BIND, Cause.MISSING_INPUT),
    (Stage.BIND, Cause.WRONG_TYPE),
    (Stage.SCORE, Cause.MISSING_INPUT),
    (Stage.SCORE, Cause.INVALID_VALUE),
    (Stage.SCORE, Cause.SCORING_FAILED),
    (Stage.ENCODE, Cause.RESULT_TOO_LARGE),
)
"""Dead letters that are shown while there are none: a rate sees no first increase of a series that was not there."""

_US, _NS, _MS = 1e-6, 1e-9, 1e-3
_Kind = type[CounterMetricFamily] | type[GaugeMetricFamily]

_MODEL = ("data_type", "model", "version")
_INFO = ("data_type", "name", "version", "sha256", "engine", "format")


class Metrics:
    """The metrics of one instance, in a registry of their own."""

    def __init__(self, view: InstanceView) -> None:
        """Collect from `view`, and from the operating system about this process."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_InstanceCollector(view))
        ProcessCollector(registry=self._registry)

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the text, and its media type as the `Accept` header asks for it."""
        encoder, media_type = choose_encoder(accept)
        return encoder(self._registry), media_type


@dataclass(frozen=True, slots=True)
class _State:
    """What one answer is made from: all of the same moment."""

    scoring: ScoringSnapshot
    models: ModelsSnapshot
    sinks: Sequence[SinkSnapshot]
    ready: bool


_NOTHING = _State(ScoringSnapshot(0, 0), ModelsSnapshot(), (), ready=False)


class _InstanceCollector(Collector):
    def __init__(self, view: InstanceView) -> None:
        self._view = view

    def collect(self) -> Iterable[Metric]:
        """Yield every family."""
        view = self._view
        yield from families(_State(view.scoring(), view.models(), view.sinks(), view.readiness().ready))


def families(state: _State = _NOTHING) -> Iterator[Metric]:
    """Yield every family with its samples as of `state`."""
    for some in (_instance, _records, _by_model, _kafka, _models, _sinks):
        yield from some(state)


def _instance(state: _State) -> Iterator[Metric]:
    yield _gauge("ready", "1 when this instance can score, as /readyz says.", float(state.ready))
    yield _gauge("start_time_seconds", "When this instance started, since the epoch.", state.scoring.started_ms * _MS)
    labels = {"version": __version__, "python": platform.python_version()}
    yield _labelled(GaugeMetricFamily, "build_info", "What runs here.", tuple(labels), [(tuple(labels.values()), 1)])


def _records(state: _State) -> Iterator[Metric]:
    now = state.scoring
    yield _counter("records", "Records read: scored, dead letters and dropped.", now.records)
    letters = dict.fromkeys(FROM_THE_START, 0) | dict(now.dead_letters)
    yield _labelled(
        CounterMetricFamily, "dead_letters", "Records that became dead letters.", ("stage", "cause"),
        [((stage, cause), count) for (stage, cause), count in letters.items()],
    )  # fmt: skip
    yield _labelled(
        CounterMetricFamily, "dropped_records", "Records dropped by a policy that the operator chose.", ("cause",),
        [((cause,), count) for cause, count in now.dropped.items()],
    )  # fmt: skip
    yield _histograms("batch_records", "Records of a batch.", (), BATCH_RECORDS, 1.0, [((), now.batches)])


def _by_model(state: _State) -> Iterator[Metric]:
    uses = state.scoring.models
    labels = [_labels(use) for use in uses]
    yield _labelled(
        CounterMetricFamily, "results", "Results of each of the last models used.", _MODEL,
        list(zip(labels, (use.invocations for use in uses), strict=True)),
    )  # fmt: skip
    yield _histograms(
        "latency_seconds", "From a record's timestamp to its result, the client's queue included.", _MODEL,
        LATENCY_US, _US, list(zip(labels, (use.latency for use in uses), strict=True)),
    )  # fmt: skip
    yield _histograms(
        "scoring_seconds", "Time in the model a record: the mean of its batch.", _MODEL,
        SCORING_NS, _NS, list(zip(labels, (use.scoring for use in uses), strict=True)),
    )  # fmt: skip


def _kafka(state: _State) -> Iterator[Metric]:
    now = state.scoring
    yield _labelled(
        GaugeMetricFamily, "consumer_lag_records", "Records between this instance and the partition's end.",
        ("topic", "partition"), [((topic, str(number)), lag) for (topic, number), lag in now.lag.items()],
    )  # fmt: skip
    yield _gauge("assigned_partitions", "Partitions that this instance owns.", len(now.partitions))
    yield _gauge("waiting_partitions", "Partitions that wait for a model of their next record.", len(now.waiting))
    yield _counter("gap_records", "Records that retention took before they were read.", now.gaps)


def _models(state: _State) -> Iterator[Metric]:
    models = state.models
    named = models.in_service[-MOST_IN_SERVICE:]
    info = [
        (one.data_type, one.model.name, str(one.model.version), one.model.sha256, one.engine, one.format)
        for one in named
    ]
    yield _labelled(GaugeMetricFamily, "model_info", "1 for each model in service.", _INFO, [(one, 1) for one in info])
    figures: tuple[tuple[str, str, Callable[[int], float]], ...] = (
        ("model_since_timestamp_seconds", "Since when it is in service.", lambda at: named[at].since_ms * _MS),
        ("model_size_bytes", "The size of its artifact.", lambda at: named[at].size_bytes),
        ("model_load_seconds", "How long its admission took.", lambda at: named[at].load_ms * _MS),
    )
    for name, text, figure in figures:
        samples = [((one.data_type,), figure(place)) for place, one in enumerate(named)]
        yield _labelled(GaugeMetricFamily, name, text, ("data_type",), samples)
    outcomes = [(("admitted",), models.swaps), (("rejected",), models.rejections)]
    yield _labelled(CounterMetricFamily, "admissions", "Models that were tried, by outcome.", ("outcome",), outcomes)
    yield _counter("swaps", "Models put in service, the first of a data type included.", models.swaps)
    served = {one.data_type for one in models.in_service}
    missing = len(models.declared - served)
    yield _gauge("data_types_without_model", "Declared data types that no model answers for.", missing)


def _sinks(state: _State) -> Iterator[Metric]:
    figures: tuple[tuple[_Kind, str, str, Callable[[SinkSnapshot], float]], ...] = (
        (CounterMetricFamily, "sink_points", "Scores offered to a sink.", lambda sink: sink.points),
        (CounterMetricFamily, "sink_written_points", "Scores that a sink's service took.", lambda sink: sink.written),
        (GaugeMetricFamily, "sink_waiting_points", "Scores that a sink holds.", lambda sink: sink.waiting),
    )
    for kind, name, text, figure in figures:
        yield _labelled(kind, name, text, ("sink",), [((sink.name,), figure(sink)) for sink in state.sinks])
    dropped = [((sink.name, cause), count) for sink in state.sinks for cause, count in sink.dropped.items()]
    yield _labelled(
        CounterMetricFamily, "sink_dropped_points", "Scores that never reached a sink's service.", ("sink", "cause"),
        dropped,
    )  # fmt: skip


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, text, value=value)


def _labelled(
    kind: _Kind, name: str, text: str, labels: Sequence[str], samples: Sequence[tuple[Sequence[str], float]]
) -> Metric:
    family = kind(PREFIX + name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _histograms(
    name: str,
    text: str,
    labels: Sequence[str],
    bounds: Sequence[int],
    unit: float,
    samples: Sequence[tuple[Sequence[str], Histogram]],
) -> Metric:
    """Return a family of classic histograms; `bounds` are the histogram's integers, `unit` is theirs."""
    family = HistogramMetricFamily(PREFIX + name, text, labels=labels)
    named = [repr(float(f"{bound * unit:.6g}")) for bound in bounds]
    for values, histogram in samples:
        buckets = [*zip(named, map(float, histogram.up_to(bounds)), strict=True), ("+Inf", float(histogram.count))]
        family.add_metric(values, buckets, histogram.total * unit)
    return family


def _labels(use: ModelUse) -> tuple[str, str, str]:
    return use.data_type, use.model.name, str(use.model.version)
