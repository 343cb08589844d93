"""Plots of a benchmark out of characters: latency by percentile, figures over time; it knows no report as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from streamscore_cli.bench.report import Slot
from streamscore_cli.ui.quantities import duration_ms, rate
from streamscore_cli.ui.sparkline import sparkline

EIGHTHS = " ▏▎▍▌▋▊▉█"
LABELS = 20
"""The columns that a percentile and its value take."""

LEAST_BAR = 10
_SLOT_LABELS = 11


def curve_lines(curve: Sequence[tuple[float, float]], width: int, *, ascii_only: bool = False) -> list[Text]:
    """Return a heading and a bar a percentile, as long as its latency, in milliseconds, is to the largest."""
    room = max(width - LABELS, LEAST_BAR)
    largest = max((value for _, value in curve), default=0.0) or 1.0
    lines = [Text(f"{'PERCENTILE':<10}{'LATENCY':>8}", style="bold")]
    for percent, value in curve:
        name = {0.0: "least", 100.0: "max"}.get(percent, f"p{percent:g}")
        line = Text(f"{name:<8}{duration_ms(value):>10}  ")
        lines.append(line.append(bar(value / largest, room, ascii_only=ascii_only), "cyan"))
    return lines


def bar(share: float, room: int, *, ascii_only: bool = False) -> str:
    """Return a bar as long as `share` (0 to 1) of `room` columns, in eighths of a column; always something."""
    if ascii_only:
        return "#" * max(round(share * room), 1)
    eighths = max(round(share * room * 8), 1)
    return EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def time_lines(slots: Sequence[Slot], marks: Sequence[float], width: int, *, ascii_only: bool = False) -> list[Text]:
    """Return results a second, p50 and p99 as bars a slot, each from zero to its largest; `marks` are swaps."""
    room = max(width - _SLOT_LABELS - LABELS, LEAST_BAR)
    shown = slots[-room:]
    each_s = slots[1].at_s - slots[0].at_s if len(slots) > 1 else 0.0
    lines = [Text(f"OVER TIME{f', {each_s:g} s a bar' if each_s else ''}", style="bold")]
    for name, values, largest in (
        ("results/s", [slot.results_per_s for slot in shown], rate),
        ("p50", [slot.p50_ms for slot in shown], duration_ms),
        ("p99", [slot.p99_ms for slot in shown], duration_ms),
    ):
        line = Text(f"{name:<{_SLOT_LABELS}}").append(sparkline(values, room, ascii_only=ascii_only), "cyan")
        lines.append(line.append(f"  {largest(max(values))} at most"))
    if marks and each_s:
        at = {int((mark - shown[0].at_s) / each_s) for mark in marks}
        lines.append(Text(f"{'swaps':<{_SLOT_LABELS}}" + "".join("^" if x in at else " " for x in range(len(shown)))))
    return [*lines[:-1], Text(lines[-1].plain.rstrip())] if marks and each_s else lines
