"""What a report says about itself: where the bench was the limit, and what its figures leave out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamscore_cli.bench.plan import LoadPlan
from streamscore_cli.bench.report import BenchReport
from streamscore_cli.bench.summary import Made, with_notes
from tests.bench.reports import LATENCY, full_report

PLAN = LoadPlan(2000.0, 30.0, None, 5.0, 10.0)
MADE = Made("1a2b3c4d", 0, "models_data", "models_scores", PLAN, None, reads_letters=True)
CLEAN = replace(
    full_report(), counts=replace(full_report().counts, lost=0, dead_letters=0, answered=70_000), first_dead_letter=""
)


def notes(report: BenchReport, made: Made = MADE) -> str:
    return "\n".join(with_notes(report, made).notes)


def test_a_run_as_it_should_be_has_no_note() -> None:
    assert notes(CLEAN) == ""


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (replace(CLEAN, sent_per_s=1500.0), "reached 1,500 records/s of 2,000"),
        (replace(CLEAN, sender_lag_ms=replace(LATENCY, p99=3.0)), "late, by 3 ms at p99"),
        (replace(CLEAN, sender_busy=0.97), "sending took 97% of a core"),
        (replace(CLEAN, receiver_busy=0.9), "receiving 90%"),
        (replace(CLEAN, latency_ms=replace(LATENCY, count=500)), "500 records are too few"),
        (replace(CLEAN, asked=replace(CLEAN.asked, rate=None)), "time in queues"),
        (replace(CLEAN, counts=replace(CLEAN.counts, foreign=3)), "3 messages on models_scores"),
        (full_report(), "the first dead letter: undecodable: 4 bytes"),
        (full_report(), "10 records still had none: lost."),
    ],
)
def test_what_should_be_known_is_said(report: BenchReport, said: str) -> None:
    assert said in notes(report)


def test_where_no_dead_letters_can_be_it_is_said_of_losses() -> None:
    assert "no topic of dead letters" in notes(full_report(), replace(MADE, reads_letters=False))
    assert "no topic of dead letters" not in notes(full_report())
