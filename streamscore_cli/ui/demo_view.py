"""What the demo shows: its live table, its lines in a pipe, its summary; from `/stats`, fetching nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from streamscore_cli.ui.quantities import count, duration_ms
from streamscore_cli.ui.stats_document import Reading
from streamscore_cli.ui.stats_view import render_instance, rows_for


def render_demo(stats: Mapping[str, object], size: tuple[int, int], addresses: str) -> RenderableType:
    """Return the live table for a screen of `size` (columns, lines), with where the parts can be reached."""
    width, height = size
    hint = Text(f"{addresses}   Ctrl-C ends all of it", style="dim")
    return Group(render_instance(stats, width, rows=rows_for(height)), Text(), hint)


def summary_lines(stats: Mapping[str, object], seconds: float) -> Sequence[str]:
    """Return what there is to say at the end; the last line is `scored N records`."""
    instance = Reading(stats).part("instance")
    latency = instance.part("latency_ms")
    models = {use.text("name") for use in instance.parts("use")}
    scored = int(instance.number("results"))
    return (
        f"ran {seconds:.0f} s",
        f"models that scored: {len(models)}, swaps: {count(instance.number('swaps'))}, "
        f"rejected: {count(instance.number('rejections'))}",
        f"latency from record to result: p50 {duration_ms(latency.number('p50'))}, "
        f"p99 {duration_ms(latency.number('p99'))}",
        f"dead letters: {count(instance.part('dead_letters').number('total'))}",
        f"scored {scored} records",
    )


def scored_records(stats: Mapping[str, object]) -> int:
    """Return how many results there are."""
    return int(Reading(stats).part("instance").number("results"))
