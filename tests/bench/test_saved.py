"""Reports as files, and one run beside another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamscore_cli.bench.report import BenchReport
from streamscore_cli.bench.saved import compared, differences, figure, read_saved
from streamscore_cli.core.errors import UsageProblem
from streamscore_cli.ui.json_text import to_json
from tests.bench.reports import LATENCY, full_report


def document(report: BenchReport) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(to_json(report))
    return found


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(to_json(full_report()))
    found = read_saved(file)
    assert found == document(full_report())
    assert figure(found, "latency_ms.p99_9") == 15.0
    assert figure(found, "counts.lost") == 10
    assert figure(found, "swapping.outside_ms.p50") is None


def test_ratios_are_now_to_then() -> None:
    now = document(replace(full_report(), latency_ms=replace(LATENCY, p99=9.0), results_per_s=1000.0))
    then = document(replace(full_report(), results_per_s=500.0))
    rows = {row.metric.name: row for row in compared(now, then)}
    assert (rows["p99"].now, rows["p99"].then, rows["p99"].ratio) == (9.0, 6.0, 1.5)
    assert (rows["results/s"].ratio, rows["results/s"].metric.more_is_better) == (2.0, True)
    assert rows["p50"].ratio == 1.0
    assert "outside swaps p50" not in rows


def test_what_was_not_there_before_has_no_ratio() -> None:
    before = full_report()
    then = document(replace(before, counts=replace(before.counts, lost=0)))
    [row] = [row for row in compared(document(before), then) if row.metric.name == "lost"]
    assert (row.now, row.then, row.ratio) == (10, 0, None)


def test_what_is_nothing_in_both_is_left_out_and_what_went_away_is_not() -> None:
    now = replace(full_report(), counts=replace(full_report().counts, lost=0, duplicates=0))
    then = replace(full_report(), counts=replace(full_report().counts, lost=5, duplicates=0))
    names = {row.metric.name: row.ratio for row in compared(document(now), document(then))}
    assert names["lost"] == 0.0
    assert "duplicates" not in names


def test_runs_that_were_asked_for_other_things_say_so() -> None:
    now = full_report()
    then = replace(now, asked=replace(now.asked, rate=None, swap_every_s=5.0))
    assert differences(document(now), document(then)) == ("rate was none and is 2,000", "swap every was 5 and is 10")
    assert differences(document(now), document(now)) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("not json", "it is not JSON"),
        ("[]", "is no saved run"),
        ('{"kind": "other"}', "is no saved run"),
        ('{"kind": "streamscore-bench", "schema": 99}', "schema 99"),
    ],
)
def test_what_is_no_saved_run_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "run.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageProblem, match=said):
        read_saved(file)
