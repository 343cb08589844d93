"""The parts that the dashboards are made of: variables, queries, panels, annotations; which there are is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from grafana_foundation_sdk.builders import common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus as prometheus_build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from streamscore_cli.provision.grafana_wanted import INFLUXDB_UID, PROMETHEUS_UID

INFLUXDB = model.DataSourceRef(type_val="influxdb", uid="${influxdb}")
PROMETHEUS = model.DataSourceRef(type_val="prometheus", uid="${prometheus}")

HEIGHT = 8
STAT_HEIGHT = 4
SMALLEST_INTERVAL = "5s"
"""Points come once a second and model: a shorter interval shows now none, now two."""

T = TypeVar("T")


@dataclass(frozen=True)
class InfluxTarget(Dataquery):
    """A query in InfluxQL; the SDK has none of its own."""

    ref_id: str
    query: str
    alias: str = ""
    result_format: str = "time_series"

    def to_json(self) -> dict[str, object]:
        """Return it as Grafana's InfluxDB data source stores it."""
        named = {"alias": self.alias} if self.alias else {}
        return {
            "datasource": INFLUXDB,
            "refId": self.ref_id,
            "query": self.query,
            "rawQuery": True,
            "resultFormat": self.result_format,
            **named,
        }


@dataclass(frozen=True)
class Ready(Builder[T], Generic[T]):
    """Something that is built already, where the SDK asks for a builder."""

    built: T

    def build(self) -> T:
        """Return it."""
        return self.built


@dataclass(frozen=True)
class Json:
    """JSON as it is, for what the SDK has no fields for."""

    document: dict[str, object]

    def to_json(self) -> dict[str, object]:
        """Return it."""
        return self.document


def influx(*queries: tuple[str, str], as_table: bool = False) -> list[Builder[Dataquery]]:
    """Return targets from pairs of a query and its alias."""
    result_format = "table" if as_table else "time_series"
    return [
        Ready(InfluxTarget(ref_id, query, alias, result_format))
        for ref_id, (query, alias) in zip("ABCDEFGH", queries, strict=False)
    ]


def prometheus(*queries: tuple[str, str], instant: bool = False, as_table: bool = False) -> list[Builder[Dataquery]]:
    """Return targets from pairs of an expression and its legend."""
    targets: list[Builder[Dataquery]] = []
    for ref_id, (expression, legend) in zip("ABCDEFGH", queries, strict=False):
        target = prometheus_build.Dataquery().expr(expression).ref_id(ref_id).datasource(PROMETHEUS)
        target = target.legend_format(legend) if legend else target
        target = target.instant() if instant else target.range()
        if as_table:
            target = target.format(prometheus_model.PromQueryFormat.TABLE)
        targets.append(target)
    return targets


def source_variable(name: str, label: str, uid: str) -> build.DatasourceVariable:
    """Return the choice of a data source; ours is chosen where it is there."""
    chosen = model.VariableOption(selected=True, text=uid, value=uid)
    return build.DatasourceVariable(name).label(label).type(name).current(chosen)


INFLUXDB_VARIABLE = source_variable("influxdb", "InfluxDB", INFLUXDB_UID)
PROMETHEUS_VARIABLE = source_variable("prometheus", "Prometheus", PROMETHEUS_UID)


def query_variable(name: str, label: str, source: model.DataSourceRef, query: str) -> build.QueryVariable:
    """Return a choice of several values, all to begin with."""
    every = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(source)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .current(every)
    )


def number(title: str, what: str, targets: Sequence[Builder[Dataquery]], unit: str) -> stat.Panel:
    """Return one figure, with what it is as its tooltip."""
    source = _source(targets)
    return (
        stat.Panel()
        .title(title)
        .description(what)
        .datasource(source)
        .targets(list(targets))
        .unit(unit)
        .no_value("-")
        .graph_mode(looks.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(STAT_HEIGHT)
        .span(4)
    )


def lines(title: str, what: str, targets: Sequence[Builder[Dataquery]], unit: str, width: int = 12) -> timeseries.Panel:
    """Return a chart of lines."""
    source = _source(targets)
    panel = timeseries.Panel().interval(SMALLEST_INTERVAL) if source is INFLUXDB else timeseries.Panel()
    legend = (
        common.VizLegendOptions()
        .display_mode(looks.LegendDisplayMode.LIST)
        .placement(looks.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
    return (
        panel.title(title)
        .description(what)
        .datasource(source)
        .targets(list(targets))
        .unit(unit)
        .legend(legend)
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
        .fill_opacity(8)
        .show_points(looks.VisibilityMode.AUTO)
        .span_nulls(span_nulls=False)
        .height(HEIGHT)
        .span(width)
    )


def bars(title: str, what: str, targets: Sequence[Builder[Dataquery]], unit: str, width: int = 12) -> timeseries.Panel:
    """Return a chart of bars on top of each other."""
    stacked = common.StackingConfig().mode(looks.StackingMode.NORMAL)
    panel = lines(title, what, targets, unit, width).draw_style(looks.GraphDrawStyle.BARS)
    return panel.stacking(stacked).fill_opacity(60)


def rows(title: str, what: str, targets: Sequence[Builder[Dataquery]], width: int = 24) -> table.Panel:
    """Return a table."""
    source = _source(targets)
    panel = table.Panel().title(title).description(what).datasource(source).targets(list(targets))
    return panel.height(HEIGHT).span(width)


def prometheus_annotation(name: str, expression: str, title: str, colour: str, *, at_value: bool) -> Builder[Json]:
    """Return marks where an expression has values; with `at_value` each stands at the time that is its value, in ms."""
    document: dict[str, object] = {
        "name": name,
        "datasource": PROMETHEUS,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "expr": expression,
        "step": "60s",
        "titleFormat": title,
        "useValueForTime": at_value,
    }
    return Ready(Json(document))


def influx_annotation(name: str, query: str, text_column: str, tags_column: str, colour: str) -> Builder[Json]:
    """Return marks where a query finds points."""
    document: dict[str, object] = {
        "name": name,
        "datasource": INFLUXDB,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "query": query,
        "textColumn": text_column,
        "tagsColumn": tags_column,
    }
    return Ready(Json(document))


def _source(targets: Sequence[Builder[Dataquery]]) -> model.DataSourceRef:
    return INFLUXDB if isinstance(targets[0], Ready) else PROMETHEUS
