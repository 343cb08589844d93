from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.one_run import Sample, figures_of
from benchmarks.processes import ProcessTree

MIB = 1024 * 1024


def test_rates_are_of_what_came_between_two_looks() -> None:
    samples = [
        Sample(0.0, 0, 0.0, 0.0),
        Sample(5.0, 100, 3.0, 1.0),
        Sample(6.0, 500, 4.0, 1.5),
        Sample(8.0, 1000, 6.0, 2.5),
    ]
    figures = figures_of(samples, 64.0)
    assert figures["records_per_s"] == pytest.approx(900 / 3)
    assert figures["cpu_s_per_million"] == pytest.approx(3.0 / 900 * 1e6)
    assert figures["broker_cpu_s_per_million"] == pytest.approx(1.5 / 900 * 1e6)
    assert figures["second_half_records_per_s"] == pytest.approx(500 / 2)
    assert figures["second_half_cpu_s_per_million"] == pytest.approx(2.0 / 500 * 1e6)
    assert figures["with_start_records_per_s"] == pytest.approx(1000 / 8)
    assert figures["with_start_cpu_s_per_million"] == pytest.approx(6.0 / 1000 * 1e6)
    assert figures["first_result_s"] == 5.0
    assert figures["peak_mib"] == 64.0


def test_a_run_that_came_between_two_looks_is_measured_from_the_look_before() -> None:
    figures = figures_of([Sample(0.0, 0, 0.0, 0.0), Sample(2.0, 0, 1.0, 0.0), Sample(3.0, 100, 1.5, 0.0)], 1.0)
    assert figures["records_per_s"] == pytest.approx(100)


def test_nothing_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no results"):
        figures_of([Sample(0.0, 0, 0.0, 0.0)], 1.0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_process_is_measured_with_its_children() -> None:
    hold = "import sys; kept = bytearray(b'x' * 200 * 1024 * 1024); sum(range(20_000_000)); print('there', flush=True)"
    child = f"{hold}; sys.stdin.read()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        tree = ProcessTree(process.pid)
        assert tree.peak_mib() > 200
        assert tree.resident_mib() > 200
        assert tree.cpu_s() > 0.1
        process.communicate("")
