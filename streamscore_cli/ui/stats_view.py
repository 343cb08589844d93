"""The statistics of instances as tables, from the parsed JSON of `/stats`; it fetches and prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.text import Text

from streamscore_cli.core.printable import printable
from streamscore_cli.ui.console import make_table
from streamscore_cli.ui.quantities import count, duration_ms, rate, time_of_day, uptime
from streamscore_cli.ui.stats_document import Reading

MOST_ROWS = 5
FIXED_LINES = 20
LINES_A_ROW = 4
"""Of a screen, what an instance takes besides its lists, and what one row more in each of the lists takes."""

WIDE = 100
"""From this many columns on, tables show what one can do without."""

_PERCENTILES = {"p50": "P50", "p90": "P90", "p99": "P99", "p99_9": "P99.9", "max": "MAX"}


def rows_for(height: int) -> int:
    """Return how many rows the lists of one instance may have on a screen of `height` lines."""
    return min(max((height - FIXED_LINES) // LINES_A_ROW, 1), MOST_ROWS)


def render_stats(
    servers: Sequence[Mapping[str, object]], width: int, *, zone: tzinfo | None = None, rows: int = MOST_ROWS
) -> RenderableType:
    """Return the tables of one instance, or of several with one line for each before them."""
    if len(servers) == 1:
        return render_instance(servers[0], width, zone=zone, rows=rows)
    parts: list[RenderableType] = [_overview(servers)]
    for stats in servers:
        parts += [Text(), render_instance(stats, width, zone=zone, rows=rows)]
    return Group(*parts)


def render_instance(
    stats: Mapping[str, object], width: int, *, zone: tzinfo | None = None, rows: int = MOST_ROWS
) -> RenderableType:
    """Return what an instance does: counts, rate, latencies, models and their swaps, last scores.

    `stats` is the object that `/stats` answers; lists show their `rows` newest. Times are of `zone`, None being the
    machine's.
    """
    instance = Reading(stats).part("instance")
    wide = width >= WIDE
    sections = [
        _counts(instance),
        _latencies(instance),
        _models(instance, zone, wide=wide),
        _use(instance, rows, wide=wide),
        _events(instance, rows, zone),
        _dead_letters(instance),
        _waiting(instance),
        _last_scores(instance, rows, zone),
    ]
    parts: list[RenderableType] = [_title(instance)]
    for section in sections:
        if section is not None:
            parts += [Text(), section]
    return Group(*parts)


def status_line(stats: Mapping[str, object], zone: tzinfo | None = None) -> str:
    """Return an instance as one line for a log: time, name, state and the figures that matter, as key=value."""
    instance = Reading(stats).part("instance")
    latency = instance.part("latency_ms")
    models = [
        f"{model.text('data_type')}:{model.text('name')}@{model.whole('version')}" for model in instance.parts("models")
    ]
    figures = {
        "records": instance.whole("records"),
        "results": instance.whole("results"),
        "rate": instance.number("rate_per_s"),
        "p50_ms": f"{latency.number('p50'):.4g}",
        "p99_ms": f"{latency.number('p99'):.4g}",
        "lag": instance.whole("lag"),
        "dead_letters": instance.part("dead_letters").whole("total"),
        "swaps": instance.whole("swaps"),
        "models": ",".join(models) or "none",
    }
    state = "ready" if instance.is_true("ready") else "not-ready"
    shown = " ".join(f"{key}={value}" for key, value in figures.items())
    return f"{time_of_day(instance.number('taken'), zone)} {instance.text('name')} {state} {shown}"


def _title(instance: Reading) -> Text:
    title = Text(instance.text("name") or "instance", style="bold")
    title.append(f"  {_address(instance)}  ", style="not bold")
    title.append_text(_state(instance))
    title.append(f", up {uptime(instance.number('uptime_s'))}", style="not bold")
    if loading := instance.text("loading"):
        title.append(f", loading {loading}", style="not bold")
    return title


def _state(instance: Reading) -> Text:
    if instance.is_true("ready"):
        return Text("ready", style="green")
    missing = ", ".join(instance.texts("missing"))
    return Text(f"not ready: {missing}" if missing else "not ready", style="bold red")


def _address(instance: Reading) -> str:
    host = instance.text("host")
    return f"[{host}]:{instance.whole('port')}" if ":" in host else f"{host}:{instance.whole('port')}"


def _overview(servers: Sequence[Mapping[str, object]]) -> RenderableType:
    columns = ("RECORDS", "RECORDS/S", "P99", "LAG", "DEAD", "INSTANCE", "ADDRESS", "STATE")
    rows = []
    for stats in servers:
        instance = Reading(stats).part("instance")
        rows.append(
            (
                count(instance.number("records")),
                rate(instance.number("rate_per_s")),
                duration_ms(instance.part("latency_ms").number("p99")),
                count(instance.number("lag")),
                count(instance.part("dead_letters").number("total")),
                instance.text("name"),
                _address(instance),
                _state(instance),
            )
        )
    return make_table(columns, rows, numbers=columns[:5])


def _counts(instance: Reading) -> RenderableType:
    columns = ("RECORDS", "RESULTS", "RECORDS/S", "LAG", "DEAD LETTERS", "DROPPED", "PARTITIONS")
    row = (
        count(instance.number("records")),
        count(instance.number("results")),
        rate(instance.number("rate_per_s")),
        count(instance.number("lag")),
        count(instance.part("dead_letters").number("total")),
        count(instance.part("dropped").number("total")),
        len(instance.parts("partitions")),
    )
    return make_table(columns, [row], numbers=columns)


def _latencies(instance: Reading) -> RenderableType:
    rows = [
        (name, *(duration_ms(instance.part(key).number(percentile)) for percentile in _PERCENTILES))
        for name, key in (("record to result", "latency_ms"), ("one score", "scoring_ms"))
    ]
    numbers = tuple(_PERCENTILES.values())
    return make_table(("LATENCY", *numbers), rows, numbers=numbers)


def _models(instance: Reading, zone: tzinfo | None, *, wide: bool) -> RenderableType:
    models = instance.parts("models")
    if not models:
        return Text("No model in service yet.", style="yellow")
    columns = ("IN SERVICE", "VERSION", "SINCE", "ENGINE", *(("LOADED IN", "SHA256") if wide else ()), "MODEL")
    rows = [
        (
            model.text("data_type"),
            model.whole("version"),
            time_of_day(model.number("since"), zone),
            model.text("engine"),
            *((duration_ms(model.number("load_ms")), model.text("sha256")[:12]) if wide else ()),
            _named(model),
        )
        for model in models
    ]
    return make_table(columns, rows, numbers=("VERSION", "LOADED IN"))


def _use(instance: Reading, rows: int, *, wide: bool) -> RenderableType | None:
    uses = instance.parts("use")
    if not uses:
        return None
    more = ("MIN", "MAX") if wide else ()
    columns = ("USE", "VERSION", "SCORED", "SCORES/S", "P50", "P99", *more, "MODEL")
    shown = [
        (
            use.text("data_type"),
            use.whole("version"),
            count(use.number("invocations")),
            rate(use.number("rate_per_s")),
            duration_ms(use.part("scoring_ms").number("p50")),
            duration_ms(use.part("scoring_ms").number("p99")),
            *(duration_ms(use.number(key.lower())) for key in more),
            Text(_named(use), style="" if use.is_true("in_service") else "dim"),
        )
        for use in reversed(uses[-rows:])
    ]
    return make_table(columns, shown, numbers=columns[1:-1])


def _events(instance: Reading, rows: int, zone: tzinfo | None) -> RenderableType | None:
    events = instance.parts("events")
    if not events:
        return None
    heading = f"{count(instance.number('swaps'))} SWAPS, {count(instance.number('rejections'))} REJECTED"
    shown = [
        (time_of_day(event.number("at_ms"), zone), event.text("data_type"), event.whole("version"), _happened(event))
        for event in reversed(events[-rows:])
    ]
    return make_table(("TIME", "DATA TYPE", "VERSION", heading), shown, numbers=("VERSION",))


def _happened(event: Reading) -> Text:
    if event.text("state") == "rejected":
        return Text(f"rejected {_named(event)}: {event.text('reason')}", style="red")
    previous = event.text("previous")
    return Text(f"{_named(event)}, instead of {previous}" if previous else f"{_named(event)}, the first")


def _dead_letters(instance: Reading) -> RenderableType | None:
    causes = [(cause, "dead letter") for cause in instance.part("dead_letters").parts("causes")]
    causes += [(cause, "dropped") for cause in instance.part("dropped").parts("causes")]
    if not causes:
        return None
    rows = [
        (count(cause.number("count")), became, cause.text("stage") or "-", cause.text("cause"))
        for cause, became in causes
    ]
    return make_table(("NOT SCORED", "BECAME", "STAGE", "CAUSE"), rows, numbers=("NOT SCORED",))


def _waiting(instance: Reading) -> RenderableType | None:
    waiting = instance.parts("waiting")
    if not waiting:
        return None
    rows = [(part.text("topic"), part.whole("partition"), part.text("data_type")) for part in waiting]
    return make_table(("WAITING", "PARTITION", "FOR A MODEL OF"), rows, numbers=("PARTITION",))


def _last_scores(instance: Reading, rows: int, zone: tzinfo | None) -> RenderableType | None:
    scores = instance.parts("last_scores")
    if not scores:
        return None
    shown = [
        (
            time_of_day(score.number("at_ms"), zone),
            score.text("data_type"),
            _result(score.value.get("result")),
            score.text("model"),
        )
        for score in reversed(scores[-rows:])
    ]
    return make_table(("LAST SCORES", "DATA TYPE", "RESULT", "MODEL"), shown, numbers=("RESULT",))


def _result(result: object) -> str:
    if result is None:
        return "-"
    return f"{result:.6g}" if isinstance(result, float) else printable(str(result))


def _named(model: Reading) -> str:
    label = model.text("label")
    return f"{model.text('name')} ({label})" if label else model.text("name")
