"""The dashboard of what is served, from the points in InfluxDB (docs/wire-format.md): throughput, latency, scores."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards.panels import (
    INFLUXDB,
    INFLUXDB_VARIABLE,
    PROMETHEUS_VARIABLE,
    bars,
    influx,
    influx_annotation,
    lines,
    number,
    prometheus_annotation,
    query_variable,
    rows,
)

CHOSEN = '"data_type" =~ /^$data_type$/ AND "model" =~ /^$model$/'
IN_RANGE = f"{CHOSEN} AND $timeFilter"
LAST_MINUTE = f"{CHOSEN} AND time > now() - 1m"
BY_TIME = "GROUP BY time($__interval)"
PER_SECOND = 'sum("count") * 1000 / $__interval_ms'
SECONDS = '"serving_seconds"'


def select(fields: str, *, of: str = SECONDS, where: str = IN_RANGE, then: str = "") -> str:
    """Return a query in InfluxQL."""
    return " ".join(("SELECT", fields, "FROM", of, "WHERE", where, then)).rstrip()


def serving() -> build.Dashboard:
    """Return the dashboard."""
    board = (
        build.Dashboard("streamscore: serving")
        .uid("streamscore-serving")
        .description("What streamscore serves: throughput, latency and scores by model, with the swaps of models.")
        .tags(["streamscore"])
        .timezone("browser")
        .refresh("10s")
        .time("now-15m", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(INFLUXDB_VARIABLE)
        .with_variable(PROMETHEUS_VARIABLE)
        .with_variable(_values_of("data_type", "Data type").all_value(".*"))
        .with_variable(_values_of("model", "Model").all_value(".*"))
    )
    _annotate(board)
    _figures(board)
    _charts(board)
    return board


def _values_of(tag: str, label: str) -> build.QueryVariable:
    return query_variable(tag, label, INFLUXDB, f'SHOW TAG VALUES FROM {SECONDS} WITH KEY = "{tag}"')


def _annotate(board: build.Dashboard) -> None:
    board.annotation(
        prometheus_annotation(
            "Model swaps",
            "streamscore_model_since_timestamp_seconds * 1000"
            " * on (instance, data_type) group_left (name, version) streamscore_model_info",
            "{{data_type}}: {{name}}, version {{version}}",
            "purple",
            at_value=True,
        )
    )
    first = select('first("count") AS "scores", "model", "version"', then='GROUP BY "data_type", "version"')
    board.annotation(influx_annotation("First score of a model", first, "model", "version", "semi-dark-orange"))


def _figures(board: build.Dashboard) -> None:
    used = select('sum("count") AS "scores"', where=LAST_MINUTE, then='GROUP BY "data_type", "version"')
    figures = (
        ("Scores a second", "Mean of the last minute.", 'sum("count") / 60', "cps"),
        (
            "Latency p99",
            "From a record's timestamp to its score; the worst second of the last minute.",
            'max("latency_p99")',
            "ms",
        ),
        ("Latency p50", "Mean of the seconds of the last minute.", 'mean("latency_p50")', "ms"),
        ("Scoring p99", "In the model, a record; the worst second of the last minute.", 'max("duration_p99")', "ms"),
        ("Scoring, mean", "In the model, a record; the last minute.", 'mean("duration_mean")', "ms"),
    )
    for title, what, field, unit in figures:
        board.with_panel(number(title, what, influx((select(field, where=LAST_MINUTE), "")), unit))
    models = influx((select('count("scores")', of=f"({used})", where="time > now() - 1m"), ""))
    board.with_panel(number("Models that scored", "Versions of models, in the last minute.", models, "none"))


def _charts(board: build.Dashboard) -> None:
    def series(field: str, tags: str = "", fill: str = "null", table: str = SECONDS) -> str:
        grouped = f"{BY_TIME}, {tags}" if tags else BY_TIME
        return select(field, of=table, then=f"{grouped} fill({fill})")

    model = '"model", "version"'
    board.with_row(build.Row("Throughput"))
    board.with_panel(
        bars(
            "Scores by data type",
            "Scores a second.",
            influx((series(PER_SECOND, '"data_type"', "0"), "$tag_data_type")),
            "cps",
        )
    )
    board.with_panel(
        lines(
            "Scores by model",
            "Scores a second.",
            influx((series(PER_SECOND, model, "0"), "$tag_model $tag_version")),
            "cps",
        )
    )
    board.with_row(build.Row("Latency"))
    for title, what, field in (
        ("Latency", "From a record's timestamp to its score.", "latency"),
        ("Scoring", "Time in the model a record.", "duration"),
    ):
        percentiles = influx(
            (series(f'mean("{field}_p50")'), "p50"),
            (series(f'mean("{field}_p90")'), "p90"),
            (series(f'max("{field}_p99")'), "p99"),
            (series(f'max("{field}_max")'), "max"),
        )
        said = f"{what} p50 and p90 are means over the seconds of an interval, p99 and max those of the worst."
        board.with_panel(lines(title, said, percentiles, "ms"))
    p99 = influx((series('max("duration_p99")', model), "$tag_model $tag_version"))
    board.with_panel(lines("Scoring p99 by model", "Of the worst second of an interval.", p99, "ms", 24))
    board.with_row(build.Row("Scores"))
    calculated = influx((series('mean("calculated_mean")', model, "none"), "$tag_model $tag_version"))
    board.with_panel(lines("Calculated", "The mean of the scores of each model.", calculated, "none"))
    labels = influx((series('sum("count")', '"label"', "0", '"serving_labels"'), "$tag_label"))
    board.with_panel(bars("Labels", "How often each label was the score.", labels, "short"))
    board.with_panel(
        rows("Models", "Over the time shown; times in milliseconds.", influx((_models(), ""), as_table=True))
    )
    board.with_panel(
        rows(
            "Newest points",
            "Single scores, or means of a second at high rates.",
            influx((_newest(), ""), as_table=True),
        )
    )


def _models() -> str:
    fields = (
        'sum("count") AS "scores", mean("duration_mean") AS "scoring", max("duration_p99") AS "scoring p99", '
        'mean("latency_p50") AS "latency p50", max("latency_p99") AS "latency p99"'
    )
    return select(fields, then='GROUP BY "data_type", "model", "version", "engine"')


def _newest() -> str:
    fields = '"data_type", "model", "version", "calculated", "label", "duration", "partition"'
    return select(fields, of='"serving"', then="ORDER BY time DESC LIMIT 50")
