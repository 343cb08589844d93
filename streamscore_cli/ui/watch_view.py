"""What `stats --watch` shows, as lines that fill a screen and never exceed it; it reads no key and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from rich.text import Text

from streamscore_cli.core.choices import StatsSort
from streamscore_cli.ui.fitting import cut
from streamscore_cli.ui.model_rows import ModelRow, arranged, model_rows
from streamscore_cli.ui.quantities import count, duration_ms, rate
from streamscore_cli.ui.sparkline import sparkline
from streamscore_cli.ui.stats_document import Reading, recent_of
from streamscore_cli.ui.watch_sections import (
    Section,
    events_section,
    failures_section,
    instances_section,
    models_section,
    scores_section,
    sinks_section,
    state_of,
    waiting_section,
)

ROOMY = 20
"""From this many lines on, an empty line sets the sections apart."""

MOST_PROBLEMS = 2
_LABEL = 10
_FIGURE = 8


@dataclass(frozen=True, slots=True)
class Look:
    """What the viewer chose: the order of the models, which of them, the first one shown; `typing` a filter."""

    sort: StatsSort = StatsSort.RATE
    wanted: str = ""
    first: int = 0
    typing: bool = False
    zone: tzinfo | None = None
    ascii_only: bool = False


def screen_lines(
    servers: Sequence[Mapping[str, object]], problems: Sequence[str], size: tuple[int, int], look: Look, footer: str
) -> list[Text]:
    """Return at most as many lines as `size` (columns, lines) has, none wider; the last one is the footer."""
    width, height = size
    instances = [Reading(stats).part("instance") for stats in servers]
    top = _top(instances, width, look)
    top[1:1] = [Text(problem, style="bold red") for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        top.insert(MOST_PROBLEMS + 1, Text(f"... and {len(problems) - MOST_PROBLEMS} more do not answer", style="red"))
    gap = 1 if height >= ROOMY else 0
    body = _body(_sections(instances, look), width, height - len(top) - 1, gap)
    lines = [cut(line, width) for line in (*top, *body)][: max(height - 1, 0)]
    blank = [Text()] * (height - 1 - len(lines))
    return [*lines, *blank, cut(Text(footer, style="dim"), width)][:height]


def compact_lines(servers: Sequence[Mapping[str, object]], width: int, look: Look) -> list[Text]:
    """Return everything for a terminal that is too narrow for tables side by side, as many lines as it takes."""
    instances = [Reading(stats).part("instance") for stats in servers]
    sections = _sections(instances, look)
    body = [line for section in sections for line in (Text(), *section.lines(width, section.most))]
    return [cut(line, width) for line in (*_top(instances, width, look), *body)]


def shown_models(servers: Sequence[Mapping[str, object]], look: Look) -> int:
    """Return how many models there are to scroll through."""
    return len(_models([Reading(stats).part("instance") for stats in servers], look))


def _models(instances: Sequence[Reading], look: Look) -> list[ModelRow]:
    return arranged(model_rows(instances), look.sort, look.wanted)


def _sections(instances: Sequence[Reading], look: Look) -> list[Section]:
    several = len(instances) > 1
    models = models_section(_models(instances, look), look.sort, look.wanted, look.zone, several=several)
    sections = [
        instances_section(instances) if several else None,
        replace(models, first=look.first),
        failures_section(instances),
        waiting_section(instances),
        events_section(instances, look.zone),
        sinks_section(instances),
        scores_section(instances, look.zone),
    ]
    return [section for section in sections if section is not None and (section.rows or section.always)]


def _body(sections: Sequence[Section], width: int, room: int, gap: int) -> list[Text]:
    lines: list[Text] = []
    for section, number in zip(sections, share(sections, room, gap), strict=True):
        if number is not None:
            lines += [Text()] * gap + section.lines(width, number)
    return lines


def share(sections: Sequence[Section], room: int, gap: int) -> list[int | None]:
    """Return how many rows each section gets of `room` lines, `gap` of them before each; None where nothing fits.

    Earlier ones go first: each gets a heading and its least rows, then one row more in turn while there is room.
    """
    given: list[int | None] = []
    for section in sections:
        rows = max(min(section.least, len(section.rows), room - gap - 1), 0)
        fits = room >= gap + 1 + min(len(section.rows), 1)
        given.append(rows if fits else None)
        room -= gap + 1 + rows if fits else 0
    grew = True
    while grew and room > 0:
        grew = False
        for place, section in enumerate(sections):
            now = given[place]
            if now is not None and now < min(len(section.rows), section.most) and room > 0:
                given[place] = now + 1
                room -= 1
                grew = True
    return given


def _top(instances: Sequence[Reading], width: int, look: Look) -> list[Text]:
    if not instances:
        return [Text("no server answers", style="bold red")]
    rates = _added([_series(instance, "results_per_s") for instance in instances])
    slowest = _largest([_series(instance, "p99_ms") for instance in instances])
    now = sum(instance.number("rate_per_s") for instance in instances)
    p99 = max(recent_of(instance, "latency_ms").number("p99") for instance in instances)
    return [
        state_of(instances),
        _totals(instances, width),
        _trend("records/s", rate(now), rates, width, look),
        _trend("p99 10 s", duration_ms(p99), slowest, width, look),
    ]


def _totals(instances: Sequence[Reading], width: int) -> Text:
    p50 = max(recent_of(instance, "latency_ms").number("p50") for instance in instances)
    dead = sum(instance.part("dead_letters").number("total") for instance in instances)
    lost = sum(sink.part("dropped").number("total") for instance in instances for sink in instance.parts("sinks"))
    figures = [
        ("lag", count(_sum(instances, "lag")), ""),
        ("p50", duration_ms(p50), ""),
        ("dead", count(dead), "red" if dead else ""),
        ("rejected", count(_sum(instances, "rejections")), "red" if _sum(instances, "rejections") else ""),
        ("swaps", count(_sum(instances, "swaps")), ""),
        ("records", count(_sum(instances, "records")), ""),
        ("results", count(_sum(instances, "results")), ""),
        ("dropped", count(sum(instance.part("dropped").number("total") for instance in instances)), ""),
        ("points lost", count(lost), "yellow" if lost else ""),
    ]
    line = Text()
    for name, value, style in figures:
        item = Text(f"{name} ", style="dim").append(value, style=f"not dim bold {style}")
        if line.cell_len + item.cell_len + (2 if line else 0) > width:
            break
        line.append("  " if line else "").append_text(item)
    return line


def _trend(name: str, figure: str, values: Sequence[float], width: int, look: Look) -> Text:
    head = f"{name:<{_LABEL}}{figure:>{_FIGURE}}  "
    bars = sparkline(values, width - len(head), ascii_only=look.ascii_only)
    return (
        Text(name.ljust(_LABEL), style="dim")
        .append(f"{figure:>{_FIGURE}}  ", style="not dim bold")
        .append(bars, "not dim cyan")
    )


def _series(instance: Reading, key: str) -> list[float]:
    return [sample.number(key) for sample in instance.parts("history")]


def _added(series: Sequence[Sequence[float]]) -> list[float]:
    return [sum(values) for values in _aligned(series)]


def _largest(series: Sequence[Sequence[float]]) -> list[float]:
    return [max(values) for values in _aligned(series)]


def _aligned(series: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the values of each second, the newest last; a younger instance has none of the first ones."""
    longest = max(map(len, series), default=0)
    return [[one[place] for one in series if -place <= len(one)] for place in range(-longest, 0)]


def _sum(instances: Sequence[Reading], key: str) -> float:
    return sum(instance.number(key) for instance in instances)
