"""A benchmark as a picture, PNG or SVG, by matplotlib, which is an extra; it shows nothing on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamscore_cli.core.errors import MissingDependency, UsageProblem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg")
SIZE_INCHES = (11, 8)
_SLOWEST = 100.0
_COLOURS = ("#1f6feb", "#9a9a9a")


def check_figure(path: Path, find: Callable[[str], object] = find_spec) -> None:
    """See that the picture can be made, before anything is measured.

    Raises `UsageProblem` for another kind of file or a directory that is not there, `MissingDependency` without
    matplotlib.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageProblem(f"--plot {path} is neither .png nor .svg.", "Give the file one of these endings.")
    if not path.parent.is_dir():
        raise UsageProblem(f"There is no directory {path.parent} for --plot.", "Make it, or name another file.")
    if find("matplotlib") is None:
        raise MissingDependency(
            "--plot needs matplotlib, which is not installed.",
            "pip install 'streamscore[plots]'; the plot on the terminal needs nothing.",
        )


def write_figure(path: Path, now: Mapping[str, Any], then: Mapping[str, Any] | None = None) -> None:
    """Draw latency by percentile and figures over time, from reports as JSON; `then` is one to compare with."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    curve, rates, over_time = figure.subplots(3, 1, height_ratios=(3, 2, 2))
    figure.suptitle(_title(now))
    reports = [("this run", now), *([("compared with", then)] if then else [])]
    for colour, (name, report) in zip(_COLOURS, reports, strict=False):
        _draw_curve(curve, report, name, colour)
        _draw_time(rates, report, ("results_per_s",), name, colour)
        _draw_time(over_time, report, ("p50_ms", "p99_ms"), name, colour)
    _label_curve(curve)
    _label_time(rates, "results a second")
    _label_time(over_time, "latency (ms)")
    for axes in (rates, over_time):
        for number, swap in enumerate((now.get("swapping") or {}).get("swaps", ())):
            label = "a model was published" if number == 0 else None
            axes.axvline(swap["at_s"], color="#d29922", linewidth=0.8, linestyle=":", label=label)
        axes.legend(loc="upper left")
    figure.savefig(path, dpi=120)


def _title(report: Mapping[str, Any]) -> str:
    asked = report["asked"]
    pace = "as fast as it goes" if asked["rate"] is None else f"{asked['rate']:,g} records/s"
    return f"streamscore bench {report['run']}: {pace} to {asked['topic']}"


def _draw_curve(axes: Axes, report: Mapping[str, Any], name: str, colour: str) -> None:
    """Draw a latency curve over 1/(1-percentile), as HdrHistogram's plotter does."""
    points: Sequence[Sequence[float]] = (report.get("latency_ms") or {}).get("curve", ())
    ranks = [1 / (1 - percent / 100) for percent, _ in points if percent < _SLOWEST]
    xs = [*ranks, *([ranks[-1] * 2] if len(ranks) < len(points) else [])]
    axes.plot(xs, [value for _, value in points], marker="o", markersize=3, color=colour, label=name)


def _label_curve(axes: Axes) -> None:
    ticks = {1: "0", 2: "50", 10: "90", 100: "99", 1_000: "99.9", 10_000: "99.99", 100_000: "99.999"}
    axes.set_xscale("log")
    shown = [tick for tick in ticks if tick <= axes.get_xlim()[1]]
    axes.set_xticks(shown, [ticks[tick] for tick in shown])
    axes.minorticks_off()
    axes.set_xlabel("percentile of records; the last point is the slowest one")
    axes.set_ylabel("latency (ms)")
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="upper left")


def _draw_time(axes: Axes, report: Mapping[str, Any], names: Sequence[str], label: str, colour: str) -> None:
    slots = report.get("over_time") or ()
    for name, style in zip(names, ("-", "--"), strict=False):
        shown = f"{label}, {name.removesuffix('_ms')}" if len(names) > 1 else label
        axes.plot([slot["at_s"] for slot in slots], [slot[name] for slot in slots], style, color=colour, label=shown)


def _label_time(axes: Axes, what: str) -> None:
    axes.set_xlabel("seconds since the warm-up")
    axes.set_ylabel(what)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, alpha=0.3)
