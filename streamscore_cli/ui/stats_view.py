"""The statistics of instances as tables, from the parsed JSON of `/stats`; it fetches and prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.text import Text

from streamscore_cli.ui.console import make_table
from streamscore_cli.ui.model_rows import arranged, model_rows
from streamscore_cli.ui.quantities import count, duration_ms, rate, result_text, time_of_day, uptime
from streamscore_cli.ui.sparkline import sparkline
from streamscore_cli.ui.stats_document import Reading, recent_of
from streamscore_cli.ui.watch_sections import address_of, happened
from streamscore_cli.ui.watch_view import Look, compact_lines

MOST_ROWS = 5
FIXED_LINES = 24
LINES_A_ROW = 4
"""Of a screen, what an instance takes besides its lists, and what one row more in each of the lists takes."""

WIDE = 100
NARROW = 72
"""From the first on, tables show what one can do without; below the second, a row is cut off instead of folded."""

FEW = 3
"""Up to this many instances are shown in full."""

TREND = 60
"""Bars of the lines that show the last minute, at most."""

_PERCENTILES = {"p50": "P50", "p90": "P90", "p99": "P99", "p99_9": "P99.9", "max": "MAX"}


def rows_for(height: int) -> int:
    """Return how many rows the lists of one instance may have on a screen of `height` lines."""
    return min(max((height - FIXED_LINES) // LINES_A_ROW, 1), MOST_ROWS)


def render_stats(servers: Sequence[Mapping[str, object]], width: int, look: Look) -> RenderableType:
    """Return the tables of one instance, or of several after a line for each; in short for many, and where narrow."""
    if width < NARROW or len(servers) > FEW:
        return Group(*compact_lines(servers, width, look))
    if len(servers) == 1:
        return render_instance(servers[0], width, look=look)
    parts: list[RenderableType] = [_overview(servers)]
    for stats in servers:
        parts += [Text(), render_instance(stats, width, look=look)]
    return Group(*parts)


def render_instance(
    stats: Mapping[str, object], width: int, *, rows: int = MOST_ROWS, look: Look | None = None
) -> RenderableType:
    """Return what an instance does: counts, rate, latencies, models and their swaps, sinks, last scores.

    `stats` is the object that `/stats` answers; lists show their `rows` newest, models as `look` says.
    """
    look = look or Look()
    instance, zone = Reading(stats).part("instance"), look.zone
    wide = width >= WIDE
    sections = [
        _counts(instance),
        _trends(instance, width, look),
        _latencies(instance),
        _models(instance, look, wide=wide),
        _use(instance, look, rows, wide=wide),
        _events(instance, rows, zone),
        _dead_letters(instance),
        _waiting(instance),
        _sinks(instance),
        _last_scores(instance, rows, zone),
    ]
    parts: list[RenderableType] = [_title(instance)]
    for section in sections:
        if section is not None:
            parts += [Text(), section]
    return Group(*parts)


def status_line(stats: Mapping[str, object], zone: tzinfo | None = None) -> str:
    """Return an instance as one line for a log: time, name, state and the figures that matter, as key=value.

    Rate and percentiles are those of the last seconds.
    """
    instance = Reading(stats).part("instance")
    latency = recent_of(instance, "latency_ms")
    figures = {
        "records": instance.whole("records"),
        "results": instance.whole("results"),
        "rate": instance.number("rate_per_s"),
        "p50_ms": f"{latency.number('p50'):.4g}",
        "p99_ms": f"{latency.number('p99'):.4g}",
        "lag": instance.whole("lag"),
        "dead_letters": instance.part("dead_letters").whole("total"),
        "swaps": instance.whole("swaps"),
        "rejections": instance.whole("rejections"),
        **{f"{sink.text('name')}_lost": sink.part("dropped").whole("total") for sink in instance.parts("sinks")},
        "models": _in_service(instance),
    }
    state = "ready" if instance.is_true("ready") else "not-ready"
    shown = " ".join(f"{key}={value}" for key, value in figures.items())
    return f"{time_of_day(instance.number('taken'), zone)} {instance.text('name')} {state} {shown}"


def _in_service(instance: Reading) -> str:
    models = [
        f"{model.text('data_type')}:{model.text('name')}@{model.whole('version')}" for model in instance.parts("models")
    ]
    more = f",+{len(models) - MOST_ROWS}" if len(models) > MOST_ROWS else ""
    return ",".join(models[-MOST_ROWS:]) + more or "none"


def _title(instance: Reading) -> Text:
    title = Text(instance.text("name") or "instance", style="bold")
    title.append(f"  {address_of(instance)}  ", style="not bold")
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


def _overview(servers: Sequence[Mapping[str, object]]) -> RenderableType:
    columns = ("RECORDS", "RECORDS/S", "P99", "LAG", "DEAD", "INSTANCE", "ADDRESS", "STATE")
    rows = []
    for stats in servers:
        instance = Reading(stats).part("instance")
        rows.append(
            (
                count(instance.number("records")),
                rate(instance.number("rate_per_s")),
                duration_ms(recent_of(instance, "latency_ms").number("p99")),
                count(instance.number("lag")),
                count(instance.part("dead_letters").number("total")),
                instance.text("name"),
                address_of(instance),
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


def _trends(instance: Reading, width: int, look: Look) -> RenderableType | None:
    """Return the last minute as bars, a second each."""
    samples = instance.parts("history")
    if not samples:
        return None
    room = min(width - 12, TREND)
    return Text("\n").join(
        Text(f"{name:<12}").append(sparkline(values, room, ascii_only=look.ascii_only), "cyan")
        for name, values in (
            ("results/s", [sample.number("results_per_s") for sample in samples]),
            ("p99", [sample.number("p99_ms") for sample in samples]),
        )
    )


def _latencies(instance: Reading) -> RenderableType:
    parts = (
        ("record to result, last 10 s", recent_of(instance, "latency_ms")),
        ("record to result, all", instance.part("latency_ms")),
        ("one score, last 10 s", recent_of(instance, "scoring_ms")),
    )
    rows = [(name, *(duration_ms(part.number(percentile)) for percentile in _PERCENTILES)) for name, part in parts]
    numbers = tuple(_PERCENTILES.values())
    return make_table(("LATENCY", *numbers), rows, numbers=numbers)


def _models(instance: Reading, look: Look, *, wide: bool) -> RenderableType:
    if not instance.parts("models"):
        return Text("No model in service yet.", style="yellow")
    models = [row for row in arranged(model_rows([instance]), look.sort, look.wanted) if row.in_service]
    columns = ("IN SERVICE", "VERSION", "SINCE", "ENGINE", *(("LOADED IN", "SHA256") if wide else ()), "MODEL")
    rows = [
        (
            model.data_type,
            model.version,
            time_of_day(model.since_ms, look.zone),
            model.engine,
            *((duration_ms(model.load_ms), model.sha256[:12]) if wide else ()),
            model.title,
        )
        for model in models
    ]
    return make_table(columns, rows, numbers=("VERSION", "LOADED IN"))


def _use(instance: Reading, look: Look, rows: int, *, wide: bool) -> RenderableType | None:
    uses = [row for row in arranged(model_rows([instance]), look.sort, look.wanted) if row.scored]
    if not uses:
        return None
    more = ("SCORE P50", "SCORE P99") if wide else ()
    columns = ("USE", "VERSION", "SCORED", "SCORES/S", "P50", "P99", *more, "MODEL")
    shown = [
        (
            use.data_type,
            use.version,
            count(use.scored),
            rate(use.rate_per_s),
            duration_ms(use.p50_ms),
            duration_ms(use.p99_ms),
            *((duration_ms(use.score_p50_ms), duration_ms(use.score_p99_ms)) if wide else ()),
            Text(use.title, style="" if use.in_service else "dim"),
        )
        for use in uses[:rows]
    ]
    return make_table(columns, shown, numbers=columns[1:-1])


def _events(instance: Reading, rows: int, zone: tzinfo | None) -> RenderableType | None:
    events = instance.parts("events")
    if not events:
        return None
    heading = f"{count(instance.number('swaps'))} SWAPS, {count(instance.number('rejections'))} REJECTED"
    shown = [
        (time_of_day(event.number("at_ms"), zone), event.text("data_type"), event.whole("version"), happened(event))
        for event in reversed(events[-rows:])
    ]
    return make_table(("TIME", "DATA TYPE", "VERSION", heading), shown, numbers=("VERSION",))


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


def _sinks(instance: Reading) -> RenderableType | None:
    sinks = instance.parts("sinks")
    if not sinks:
        return None
    columns = ("SINK", "POINTS", "WRITTEN", "WAITING", "LOST", "PROBLEM")
    rows = [
        (
            sink.text("name"),
            *(count(sink.number(key)) for key in ("points", "written", "waiting")),
            count(sink.part("dropped").number("total")),
            Text(sink.text("problem") or "-", style="red" if sink.text("problem") else ""),
        )
        for sink in sinks
    ]
    return make_table(columns, rows, numbers=columns[1:-1])


def _last_scores(instance: Reading, rows: int, zone: tzinfo | None) -> RenderableType | None:
    scores = instance.parts("last_scores")
    if not scores:
        return None
    shown = [
        (
            time_of_day(score.number("at_ms"), zone),
            score.text("data_type"),
            result_text(score.value.get("result")),
            score.text("model"),
        )
        for score in reversed(scores[-rows:])
    ]
    return make_table(("LAST SCORES", "DATA TYPE", "RESULT", "MODEL"), shown, numbers=("RESULT",))
