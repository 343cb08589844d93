"""The dashboard of how the servers fare, from the metrics in Prometheus (docs/metrics.md)."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards.panels import (
    PROMETHEUS,
    PROMETHEUS_VARIABLE,
    bars,
    lines,
    number,
    prometheus,
    prometheus_annotation,
    query_variable,
    rows,
)

OURS = 'instance=~"$instance"'
RATE = "[$__rate_interval]"


def operations() -> build.Dashboard:
    """Return the dashboard."""
    board = (
        build.Dashboard("streamscore: operations")
        .uid("streamscore-operations")
        .description("How the servers fare: lag, batches, dead letters, admissions, memory, restarts.")
        .tags(["streamscore"])
        .timezone("browser")
        .refresh("30s")
        .time("now-1h", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(PROMETHEUS_VARIABLE)
        .with_variable(query_variable("instance", "Instance", PROMETHEUS, "label_values(streamscore_ready, instance)"))
    )
    _annotate(board)
    _figures(board)
    _records(board)
    _models(board)
    _processes(board)
    return board


def rate(metric: str, by: str, labels: str = "") -> str:
    """Return the rate of a counter, summed by labels."""
    chosen = f"{OURS}, {labels}" if labels else OURS
    summed = f"sum by ({by})" if by else "sum"
    return f"{summed} (rate({metric}{{{chosen}}}{RATE}))"


def quantile(share: float, metric: str, by: str = "") -> str:
    """Return a quantile of a histogram."""
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', f'le, {by}' if by else 'le')})"


def _annotate(board: build.Dashboard) -> None:
    board.annotation(
        prometheus_annotation(
            "Model swaps",
            f"streamscore_model_since_timestamp_seconds{{{OURS}}} * 1000"
            " * on (instance, data_type) group_left (name, version) streamscore_model_info",
            "{{instance}}, {{data_type}}: {{name}}, version {{version}}",
            "purple",
            at_value=True,
        )
    )
    board.annotation(
        prometheus_annotation(
            "Starts", f"streamscore_start_time_seconds{{{OURS}}} * 1000", "{{instance}} started", "blue", at_value=True
        )
    )
    board.annotation(
        prometheus_annotation(
            "Rejected models",
            f'changes(streamscore_admissions_total{{{OURS}, outcome="rejected"}}[1m]) > 0',
            "{{instance}} rejected a model",
            "red",
            at_value=False,
        )
    )


def _figures(board: build.Dashboard) -> None:
    figures = (
        ("Instances ready", "Of those chosen.", f"sum(streamscore_ready{{{OURS}}})", "none"),
        ("Records a second", "Scored, dead letters and dropped.", rate("streamscore_records_total", ""), "cps"),
        (
            "Lag",
            "Records between the instances and the ends of their partitions.",
            f"sum(streamscore_consumer_lag_records{{{OURS}}})",
            "short",
        ),
        (
            "Models in service",
            "Data types with a model.",
            f"count(count by (data_type) (streamscore_model_info{{{OURS}}}))",
            "none",
        ),
        (
            "Data types without model",
            "Declared, and no model answers for them.",
            f"max(streamscore_data_types_without_model{{{OURS}}})",
            "none",
        ),
        (
            "Dead letters",
            "In the time shown.",
            f"sum(increase(streamscore_dead_letters_total{{{OURS}}}[$__range]))",
            "short",
        ),
    )
    for title, what, expression, unit in figures:
        board.with_panel(number(title, what, prometheus((expression, ""), instant=True), unit))


def _records(board: build.Dashboard) -> None:
    board.with_row(build.Row("Records"))
    lag = prometheus(
        (f"sum by (topic, partition) (streamscore_consumer_lag_records{{{OURS}}})", "{{topic}} {{partition}}")
    )
    board.with_panel(lines("Lag by partition", "Records between the instance and the partition's end.", lag, "short"))
    records = prometheus((rate("streamscore_records_total", "instance"), "{{instance}}"))
    board.with_panel(lines("Records by instance", "Records a second.", records, "cps"))
    batches = prometheus(
        (quantile(0.5, "streamscore_batch_records"), "p50"),
        (quantile(0.95, "streamscore_batch_records"), "p95"),
        (f"{rate('streamscore_batch_records_sum', '')} / {rate('streamscore_batch_records_count', '')}", "mean"),
    )
    board.with_panel(lines("Batch sizes", "Records of a batch.", batches, "short", 8))
    count = prometheus((rate("streamscore_batch_records_count", "instance"), "{{instance}}"))
    board.with_panel(lines("Batches", "Batches a second.", count, "cps", 8))
    partitions = prometheus(
        (f"sum by (instance) (streamscore_assigned_partitions{{{OURS}}})", "{{instance}} assigned"),
        (f"sum by (instance) (streamscore_waiting_partitions{{{OURS}}})", "{{instance}} waiting for a model"),
    )
    board.with_panel(lines("Partitions", "Owned, and held at a record whose model is missing.", partitions, "none", 8))
    dead = prometheus((rate("streamscore_dead_letters_total", "stage, cause"), "{{stage}}: {{cause}}"))
    board.with_panel(bars("Dead letters by cause", "Records a second.", dead, "cps"))
    lost = prometheus(
        (rate("streamscore_dropped_records_total", "cause"), "dropped: {{cause}}"),
        (rate("streamscore_gap_records_total", ""), "taken by retention"),
    )
    board.with_panel(bars("Dropped records", "Records a second, by a policy or by retention.", lost, "cps"))


def _models(board: build.Dashboard) -> None:
    board.with_row(build.Row("Models"))
    results = prometheus((rate("streamscore_results_total", "model, version"), "{{model}} {{version}}"))
    board.with_panel(lines("Results by model", "Results a second.", results, "cps", 8))
    for title, what, metric in (
        ("Latency", "From a record's timestamp to its result.", "streamscore_latency_seconds"),
        ("Scoring", "Time in the model a record.", "streamscore_scoring_seconds"),
    ):
        percentiles = prometheus(*((quantile(share, metric), f"p{share * 100:g}") for share in (0.5, 0.9, 0.99)))
        board.with_panel(lines(title, what, percentiles, "s", 8))
    tried = prometheus(
        (f"sum by (outcome) (increase(streamscore_admissions_total{{{OURS}}}{RATE}))", "{{outcome}}"),
        (f"sum (increase(streamscore_swaps_total{{{OURS}}}{RATE}))", "swaps"),
    )
    board.with_panel(bars("Admissions and swaps", "Models that were tried, and put in service.", tried, "short", 8))
    info = prometheus(
        (f"sum by (data_type, name, version, engine, format, sha256) (streamscore_model_info{{{OURS}}})", ""),
        instant=True,
        as_table=True,
    )
    board.with_panel(rows("Models in service", "Value: how many instances serve it.", info, 16))


def _processes(board: build.Dashboard) -> None:
    board.with_row(build.Row("Processes"))
    by_instance = "{{instance}}"
    memory = prometheus((f"process_resident_memory_bytes{{{OURS}}}", by_instance))
    board.with_panel(lines("Memory", "Resident memory.", memory, "bytes", 8))
    processor = prometheus((f"rate(process_cpu_seconds_total{{{OURS}}}{RATE})", by_instance))
    board.with_panel(lines("Processor", "Cores in use.", processor, "none", 8))
    starts = prometheus((f"changes(streamscore_start_time_seconds{{{OURS}}}[1h])", by_instance))
    board.with_panel(lines("Restarts", "In the hour before each moment.", starts, "none", 8))
    written = prometheus((rate("streamscore_sink_written_points_total", "sink"), "{{sink}} written"))
    board.with_panel(lines("Sink: written", "Scores a second that its service took.", written, "cps", 8))
    waiting = prometheus((f"sum by (sink) (streamscore_sink_waiting_points{{{OURS}}})", "{{sink}} waiting"))
    board.with_panel(lines("Sink: waiting", "Scores that the sink holds.", waiting, "short", 8))
    dropped = prometheus((rate("streamscore_sink_dropped_points_total", "sink, cause"), "{{sink}}: {{cause}}"))
    board.with_panel(bars("Sink: dropped", "Scores a second that never got there.", dropped, "cps", 8))
