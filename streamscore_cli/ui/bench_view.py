"""A report of `bench` as tables and plots for a terminal or a pipe; it measures and prints nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from streamscore_cli.bench.latency import Percentiles
from streamscore_cli.bench.report import BenchReport, SwapFigures
from streamscore_cli.bench.saved import Compared
from streamscore_cli.config.durations import format_duration
from streamscore_cli.core.printable import printable
from streamscore_cli.ui.bench_plot import curve_lines, time_lines
from streamscore_cli.ui.console import make_table
from streamscore_cli.ui.quantities import count, duration_ms, rate

WIDEST = 100
"""Plots get no wider than this, in a pipe too, which has no width of its own."""

_FACTOR_DIGITS = 10


def render_report(
    report: BenchReport, width: int, *, ascii_only: bool = False, than: Sequence[Compared] = ()
) -> RenderableType:
    """Return the report: what was asked, what became of the records, latencies, plots, and a comparison."""
    width = min(width, WIDEST)
    parts: list[RenderableType] = [_title(report), Text(), _counts(report), Text(), _latencies(report)]
    if report.swapping is not None and report.swapping.swaps:
        parts += [Text(), _swaps(report.swapping, report.asked.swap_window_s or 0.0)]
    if report.latency_ms is not None:
        parts += [Text(), *curve_lines(report.latency_ms.curve, width, ascii_only=ascii_only)]
    if report.over_time:
        marks = [swap.at_s for swap in report.swapping.swaps] if report.swapping else []
        parts += [Text(), *time_lines(report.over_time, marks, width, ascii_only=ascii_only)]
    if than:
        parts += [Text(), _comparison(than)]
    if report.notes:
        parts += [Text(), *(Text(f"note: {printable(note)}", style="yellow") for note in report.notes)]
    return Group(*parts)


def _title(report: BenchReport) -> Text:
    asked = report.asked
    pace = "as fast as it goes" if asked.rate is None else f"{rate(asked.rate)} records/s"
    title = Text("bench ", style="bold").append(report.run)
    title.append(f"  {pace} to {printable(asked.topic)}, answers on {printable(asked.results_topic)}", "not bold")
    warm_up = f" after {format_duration(asked.warm_up_s)} of warm-up" if asked.warm_up_s else ""
    title.append(f"\nmeasured {report.measured_s:.1f} s{warm_up}", "not bold")
    if asked.swap_every_s:
        title.append(f", a model every {format_duration(asked.swap_every_s)}", "not bold")
    return title if report.complete else title.append("; ended before its end", "bold yellow")


def _counts(report: BenchReport) -> RenderableType:
    counts = report.counts
    columns = ["SENT/S", "RESULTS/S", "SENT", "RESULTS", "LOST", "DUPLICATES", "DEAD LETTERS"]
    lost = Text(count(counts.lost), style="bold red" if counts.lost else "")
    cells: list[str | Text] = [rate(report.sent_per_s), rate(report.results_per_s), count(counts.sent)]
    cells += [count(counts.answered), lost, count(counts.duplicates), count(counts.dead_letters)]
    if counts.refused:
        columns.append("REFUSED")
        cells.append(Text(count(counts.refused), style="bold red"))
    return make_table(columns, [cells], numbers=columns)


def _latencies(report: BenchReport) -> RenderableType:
    rows = [("sent to result", report.latency_ms)]
    if report.swapping is not None:
        rows += [("  in swap windows", report.swapping.inside_ms), ("  outside of them", report.swapping.outside_ms)]
    if report.sender_lag_ms is not None:
        rows.append(("sender lag", report.sender_lag_ms))
    numbers = ("RECORDS", "P50", "P90", "P99", "P99.9", "MAX")
    return make_table(("LATENCY", *numbers), [(name, *_cells(part)) for name, part in rows], numbers=numbers)


def _cells(part: Percentiles | None) -> tuple[str, ...]:
    if part is None:
        return ("0", "-", "-", "-", "-", "-")
    return (count(part.count), *map(duration_ms, (part.p50, part.p90, part.p99, part.p99_9, part.max)))


def _swaps(figures: SwapFigures, window_s: float) -> Text:
    took = sorted(swap.took_ms for swap in figures.swaps if swap.took_ms is not None)
    text = Text(f"swaps: {len(figures.swaps)}")
    if took:
        text.append(f", from published to in service in {duration_ms(took[len(took) // 2])} (median), ")
        text.append(f"{duration_ms(took[-1])} at most")
    since = "being in service" if took else "that, as no server said when one was in service"
    return text.append(f"\nwindows: from publishing a model until {format_duration(window_s)} after {since}")


def _comparison(rows: Sequence[Compared]) -> RenderableType:
    columns = ("NOW", "THEN", "NOW/THEN")
    shown = [
        (row.metric.name, _shown(row.now, row.metric.unit), _shown(row.then, row.metric.unit), _ratio(row))
        for row in rows
    ]
    return make_table(("COMPARED", *columns), shown, numbers=columns)


def _shown(value: float, unit: str) -> str:
    return duration_ms(value) if unit == "ms" else rate(value) if unit == "/s" else count(value)


def _ratio(row: Compared) -> Text:
    """Return the ratio, in green where it is better by more than a hundredth and red where it is worse."""
    ratio = row.ratio
    if ratio is None:
        return Text("-")
    text = f"{ratio:.2f}x" if ratio < _FACTOR_DIGITS else f"{ratio:,.0f}x"
    if text == "1.00x":
        return Text(text)
    return Text(text, style="green" if (ratio > 1) == row.metric.more_is_better else "red")
