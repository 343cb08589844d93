"""A report of `bench` as text: at 80 columns, in a pipe, in ASCII, beside another one, as a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamscore_cli.bench.saved import compared
from streamscore_cli.core.errors import MissingDependency, UsageProblem
from streamscore_cli.ui.bench_figure import check_figure, write_figure
from streamscore_cli.ui.bench_plot import bar, curve_lines, time_lines
from streamscore_cli.ui.bench_view import WIDEST, render_report
from streamscore_cli.ui.console import PIPE_WIDTH
from streamscore_cli.ui.json_text import to_json
from tests.bench.reports import LATENCY, full_report
from tests.ui.conftest import plain


def test_a_full_report_at_80_columns(same_as_snapshot: Callable[[str, str], None]) -> None:
    shown = plain(render_report(full_report(), 80), 80)
    same_as_snapshot("bench-80.txt", shown)
    assert max(map(len, shown.splitlines())) <= 80


def test_a_pipe_has_no_width_but_plots_have(same_as_snapshot: Callable[[str, str], None]) -> None:
    now, then = full_report(), replace(full_report(), latency_ms=replace(LATENCY, p99=4.0), results_per_s=1000.0)
    rows = compared(json.loads(to_json(now)), json.loads(to_json(then)))
    shown = plain(render_report(now, PIPE_WIDTH, ascii_only=True, than=rows), PIPE_WIDTH)
    same_as_snapshot("bench-compared-pipe.txt", shown)
    assert max(map(len, shown.splitlines())) <= WIDEST
    assert shown.isascii()


def test_a_run_without_answers_has_no_plot() -> None:
    silent = replace(full_report(), latency_ms=None, sender_lag_ms=None, swapping=None, over_time=(), complete=False)
    shown = plain(render_report(silent, 80), 80)
    assert "ended before its end" in shown
    assert "PERCENTILE" not in shown
    assert "OVER TIME" not in shown


def test_refused_records_are_shown_where_there_are_some() -> None:
    report = full_report()
    refused = replace(report, counts=replace(report.counts, refused=7))
    assert "REFUSED" in plain(render_report(refused, 100), 100)
    assert "REFUSED" not in plain(render_report(report, 100), 100)


def test_bars_are_as_long_as_their_share() -> None:
    assert (bar(1.0, 10), bar(0.5, 10), bar(0.25, 10), bar(0.0, 10)) == ("█" * 10, "█" * 5, "██▌", "▏")
    assert (bar(0.5, 10, ascii_only=True), bar(0.0, 10, ascii_only=True)) == ("#####", "#")


def test_plots_fit_their_width() -> None:
    report = full_report()
    lines = [*curve_lines(LATENCY.curve, 60), *time_lines(report.over_time, [10.0], 60)]
    assert max(line.cell_len for line in lines) <= 60


def test_swaps_are_marked_where_they_were() -> None:
    lines = [line.plain for line in time_lines(full_report().over_time, [10.0, 20.5, 99.0], 80)]
    assert [place - 11 for place, mark in enumerate(lines[-1]) if mark == "^"] == [10, 20]


@pytest.mark.parametrize(("name", "start"), [("run.png", b"\x89PNG"), ("run.svg", b"<?xml")])
def test_pictures(tmp_path: Path, name: str, start: bytes) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / name
    document = json.loads(to_json(full_report()))
    check_figure(path)
    write_figure(path, document, document)
    assert path.read_bytes().startswith(start)


def test_another_kind_of_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"neither \.png nor \.svg"):
        check_figure(tmp_path / "run.gif")
    with pytest.raises(UsageProblem, match="no directory"):
        check_figure(tmp_path / "gone" / "run.png")


def test_without_matplotlib_the_extra_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="matplotlib") as raised:
        check_figure(tmp_path / "run.png", lambda _name: None)
    assert "streamscore[plots]" in raised.value.hint
