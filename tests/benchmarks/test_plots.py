from __future__ import annotations

import re
from pathlib import Path

from benchmarks.plots import costs, drawn, latencies, models, rates

ROOT = Path(__file__).resolve().parents[2]


def figures(rate: float, cost: float) -> dict[str, float]:
    """Return what is drawn of a program."""
    return {
        "records_per_s": rate,
        "cpu_s_per_million": cost,
        "second_half_records_per_s": rate,
        "second_half_cpu_s_per_million": cost,
        "peak_mib": 100.0,
    }


KEPT = {
    "medians": {
        "bare forest json": figures(500_000, 2),
        "server forest json": figures(400_000, 3),
        "server forest protobuf": figures(123_456, 1),
        "python forest json": figures(500, 2_000),
    }
}


def test_only_the_cases_of_a_model_and_format_are_drawn() -> None:
    picture = rates("Forest", "forest json")(KEPT)
    assert "400,000/s" in picture
    assert "123,456" not in picture


def test_the_slowest_kind_is_written_where_it_would_hide_the_others() -> None:
    picture = costs("Forest", "forest json")(KEPT)
    assert picture.count("<rect") == 1 + 2
    assert "Python, pypmml 2,000" in picture


def test_a_model_is_shown_as_a_share_of_the_bare_loop_with_its_format() -> None:
    picture = models(KEPT)
    assert "80%, 3.00 s" in picture
    assert picture.count("<rect") == 1 + 1


def test_both_percentiles_of_each_server_are_drawn() -> None:
    picture = latencies({"rate": 2000, "medians": {"server": {"p50_ms": 1.5, "p99_ms": 6.0}}})
    assert "1.50 ms" in picture
    assert "6.00 ms" in picture


def test_the_page_shows_every_picture_and_no_other() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(plots/([\w-]+)\.svg\)", page)) == {file.stem for file in drawn()}
