"""The parts of the full-screen view, each a table with one line a row; how they share the screen is in `watch_view`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from rich.text import Text

from streamscore_cli.core.choices import StatsSort
from streamscore_cli.ui.fitting import Column, Row, fit
from streamscore_cli.ui.model_rows import ModelRow
from streamscore_cli.ui.quantities import count, duration_ms, rate, result_text, time_of_day, uptime
from streamscore_cli.ui.stats_document import Reading, recent_of

ALL = 1_000_000
LEAST_MODELS = 5
"""Models that are shown before later sections get any room."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table: from number `first`, `most` rows at most, `least` before later sections get any."""

    columns: tuple[Column, ...]
    rows: Sequence[Row]
    least: int = 1
    most: int = ALL
    first: int = 0
    always: bool = False

    def lines(self, width: int, number: int) -> list[Text]:
        """Return the heading, which says what is not shown, and `number` rows."""
        first = max(min(self.first, len(self.rows) - number), 0)
        shown = self.rows[first : first + number]
        columns = self.columns
        if len(shown) < len(self.rows):
            what = f"{first + 1}-{first + len(shown)} of {len(self.rows)} {columns[-1].heading}"
            columns = (*columns[:-1], Column(what))
        return fit(columns, shown, width)


def state_of(instances: Sequence[Reading]) -> Text:
    """Return the first line: which instance it is and how it is, or how many there are."""
    if len(instances) > 1:
        ready = sum(instance.is_true("ready") for instance in instances)
        style = "green" if ready == len(instances) else "bold red"
        return Text(f"{len(instances)} instances", style="bold").append(f", {ready} ready", style=style)
    instance = instances[0]
    line = Text(instance.text("name") or "instance", style="bold")
    line.append("  ").append_text(_state(instance, long=True))
    line.append(f", up {uptime(instance.number('uptime_s'))}", style="not bold")
    if loading := instance.text("loading"):
        line.append(f", loading {loading}", style="not bold")
    return line.append(f"  {address_of(instance)}", style="not bold dim")


def address_of(instance: Reading) -> str:
    """Return host and port of an instance."""
    host = instance.text("host")
    return f"[{host}]:{instance.whole('port')}" if ":" in host else f"{host}:{instance.whole('port')}"


def instances_section(instances: Sequence[Reading]) -> Section:
    """Return a row an instance, those that are not ready first."""
    columns = (
        Column("STATE"),
        Column("RECORDS/S", number=True),
        Column("P50", 3, number=True),
        Column("P99", number=True),
        Column("LAG", number=True),
        Column("DEAD", 2, number=True),
        Column("PARTS", 5, number=True),
        Column("MODELS", 6, number=True),
        Column("UP", 7),
        Column("ADDRESS", 4),
        Column("INSTANCE"),
    )
    rows = [
        (
            _state(instance),
            rate(instance.number("rate_per_s")),
            duration_ms(recent_of(instance, "latency_ms").number("p50")),
            duration_ms(recent_of(instance, "latency_ms").number("p99")),
            count(instance.number("lag")),
            count(instance.part("dead_letters").number("total")),
            count(len(instance.parts("partitions"))),
            count(len(instance.parts("models"))),
            uptime(instance.number("uptime_s")),
            address_of(instance),
            instance.text("name"),
        )
        for instance in sorted(instances, key=lambda one: (one.is_true("ready"), one.text("name")))
    ]
    return Section(columns, rows, least=4)


def models_section(
    models: Sequence[ModelRow], sort: StatsSort, wanted: str, zone: tzinfo | None, *, several: bool
) -> Section:
    """Return a row a model; percentiles are those of the last seconds, from a record's timestamp to its result."""
    by = f"MODEL by {sort.value}" + (f" with {wanted!r}" if wanted else "")
    columns = (
        Column("DATA TYPE", 1),
        Column("V", number=True),
        Column("RECORDS/S", number=True),
        Column("P50", 3, number=True),
        Column("P99", number=True),
        Column("SCORE P99", 5, number=True),
        Column("SCORED", 4, number=True),
        Column("SINCE", 2),
        Column("ENGINE", 6),
        *((Column("ON", 7, number=True),) if several else ()),
        Column(by),
    )
    rows = [_model_cells(model, zone, several=several) for model in models]
    return Section(columns, rows, least=LEAST_MODELS, always=True)


def _model_cells(model: ModelRow, zone: tzinfo | None, *, several: bool) -> Row:
    return (
        model.data_type,
        str(model.version),
        rate(model.rate_per_s),
        duration_ms(model.p50_ms),
        duration_ms(model.p99_ms),
        duration_ms(model.score_p99_ms),
        count(model.scored),
        time_of_day(model.since_ms, zone),
        model.engine,
        *((count(model.instances),) if several else ()),
        Text(model.title, style="" if model.in_service else "dim"),
    )


def events_section(instances: Sequence[Reading], zone: tzinfo | None) -> Section:
    """Return swaps and rejections, the newest first; the same of several instances once."""
    found: dict[tuple[str, str, int, str], Reading] = {}
    for instance in instances:
        for event in instance.parts("events"):
            key = (event.text("state"), event.text("data_type"), event.whole("version"), event.text("name"))
            if key not in found or event.number("at_ms") > found[key].number("at_ms"):
                found[key] = event
    newest = sorted(found.values(), key=lambda event: event.number("at_ms"), reverse=True)
    columns = (Column("TIME", 2), Column("DATA TYPE", 1), Column("V", number=True), Column("SWAPS AND REJECTIONS"))
    rows = [
        (
            time_of_day(event.number("at_ms"), zone),
            event.text("data_type"),
            str(event.whole("version")),
            happened(event),
        )
        for event in newest
    ]
    return Section(columns, rows, least=2, most=10)


def happened(event: Reading) -> Text:
    """Return what happened to a model."""
    label = event.text("label")
    name = f"{event.text('name')} ({label})" if label else event.text("name")
    if event.text("state") == "rejected":
        return Text(f"rejected {name}: {event.text('reason')}", style="red")
    previous = event.text("previous")
    return Text(f"{name}, instead of {previous}" if previous else f"{name}, the first")


def failures_section(instances: Sequence[Reading]) -> Section:
    """Return what was not scored, by cause, the most frequent first."""
    counts: dict[tuple[str, str, str], float] = {}
    for instance in instances:
        for key, became in (("dead_letters", "dead letter"), ("dropped", "dropped")):
            for cause in instance.part(key).parts("causes"):
                place = (became, cause.text("stage") or "-", cause.text("cause"))
                counts[place] = counts.get(place, 0.0) + cause.number("count")
    columns = (Column("NOT SCORED", number=True), Column("BECAME", 2), Column("STAGE", 1), Column("CAUSE"))
    most = sorted(counts.items(), key=lambda item: -item[1])
    return Section(columns, [(count(number), *place) for place, number in most], most=8)


def waiting_section(instances: Sequence[Reading]) -> Section:
    """Return the partitions that wait for a model."""
    rows = [
        (part.text("topic"), str(part.whole("partition")), Text(part.text("data_type"), style="yellow"))
        for instance in instances
        for part in instance.parts("waiting")
    ]
    return Section((Column("WAITING", 1), Column("PARTITION", number=True), Column("FOR A MODEL OF")), rows, most=8)


def sinks_section(instances: Sequence[Reading]) -> Section:
    """Return what became of the points of each sink."""
    columns = (
        Column("SINK"),
        Column("WRITTEN", number=True),
        Column("WAITING", 1, number=True),
        Column("LOST", number=True),
        Column("PROBLEM"),
    )
    rows = [
        (
            sink.text("name"),
            count(sink.number("written")),
            count(sink.number("waiting")),
            count(sink.part("dropped").number("total")),
            Text(sink.text("problem") or "-", style="red" if sink.text("problem") else ""),
        )
        for instance in instances
        for sink in instance.parts("sinks")
    ]
    return Section(columns, rows, most=4)


def scores_section(instances: Sequence[Reading], zone: tzinfo | None) -> Section:
    """Return the last scores, the newest first."""
    scores = [score for instance in instances for score in instance.parts("last_scores")]
    columns = (Column("TIME"), Column("DATA TYPE", 1), Column("RESULT", number=True), Column("LAST SCORES"))
    rows = [
        (
            time_of_day(score.number("at_ms"), zone),
            score.text("data_type"),
            result_text(score.value.get("result")),
            score.text("model"),
        )
        for score in sorted(scores, key=lambda score: score.number("at_ms"), reverse=True)
    ]
    return Section(columns, rows, most=5)


def _state(instance: Reading, *, long: bool = False) -> Text:
    if instance.is_true("ready"):
        return Text("ready", style="green")
    missing = ", ".join(instance.texts("missing")) if long else ""
    return Text(f"not ready: {missing}" if missing else "not ready", style="bold red")
